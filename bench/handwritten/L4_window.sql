-- L4 as UNION ALL and RANGE windows: linear in the log whatever the repeats of a key.
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
    )
    SELECT
        impression, make_timestamp(t) AS shown_at,
        click_at IS NOT NULL AS click, make_timestamp(click_at) AS click__event_at,
        long_at IS NOT NULL AS long_dwell, make_timestamp(long_at) AS long_dwell__event_at,
        n_day AS actions_1d, make_timestamp(day_at) AS actions_1d__event_at,
        week_at IS NOT NULL AS click_week, make_timestamp(week_at) AS click_week__event_at
    FROM windowed WHERE impression IS NOT NULL
) TO '$out' (FORMAT parquet)
