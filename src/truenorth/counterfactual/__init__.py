"""What would have happened: other policies, from logs alone, and where the log has nothing to say.

Arrays in, frozen results out; no table, no framing. Start with `log.Log` (decisions and their candidates) and
`study.Study` (scores and the outcome that they are meant to serve), then the verb. What can go wrong is a
finding with a code, `STRESS001` and on; what cannot be answered is refused, with what to log instead.

    stress.stress                    the KPI as each proxy is optimised harder, and where the two part
    value.off_policy_value           what another policy would have been worth
    weights.choose_weights           score weights without retraining
    proxies.vet_proxies              which proxies foretold the KPI in past experiments
    positions.position_propensities  how often a place in a list is looked at
    trust.trust_in_places            how many clicks a place draws whatever stands there

    whatif.what_if                   a scenario: what if candidates learn to look better than they are

    prepare, logging_audit, propensities, pitfalls    what is checked first, and what is refused
    policies, estimators, effects, outcome, tuning    tilts and best of n; lifts by decision and by unit
    support, bands, verdict                           where the log ends; all depths at once; the verdict
    trace, curve, report, sentences                   one proxy from no pressure to the end of the support
    shortfall, certificate, confounding, benchmarks, movers, naive, extrapolation    why
    maturity                                          outcomes that are not known yet
    direction, judging                                behind the weights
    effect_model, surrogate                           behind the proxies
    looks, position_labels                            behind the positions
    logger_mixture                                    several loggers as one
    contract                                          options and results
"""

from truenorth.counterfactual.contract import Options, ProxyReport, StressReport
from truenorth.counterfactual.log import Log
from truenorth.counterfactual.logger_mixture import balanced
from truenorth.counterfactual.maturity import Matured, matured, soft_target_loss
from truenorth.counterfactual.position_labels import check_position_training
from truenorth.counterfactual.positions import PositionsReport, position_propensities
from truenorth.counterfactual.proxies import ProxiesReport, vet_proxies
from truenorth.counterfactual.stress import stress
from truenorth.counterfactual.study import Provenance, Study
from truenorth.counterfactual.support import STRICT, SupportRule
from truenorth.counterfactual.surrogate import Arm, BackCast, back_cast, index_effect
from truenorth.counterfactual.trust import TrustReport, trust_in_places
from truenorth.counterfactual.value import PolicyValue, off_policy_value
from truenorth.counterfactual.weights import WeightOptions, WeightsReport, choose_weights
from truenorth.counterfactual.whatif import Scenario, what_if

__all__ = [
    "STRICT",
    "Arm",
    "BackCast",
    "Log",
    "Matured",
    "Options",
    "PolicyValue",
    "PositionsReport",
    "Provenance",
    "ProxiesReport",
    "ProxyReport",
    "Scenario",
    "StressReport",
    "Study",
    "SupportRule",
    "TrustReport",
    "WeightOptions",
    "WeightsReport",
    "back_cast",
    "balanced",
    "check_position_training",
    "choose_weights",
    "index_effect",
    "matured",
    "off_policy_value",
    "position_propensities",
    "soft_target_loss",
    "stress",
    "trust_in_places",
    "vet_proxies",
    "what_if",
]
