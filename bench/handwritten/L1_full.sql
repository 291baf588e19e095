-- L1 with every column that True North writes: keys, state, maturity, event times, weight. as_of is 2026-03-02.
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
    ), labelled AS (
        SELECT shown.*, click_at, t + 3600000000 < 1772409600000000 AS mature
        FROM shown LEFT JOIN found USING (impression)
    )
    SELECT
        impression AS example_id, user, item, make_timestamp(t) AS at, user AS unit, NULL::VARCHAR AS "group", NULL::VARCHAR AS decision, NULL::DOUBLE AS position, TRUE AS shown, NULL::VARCHAR AS action,
        NULL::DOUBLE AS propensity, NULL::BOOLEAN AS explored, NULL::VARCHAR AS split,
        1.0::DOUBLE AS weight,
        CASE WHEN mature THEN (click_at IS NOT NULL)::TINYINT END AS click,
        CASE WHEN mature THEN 'observed' ELSE 'immature' END AS click__state,
        make_timestamp(t + 3600000000) AS click__mature_at,
        make_timestamp(click_at) AS click__event_at,
        make_timestamp(click_at) AS click__event_known_at,
        1.0::DOUBLE AS click__weight
    FROM labelled
) TO '$out' (FORMAT parquet)
