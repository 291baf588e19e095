"""The closed description of the feed world, written from the constants that the simulation uses."""

# ruff: noqa: E501 (a document is written here, and its lines are as long as it wants)

from __future__ import annotations

from truenorth.worlds import feed_exposure as exposure
from truenorth.worlds import feed_population as population
from truenorth.worlds import feed_response as response
from truenorth.worlds.stream import DAILY_RHYTHM

_LAWS = "\n".join(
    f"| {action} | {law.intercept:g} | {law.quality:+g} | {law.bait:+g} | {law.affinity:+g} | "
    + (f"min(exponential with mean {law.delay_seconds:g}, {law.limit_seconds:g}) s after looking |"
       if law.delay_seconds else "uniform while looking |")
    for action, law in response.RESPONSES.items()
)  # fmt: skip
_VIEW, _WORTH, _SCORE = response.VIEW_LOG_SECONDS, response.WORTH, exposure.SCORE_WEIGHTS

DESCRIPTION = f"""\
Population
- Users: language {", ".join(population.LANGUAGES)} with shares {", ".join(f"{s:g}" for s in population.LANGUAGE_SHARES)}; \
interest in each of {len(population.TOPICS)} topics N(0, 1); return intercept r ~ N(-0.3, 0.8); daily probability d ~ Beta(2, 3); \
joined uniformly 1 to {population.ACCOUNT_AGE_DAYS} days before the start.
- Items: one creator per {population.ITEMS_PER_CREATOR} items (at least one), drawn uniformly; the creator's language; a uniform topic; \
published at even spacing from {population.ITEM_LIFE_DAYS} days before the start to the end.
- Hidden quality q and bait b of an item: each {population.CREATOR_WEIGHT:g} C + sqrt(1 - {population.CREATOR_WEIGHT:g}^2) e, \
with C ~ N(0, 1) of the creator and e ~ N(0, 1) of the item; q and b are independent. \
b is then multiplied by the parameter `bait`.
- Affinity a = {population.AFFINITY_OF_INTEREST:g} interest[topic] - {population.FOREIGN_PENALTY:g} [languages differ].

Visits
- Week 0: active with probability logistic(r + 1). Later weeks: see Return. Weeks start on Monday 00:00 UTC.
- In an active week a user comes on one uniform sure day, and on each other day with probability d; \
1 + Poisson({exposure.MORE_VISITS:g}) visits on such a day, at hours of the day (from 0, UTC) in proportion to {", ".join(f"{h:g}" for h in DAILY_RHYTHM)}, uniform within the hour.
- A visit is one session and one request, {exposure.LOAD_SECONDS[0]:g} to {exposure.LOAD_SECONDS[1]:g} s after its start, uniform.

Exposure
- Pool of a day: items published in the {population.ITEM_LIFE_DAYS} days before it. Each place has its own candidates, \
at rank floor(n u^{exposure.RECENCY:g}) from the newest, u uniform; an item that repeats in a request is drawn again.
- logged_score = {_SCORE["quality"]:g} q + {_SCORE["bait"]:g} b + {_SCORE["affinity"]:g} a - {-_SCORE["age_days"]:g} age in days \
+ N(0, {exposure.SCORE_NOISE:g}).
- Each place shows one of its candidates, independently: with probability `exploration` uniformly (arm = random), \
else by softmax(logged_score / temperature) (arm = policy).
- logged_probability = (1 - exploration) softmax + exploration / candidates, whatever the arm; it adds to one in (request_id, slot).

Response at place k
- Reached with probability k^-{response.REACH_EXPONENT:g}, each place on its own. What is not reached has viewport_seconds 0 and no reaction.
- viewport_seconds = min(exp({_VIEW["intercept"]:g} + {_VIEW["quality"]:g} q - {-_VIEW["bait"]:g} b + {_VIEW["affinity"]:g} a \
+ N(0, {_VIEW["noise"]:g})), {response.VIEW_TOTAL_SECONDS:g} / slots - {response.BETWEEN_LOOKS_SECONDS:g}), rounded to ms. \
The first look starts {response.FIRST_LOOK_SECONDS:g} s after the request, the next {response.BETWEEN_LOOKS_SECONDS:g} s after the last one's end.
- Reactions where reached, independent given the item: logistic(c + q-weight q + b-weight b + a-weight a):

| action | c | q | b | a | time |
|---|---|---|---|---|---|
{_LAWS}

- scroll_past: reached and viewport_seconds < {response.QUICK_SKIP_SECONDS:g}, at the end of the look. \
With probability {response.ACCIDENTAL_LIKE:g} a like by mistake follows within 0.05 to 1.95 s.
- received_at = acted_at + lognormal(mean log 2 s, deviation {response.DELAY_LOG_SECONDS[1]:g}); a share `late_share` uniform in 0 to 2 days; never more. A share `duplicate_share` of the rows stands in the log twice.

Return
- Satisfaction of an item that is reached: s = {_WORTH["intercept"]:g} + {_WORTH["quality"]:g} q + {_WORTH["affinity"]:g} a \
- {-_WORTH["regret"]:g} max(b - {response.REGRET_FROM:g}, 0)^2; else 0.
- Active in the next week with probability logistic(r + {response.RETURN_SLOPE:g} S), S the mean of s over the items that were reached this week (0 if none); \
the argument is clipped to +-{response.RETURN_LIMIT:g}. The KPI, weekly return, is the share of active users who are active in the next week.

Record
- The log holds what was received before the end: actions by received_at, sessions one hour after their start, \
viewport_seconds and scroll_past_at ten minutes after the request (NULL otherwise). The rest is in truth/unreceived_*.parquet and truth/impressions.
"""
