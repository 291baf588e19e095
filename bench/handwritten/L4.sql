-- Four labels by (user, item), windows (t, t + W]: a click and a long dwell within 1h, actions in 24h, a click in 7d.
-- One range join over the longest window, grouped before it is joined back.
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
    )
    SELECT
        impression, shown_at,
        click_at IS NOT NULL AS click, make_timestamp(click_at) AS click__event_at,
        long_at IS NOT NULL AS long_dwell, make_timestamp(long_at) AS long_dwell__event_at,
        coalesce(n_day, 0) AS actions_1d, make_timestamp(day_at) AS actions_1d__event_at,
        week_at IS NOT NULL AS click_week, make_timestamp(week_at) AS click_week__event_at
    FROM '$data/impressions.parquet' LEFT JOIN found USING (impression)
) TO '$out' (FORMAT parquet)
