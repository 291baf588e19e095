"""The JSON of a run as the workflow writes it, seeded, with every part of the report in it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np


def figure(metric: str, value: float | None, half: float | None = None, **rest: Any) -> dict[str, Any]:
    """Return a figure with a symmetric interval."""
    has_interval = value is not None and half is not None
    return {
        "metric": metric,
        "value": value,
        "low": value - half if has_interval else None,
        "high": value + half if has_interval else None,
        "n": 58_264,
        "n_units": 4_990,
        "matured": 0.997,
        "level": 0.95,
        "method": "clustered bootstrap",
        "note": "",
        **rest,
    }


def full_result() -> dict[str, Any]:
    """Return a run of a card-fraud framing."""
    return {
        "name": "card-fraud",
        "run": "5f0c2a91d3b7",
        "truenorth": "0.1.0",
        "as_of": "2018-09-30",
        "created": "2026-11-20T14:03:22+00:00",
        "seed": 7,
        "framing_hash": "e6555d14d59ee4678de8fc57dd149a0e",
        "gate": "blocked",
        "chosen": "trees",
        "verdict": "model wins",
        "decision": "Send the 100 riskiest payments of a day to review by gradient-boosted trees: it costs "
        "4,210 EUR a day less than the rule on amount.",
        "framing": framing(),
        "primary": figure("average_precision(fraud)", 0.6843, 0.0312),
        "examples": examples(),
        "train": train(),
        "calibrate": {"fraud": calibrated()},
        "policy": policy(),
        "evaluate": evaluate(),
        "not_assessed": [
            {"what": "latency_p99 <= 50ms", "why": "no bundle was served while the run was made"},
            {"what": "external(complaint rate)", "why": "it is measured elsewhere, never in these logs"},
        ],
        "findings": [
            {
                "code": "LEAK004",
                "severity": "warn",
                "where": "framing.yaml:31 sources.customers.static",
                "evidence": "expected dated attributes, got customer_x, customer_y without a date: today's "
                "values are read as if they had always been true.",
                "fix": "bring the dated history of what changes, and keep as static only what never does.",
                "path": [],
            },
            {
                "code": "POLICY034",
                "severity": "info",
                "where": "policy.actions.challenge",
                "evidence": "expected every action to be cheapest somewhere, got challenge nowhere.",
                "fix": "drop it, or correct its cost.",
                "path": [],
            },
        ],
        "seconds": {
            "examples": 21.4,
            "train": 14.2,
            "calibrate": 0.8,
            "decide": 0.4,
            "evaluate": 6.1,
            "document": 0.3,
            "total": 43.2,
        },
        "memory_mb": 3120.0,
        "versions": {"python": "3.11.2", "lightgbm": "4.7.0", "numpy": "2.4.6"},
        "attribution": "Simulated card payments (CC BY-SA 4.0).",
    }


def framing() -> dict[str, Any]:
    """Return the canonical framing."""
    return {
        "framing": 1,
        "name": "card-fraud",
        "business": {
            "goal": "Lose less money to card fraud without turning good customers away",
            "kpi": {
                "name": "net fraud loss",
                "metric": "cost per 1d",
                "unit": "EUR per day",
                "direction": "down",
                "baseline": 9420.0,
                "target": "-30%",
                "timeframe": "90d",
            },
            "decision": "let a payment settle, ask the customer, or hold it for review",
            "users": "card holders, merchants, the fraud team",
            "owner": "payments risk",
            "on_call": "fraud desk",
            "scale": {"decisions_per_day": 9600.0, "peak_per_second": 5.0},
            "latency_p99": "50ms",
        },
        "product": {
            "outcome": "risky payments wait for a person",
            "archetype": "human_in_the_loop",
            "known_risks": ["attackers probe the threshold", "a busy day fills the review queue"],
        },
        "labels": {
            "fraud": {"on": "examples", "when": "TX_FRAUD = 1", "kind": "binary", "gap": "0s"},
            "chargeback": {"source": "chargebacks", "within": "90d", "kind": "binary", "gap": "0s"},
        },
        "proxies": {
            "fraud": {
                "alignment": 4,
                "gaming": 2,
                "coverage": 5,
                "latency": 3,
                "causal": 4,
                "if_pushed": "attackers learn the threshold and pay just below it",
            },
        },
        "objective": {"score": "fraud * amount", "metric": "average_precision(fraud)"},
        "models": {
            "rule": "amount > 220",
            "candidates": ["linear", "trees"],
            "calibrate": {"method": "auto"},
            "choose": "one_standard_error",
        },
        "policy": {
            "actions": {
                "allow": "fraud * amount",
                "challenge": "1 + 0.2 * fraud * amount",
                "review": 5,
                "block": "15 * (1 - fraud)",
            },
            "capacity": {"review": "100 per 1d"},
            "fallback": {"rule": True},
        },
        "constraints": ["share(action = 'block') <= 1%", "recall(fraud) >= 0.6", "latency_p99 <= 50ms"],
        "experiment": {
            "unit": "customer",
            "metric": "kpi",
            "minimum_effect": "5%",
            "stages": [0.01, 0.1, 0.5, 1.0],
            "guardrails": [{"metric": "share(action = 'block')", "margin": "0.2pp"}],
        },
        "waivers": [
            {
                "rule": "LEAK004",
                "reason": "homes move rarely",
                "owner": "payments risk",
                "expires": "2027-03-01",
            }
        ],
        "open_questions": ["Does a challenge drive good customers to another card?"],
    }


def examples() -> dict[str, Any]:
    """Return the counts of an examples table."""
    steps = [
        ("read", 0, 1_754_155),
        ("after as_of", 0, 1_754_155),
        ("where channel = 'online'", 211_020, 1_543_135),
        ("warm-up", 286_940, 1_256_195),
    ]
    lags = {"0.5": 3.1, "0.9": 6.4, "0.95": 6.7, "0.99": 6.9, "1.0": 7.0}
    late = {"0.5": 14.4, "0.9": 33.5, "0.95": 39.4, "0.99": 49.9, "1.0": 77.9}
    return {
        "attrition": [{"step": step, "removed": removed, "left": left} for step, removed, left in steps],
        "labels": {
            "fraud": {
                "observed": 1_140_220,
                "immature": 98_410,
                "undefined": 17_565,
                "distinct": 2,
                "positives": 9_560,
                "mean": 0.00838,
                "days_to_event": lags,
                "days_until_known": lags,
            },
            "chargeback": {
                "observed": 620_110,
                "immature": 636_085,
                "undefined": 0,
                "distinct": 2,
                "positives": 4_102,
                "mean": 0.00661,
                "days_until_known": late,
            },
        },
        "parts": {
            "train": _part(410_220, None, "2018-07-25", "2018-08-01", "2018-05-26"),
            "validation": _part(67_240, "2018-08-01", "2018-08-08", "2018-08-15"),
            "calibration": _part(28_802, "2018-08-15", "2018-08-18", "2018-08-25"),
            "test": _part(58_264, "2018-08-25", "2018-09-01", "2018-09-30"),
            "none": {
                "rows": 691_669,
                "first_at": "2018-05-01 00:00:00+00",
                "last_at": "2018-09-29 23:59:00+00",
                "planned": None,
                "embargo": 98_410,
                "labels": {},
            },
        },
    }


def _part(rows: int, start: str | None, end: str, as_of: str, first: str | None = None) -> dict[str, Any]:
    return {
        "rows": rows,
        "first_at": f"{first or start} 00:00:41.2+00",
        "last_at": f"{end} 23:58:18.6+00",
        "planned": {"start": start, "end": end, "as_of": as_of},
        "embargo": 0,
        "labels": {},
    }


def train() -> dict[str, Any]:
    """Return the ladder and what the chosen models look at."""
    rungs = [
        ("rule", 0.184, 0.016, 0.0, 0.4, 312),
        ("linear", 0.566, 0.034, 4.2, 1.1, 48_200),
        ("trees", 0.681, 0.031, 9.7, 12.4, 3_456_000),
        ("trees, tuned", 0.684, 0.031, 41.0, 19.9, 5_120_000),
    ]
    features = [
        "terminal_risk_7d",
        "amount",
        "terminal_risk_30d",
        "spend_30d",
        "terminal_risk_1d",
        "spend_7d",
        "amount_ratio",
        "payments_1d",
        "at_night",
        "distance",
        "payments_30d",
        "at_weekend",
    ]
    return {
        "ladder": [
            {
                "name": name,
                "value": value,
                "low": value - half,
                "high": value + half,
                "gap": 0.684 - value,
                "versus_rule": None if name == "rule" else [value - 0.184, value - 0.214, value - 0.154],
                "gap_standard_error": None if name == "trees, tuned" else 0.006,
                "seconds": seconds,
                "us_per_row": us,
                "bytes": size,
                "chosen": name == "trees",
            }
            for name, value, half, seconds, us, size in rungs
        ],
        "notes": ["calibrated on calibration rows; the policy was set on validation rows"],
        "sentence": "Trees are 0.003 below the best, within one standard error of 0.006; nothing simpler is.",
        "tasks": {
            "fraud": {
                "form": "trees",
                "summary": {"rounds": 212},
                "contributions": [
                    {"feature": f, "mean_absolute": 0.9 * 0.72**i} for i, f in enumerate(features)
                ],
            }
        },
        "rules": [
            {"name": "large_amount", "hits": 1_204, "precision": 0.31, "action": "review"},
            {"name": "hot_terminal", "hits": 0, "precision": None, "action": "block"},
        ],
    }


def calibrated() -> dict[str, Any]:
    """Return CORP curves with their band, of rare events."""
    rng = np.random.default_rng(3)
    predicted = np.sort(np.concatenate([rng.beta(0.6, 60, 24), np.linspace(0.05, 0.95, 14)]))
    n = np.concatenate([np.full(24, 1_150), np.full(14, 60)])
    return {
        "method": "beta",
        "n_test": 58_264,
        "before": {"log_loss": 0.0219, "brier": 0.00412, "calibration_error": 0.0031},
        "after": {"log_loss": 0.0207, "brier": 0.00401, "calibration_error": 0.0008},
        "reliability": {
            "before": _curve(rng, predicted, predicted**0.75, n),
            "after": _curve(rng, predicted, predicted, n),
        },
    }


def _curve(rng: np.random.Generator, predicted: Any, rate: Any, n: Any) -> list[dict[str, float]]:
    error = np.sqrt(predicted * (1 - predicted) / n)
    observed = np.maximum.accumulate(np.clip(rate + rng.normal(0, error), 0, 1))
    return [
        {
            "predicted": float(p),
            "observed": float(o),
            "low": float(max(0, p - 1.65 * e)),
            "high": float(min(1, p + 1.65 * e)),
            "n": float(m),
        }
        for p, o, e, m in zip(predicted, observed, error, n, strict=True)
    ]


def policy() -> dict[str, Any]:
    """Return a fitted policy."""
    return {
        "form": "actions",
        "sentence": "Each payment gets its cheapest action; reviews go to those worth most.",
        "prices": {"review": {"price": 38.4, "wanted": 412.5, "used": 100.0}},
        "envelope": [["allow", 0.0123], ["review", 0.6875], ["block", 1.0]],
        "shares": {"allow": 0.983, "challenge": 0.0, "review": 0.0125, "block": 0.0045},
        "curves": {"allow": {"x": [0.0, 1.0], "y": [0.0, 100.0]}},
        "n_rows": 67_240,
        "findings": [],
    }


def evaluate() -> dict[str, Any]:
    """Return the figures of the test rows."""
    shares = np.geomspace(0.001, 0.3, 40)
    cost = 9_420 - 5_200 * (1 - np.exp(-shares / 0.012)) + 21_000 * shares
    days = [date(2018, 8, 25) + timedelta(days=i) for i in range(7)]
    precision = [0.66, 0.71, 0.69, 0.64, 0.70, 0.72, 0.67]
    return {
        "primary": figure("average_precision(fraud)", 0.6843, 0.0312),
        "metrics": [
            _row("average_precision(fraud)", (0.6843, 0.0312), (0.1841, 0.0162), (0.5002, 0.0281)),
            _row("roc_auc(fraud)", (0.8812, 0.0124), (0.6421, 0.0156), (0.2391, 0.0171)),
            _row("cost per 1d", (4_180.0, 390.0), (8_390.0, 510.0), (-4_210.0, 420.0)),
            _row("recall(fraud)", (0.5712, 0.041), (0.2207, 0.03), (0.3505, 0.0405)),
            {
                "metric": "mean(chargeback)",
                "rule": None,
                "difference": None,
                "model": figure(
                    "mean(chargeback)",
                    None,
                    n=0,
                    n_units=0,
                    matured=0.0,
                    note="no row of the test period is mature",
                ),
            },
        ],
        "slices": {
            "at_night": {
                "true": {
                    "average_precision(fraud)": figure("average_precision(fraud)", 0.7211, 0.081, n=4_102)
                },
                "false": {"average_precision(fraud)": figure("average_precision(fraud)", 0.676, 0.034)},
            },
            "country": {
                country: {"average_precision(fraud)": figure("average_precision(fraud)", value, half, n=n)}
                for country, value, half, n in [
                    ("FR", 0.69, 0.05, 21_400),
                    ("DE", 0.67, 0.06, 18_210),
                    ("NL", 0.71, 0.09, 8_740),
                    ("MT", None, None, 41),
                ]
            },
        },
        "over_time": [
            {
                "start": str(day),
                "metric": "average_precision(fraud)",
                "figure": figure("average_precision(fraud)", value, 0.06, n=8_300),
            }
            for day, value in zip(days, precision, strict=True)
        ],
        "constraints": [
            {
                "constraint": "share(action = 'block') <= 1%",
                "bound": 0.01,
                "status": "met",
                "note": "",
                "figure": figure("share(action = 'block')", 0.0041, 0.0006),
            },
            {
                "constraint": "recall(fraud) >= 0.6",
                "bound": 0.6,
                "status": "violated",
                "note": "",
                "figure": figure("recall(fraud)", 0.5512, 0.031),
            },
            {
                "constraint": "latency_p99 <= 50ms",
                "bound": 50.0,
                "status": "not assessed",
                "note": "",
                "figure": figure(
                    "latency_p99", None, n=0, n_units=0, matured=None, note="nothing was served"
                ),
            },
        ],
        "cost_curve": [
            {"share": float(s), "cost": float(c), "low": float(c - 380), "high": float(c + 380)}
            for s, c in zip(shares, cost, strict=True)
        ],
        "chosen_point": {"share": 0.0104, "cost": 6_450.0, "rule": {"share": 0.021, "cost": 8_390.0}},
        "confusion": [
            {"action": action, "outcome": outcome, "n": n, "cost": money, "priced": n}
            for action, outcome, n, money in [
                ("allow", "fraud", 201, 12_840.0),
                ("allow", "no fraud", 57_101, 0.0),
                ("review", "fraud", 248, 1_240.0),
                ("review", "no fraud", 452, 2_260.0),
                ("block", "fraud", 180, 0.0),
                ("block", "no fraud", 82, 1_230.0),
            ]
        ],
        "tests": {},
    }


def _row(
    metric: str, model: tuple[float, float], rule: tuple[float, float], gap: tuple[float, float]
) -> dict[str, Any]:
    return {
        "metric": metric,
        "model": figure(metric, *model),
        "rule": figure(metric, *rule),
        "difference": figure(metric, *gap, method="paired clustered bootstrap"),
    }


HOSTILE = (
    "</script><script>window.stolen=1</script><img src=x onerror=window.stolen=1>"
    "{{7*7}}&amp;\u2028\u202e|*_`\"'\\[a](javascript:0)"
)
_NAMES = frozenset("actions proxies labels slices tasks country parts capacity".split())
_STRUCTURE = frozenset("start end as_of first_at last_at status severity gate kind created chosen".split())


def hostile_result() -> dict[str, Any]:
    """Return the full run with hostile text in every place that holds text, and in the names of things."""
    poisoned: dict[str, Any] = _poisoned(full_result(), ("",))
    return poisoned


def _poisoned(value: Any, path: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        ending = HOSTILE if path[-1] in _NAMES else ""
        return {f"{key}{ending}": _poisoned(one, (*path, key)) for key, one in value.items()}
    if isinstance(value, list):
        return [_poisoned(one, path) for one in value]
    if isinstance(value, str) and path[-1] not in _STRUCTURE:
        return value + HOSTILE + "x" * 300
    return value
