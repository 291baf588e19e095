"""Rules of another package: what Acme wants of every framing."""

from truenorth.audit import Hit, rule


@rule("ACME001", "no-cost-centre", severity="warn")
def no_cost_centre(subject):
    """The sponsor is no cost centre of Acme.

    What it checks:
        `business.sponsor` begins with `CC-`.

    Why it hurts:
        Nobody at Acme pays without one.

    Example:
        `sponsor: finance` fires; `sponsor: CC-4711 finance` is silent.

    How to fix:
        Ask finance for the number.
    """
    sponsor = subject.framing.business.sponsor or ""
    if not sponsor.startswith("CC-"):
        yield Hit(
            path=("business", "sponsor"),
            evidence=f"expected a cost centre, got {sponsor or 'none'}.",
            fix="sponsor: CC-4711 finance",
        )


RULES = (no_cost_centre,)
