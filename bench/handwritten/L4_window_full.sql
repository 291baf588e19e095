-- L4_window with every column that True North writes. as_of is 2026-03-02.
COPY (
    WITH events AS (
        SELECT impression, user, item, epoch_us(shown_at) AS t, NULL::BIGINT AS action_t, NULL::BIGINT AS click_t, NULL::BIGINT AS long_t
        FROM '$data/impressions.parquet'
        UNION ALL
        SELECT
            NULL, user, item, epoch_us(acted_at) AS t, t,
            CASE WHEN action = 'click' THEN t END, CASE WHEN dwell >= 30 THEN t END
        FROM '$data/actions.parquet'
    ), windowed AS (
        SELECT
            impression, user, item, t,
            min(click_t) OVER hour AS click_at, min(long_t) OVER hour AS long_at,
            count(action_t) OVER day AS n_day, min(action_t) OVER day AS day_at,
            min(click_t) OVER week AS week_at
        FROM events
        WINDOW
            hour AS (PARTITION BY user, item ORDER BY t RANGE BETWEEN 1 FOLLOWING AND 3600000000 FOLLOWING),
            day AS (PARTITION BY user, item ORDER BY t RANGE BETWEEN 1 FOLLOWING AND 86400000000 FOLLOWING),
            week AS (PARTITION BY user, item ORDER BY t RANGE BETWEEN 1 FOLLOWING AND 604800000000 FOLLOWING)
    ), labelled AS (
        SELECT
            *,
            t + 3600000000 < 1772409600000000 AS hour_mature,
            t + 86400000000 < 1772409600000000 AS day_mature,
            t + 604800000000 < 1772409600000000 AS week_mature
        FROM windowed WHERE impression IS NOT NULL
    )
    SELECT
        impression AS example_id, user, item, make_timestamp(t) AS at, user AS unit, NULL::VARCHAR AS "group", NULL::VARCHAR AS decision, NULL::DOUBLE AS position, TRUE AS shown, NULL::VARCHAR AS action,
        NULL::DOUBLE AS propensity, NULL::BOOLEAN AS explored, NULL::VARCHAR AS split,
        1.0::DOUBLE AS weight,
        CASE WHEN hour_mature THEN (click_at IS NOT NULL)::TINYINT END AS click,
        CASE WHEN hour_mature THEN 'observed' ELSE 'immature' END AS click__state,
        make_timestamp(t + 3600000000) AS click__mature_at,
        make_timestamp(click_at) AS click__event_at,
        make_timestamp(click_at) AS click__event_known_at,
        1.0::DOUBLE AS click__weight,
        CASE WHEN hour_mature THEN (long_at IS NOT NULL)::TINYINT END AS long_dwell,
        CASE WHEN hour_mature THEN 'observed' ELSE 'immature' END AS long_dwell__state,
        make_timestamp(t + 3600000000) AS long_dwell__mature_at,
        make_timestamp(long_at) AS long_dwell__event_at,
        make_timestamp(long_at) AS long_dwell__event_known_at,
        1.0::DOUBLE AS long_dwell__weight,
        CASE WHEN day_mature THEN n_day END AS actions_1d,
        CASE WHEN day_mature THEN 'observed' ELSE 'immature' END AS actions_1d__state,
        make_timestamp(t + 86400000000) AS actions_1d__mature_at,
        make_timestamp(day_at) AS actions_1d__event_at,
        make_timestamp(day_at) AS actions_1d__event_known_at,
        1.0::DOUBLE AS actions_1d__weight,
        CASE WHEN week_mature THEN (week_at IS NOT NULL)::TINYINT END AS click_week,
        CASE WHEN week_mature THEN 'observed' ELSE 'immature' END AS click_week__state,
        make_timestamp(t + 604800000000) AS click_week__mature_at,
        make_timestamp(week_at) AS click_week__event_at,
        make_timestamp(week_at) AS click_week__event_known_at,
        1.0::DOUBLE AS click_week__weight
    FROM labelled
) TO '$out' (FORMAT parquet)
