-- F6 with every column that True North writes: keys, and the own-row label that a framing needs.
COPY (
    WITH events AS (
        SELECT impression, user, item, epoch_us(shown_at) AS t, NULL::TINYINT AS click, NULL::DOUBLE AS dwell, NULL::TINYINT AS action
        FROM '$data/impressions.parquet'
        UNION ALL
        SELECT NULL, user, NULL, epoch_us(acted_at), CASE WHEN action = 'click' THEN 1 END, dwell, 1
        FROM '$data/actions.parquet'
    ), windowed AS (
        SELECT
            impression, user, item, t,
            count(click) OVER week AS clicks_7d, count(click) OVER month AS clicks_30d,
            sum(dwell) OVER week AS dwell_seconds_7d, sum(dwell) OVER month AS dwell_seconds_30d,
            count(action) OVER week AS acts_7d, count(action) OVER month AS acts_30d
        FROM events
        WINDOW
            week AS (PARTITION BY user ORDER BY t RANGE BETWEEN 604800000000 PRECEDING AND 1 PRECEDING),
            month AS (PARTITION BY user ORDER BY t RANGE BETWEEN 2592000000000 PRECEDING AND 1 PRECEDING)
    )
    SELECT
        impression AS example_id, user, item, make_timestamp(t) AS at, user AS unit, NULL::VARCHAR AS "group", NULL::VARCHAR AS decision, NULL::DOUBLE AS position, TRUE AS shown, NULL::VARCHAR AS action,
        NULL::DOUBLE AS propensity, NULL::BOOLEAN AS explored, NULL::VARCHAR AS split,
        1.0::DOUBLE AS weight,
        (item < 10)::TINYINT AS popular, 'observed' AS popular__state, make_timestamp(t) AS popular__mature_at,
        make_timestamp(t) AS popular__event_at, make_timestamp(t) AS popular__event_known_at,
        1.0::DOUBLE AS popular__weight,
        clicks_7d, clicks_30d, dwell_seconds_7d, dwell_seconds_30d, acts_7d, acts_30d
    FROM windowed WHERE impression IS NOT NULL
) TO '$out' (FORMAT parquet)
