-- Six trailing aggregates by user, windows [t - W, t): clicks, seconds of dwell and actions in 7d and in 30d.
-- UNION ALL and RANGE windows over int64 microseconds; an impression counts for nothing.
COPY (
    WITH events AS (
        SELECT impression, user, epoch_us(shown_at) AS t, NULL::TINYINT AS click, NULL::DOUBLE AS dwell, NULL::TINYINT AS action
        FROM '$data/impressions.parquet'
        UNION ALL
        SELECT NULL, user, epoch_us(acted_at), CASE WHEN action = 'click' THEN 1 END, dwell, 1
        FROM '$data/actions.parquet'
    ), windowed AS (
        SELECT
            impression, t,
            count(click) OVER week AS clicks_7d, count(click) OVER month AS clicks_30d,
            sum(dwell) OVER week AS dwell_seconds_7d, sum(dwell) OVER month AS dwell_seconds_30d,
            count(action) OVER week AS acts_7d, count(action) OVER month AS acts_30d
        FROM events
        WINDOW
            week AS (PARTITION BY user ORDER BY t RANGE BETWEEN 604800000000 PRECEDING AND 1 PRECEDING),
            month AS (PARTITION BY user ORDER BY t RANGE BETWEEN 2592000000000 PRECEDING AND 1 PRECEDING)
    )
    SELECT
        impression, make_timestamp(t) AS shown_at,
        clicks_7d, clicks_30d, dwell_seconds_7d, dwell_seconds_30d, acts_7d, acts_30d
    FROM windowed WHERE impression IS NOT NULL
) TO '$out' (FORMAT parquet)
