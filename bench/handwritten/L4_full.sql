-- L4 with every column that True North writes: keys, state, maturity, event times, weight. as_of is 2026-03-02.
COPY (
    WITH shown AS (
        SELECT impression, user, item, epoch_us(shown_at) AS t FROM '$data/impressions.parquet'
    ), actions AS (
        SELECT user, item, action = 'click' AS is_click, dwell >= 30 AS is_long, epoch_us(acted_at) AS t
        FROM '$data/actions.parquet'
    ), found AS (
        SELECT
            shown.impression,
            min(actions.t) FILTER (WHERE is_click AND actions.t <= shown.t + 3600000000) AS click_at,
            min(actions.t) FILTER (WHERE is_long AND actions.t <= shown.t + 3600000000) AS long_at,
            count(*) FILTER (WHERE actions.t <= shown.t + 86400000000) AS n_day,
            min(actions.t) FILTER (WHERE actions.t <= shown.t + 86400000000) AS day_at,
            min(actions.t) FILTER (WHERE is_click) AS week_at
        FROM shown JOIN actions
          ON shown.user = actions.user AND shown.item = actions.item
         AND actions.t > shown.t AND actions.t <= shown.t + 604800000000
        GROUP BY shown.impression
    ), labelled AS (
        SELECT
            shown.*, click_at, long_at, n_day, day_at, week_at,
            t + 3600000000 < 1772409600000000 AS hour_mature,
            t + 86400000000 < 1772409600000000 AS day_mature,
            t + 604800000000 < 1772409600000000 AS week_mature
        FROM shown LEFT JOIN found USING (impression)
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
        CASE WHEN day_mature THEN coalesce(n_day, 0) END AS actions_1d,
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
