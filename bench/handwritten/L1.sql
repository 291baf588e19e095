-- One click label within one hour by (user, item): window (t, t + 1h]. Range join, grouped before it is joined back.
COPY (
    WITH shown AS (
        SELECT impression, user, item, epoch_us(shown_at) AS t FROM '$data/impressions.parquet'
    ), clicks AS (
        SELECT user, item, epoch_us(acted_at) AS t FROM '$data/actions.parquet' WHERE action = 'click'
    ), found AS (
        SELECT shown.impression, min(clicks.t) AS click_at
        FROM shown JOIN clicks
          ON shown.user = clicks.user AND shown.item = clicks.item
         AND clicks.t > shown.t AND clicks.t <= shown.t + 3600000000
        GROUP BY shown.impression
    )
    SELECT impression, shown_at, click_at IS NOT NULL AS click, make_timestamp(click_at) AS click__event_at
    FROM '$data/impressions.parquet' LEFT JOIN found USING (impression)
) TO '$out' (FORMAT parquet)
