"""Seeded makers of column values: each takes a generator and the row, and returns one value.

Nothing here is about a person: names are combined at random, numbers are drawn and given the check digits
that real ones have.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable
from random import Random
from typing import Any

Maker = Callable[[Random, int], Any]

GIVEN = (
    "Anna Peter Maria James Olivia Noah Fatima Wei Sofia Lucas Emily Daniel Chloe Ahmed Priya Kenji Laura "
    "Thomas Ingrid Mateo Grace Henry Zoe Samuel Nina Oscar Leila Victor Hannah Robert Linda Michael Susan "
    "Carlos Yuki Aisha Patrick Elena Marcus Joan Dmitri Siobhan Kwame Bjorn Rosalind Teodor Marisol Desmond"
).split()
SURNAMES = (
    "Smith Johnson Garcia Miller Davis Martinez Lopez Wilson Nguyen Patel Kim Khan Schmidt Rossi Silva Novak "
    "Okafor Tanaka Ivanova Andersson Brown Clark Lewis Walker Hall Young King Wright Scott Green Baker Adams "
    "Fischer Weber Moreau Kowalski Haugen O'Brien Petrov Yilmaz Castellano Abernathy Lindqvist Mbeki"
).split()
CITIES = (
    "Chicago|Houston|Phoenix|Dallas|Austin|Denver|Seattle|Boston|Portland|Berlin|Munich|Hamburg|Paris|Lyon|"
    "Madrid|Barcelona|London|Leeds|Toronto|Vancouver|Sydney|Melbourne|Tokyo|Osaka|San Diego|San Jose|Tulsa|"
    "Omaha|Fresno|Tucson|Rome|Milan|Vienna|Zurich|Oslo|Bergen|Ghent|Porto|Springfield|Dayton"
).split("|")
STREETS = "Main Oak Maple Cedar Elm Washington Lake Hill Park Pine Walnut Sunset River Church Mill".split()
AREA_CODES = (
    "212 213 312 415 617 702 303 206 503 512 602 713 214 305 404 919 704 615 314 816 913 402 515 608 414 313 "
    "216 614 412 215 202 301 410 804 757 843 904 407 813 504 901 205 334 505 801 208 406 307 701 605"
).split()
PRODUCTS = (
    "Steel Kettle|Walnut Desk|Running Shoe|Rain Jacket|Desk Lamp|Travel Mug|Yoga Mat|Phone Case|Garden Hose|"
    "Coffee Grinder|Oak Shelf|Wool Blanket|Office Chair|Water Bottle|Ceramic Bowl|Leather Belt|Tent Peg|"
    "Bike Light|Bread Knife|Picture Frame"
).split("|")
STATES = (
    "Alabama Alaska Arizona California Colorado Florida Georgia Illinois Nevada Ohio Oregon Texas Utah"
).split()
SENTENCES = (
    "Great value, arrived two days early|Would not buy again, the handle broke|My daughter loves it|"
    "Colour differs from the picture but fits|Five stars, will recommend to friends|"
    "Too loud for a small flat|Works as described after a firmware update|"
    "Packaging was damaged, item was fine|Solid build, fair price|Returned it after a week"
).split("|")
VIN_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"


def fill(*templates: str) -> Maker:
    r"""Fill `#` digit, `N` 2-9, `@` capital, `~` small, `^` hex, `%` letter or digit; `\` keeps the next."""
    sets = {
        "#": "0123456789", "N": "23456789", "^": "0123456789abcdef",
        "@": "ABCDEFGHJKLMNPQRSTUVWXYZ", "~": "abcdefghijklmnopqrstuvwxyz",
        "%": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
    }  # fmt: skip

    def make(random: Random, row: int) -> str:
        made, literal = [], False
        for letter in random.choice(templates):
            if letter == "\\" and not literal:
                literal = True
                continue
            made.append(letter if literal or letter not in sets else random.choice(sets[letter]))
            literal = False
        return "".join(made)

    return make


def pick(*words: Any) -> Maker:
    return lambda random, row: random.choice(words)


def whole(low: int, high: int) -> Maker:
    return lambda random, row: random.randint(low, high)


def skewed(scale: float) -> Maker:
    """Counts with a long tail."""
    return lambda random, row: int(random.expovariate(1 / scale))


def real(low: float, high: float, digits: int) -> Maker:
    return lambda random, row: round(random.uniform(low, high), digits)


def normal(mean: float, sd: float, digits: int) -> Maker:
    return lambda random, row: round(random.gauss(mean, sd), digits)


def lognormal(mean: float, sd: float, digits: int) -> Maker:
    return lambda random, row: round(random.lognormvariate(mean, sd), digits)


def rising(start: int, step: int) -> Maker:
    """Numbers that grow row by row, as keys and clocks do."""
    return lambda random, row: start + row * step + random.randint(0, max(step - 1, 0))


def text(maker: Maker, form: str = "{}") -> Maker:
    return lambda random, row: form.format(maker(random, row))


def mostly(maker: Maker, other: Maker, share: float) -> Maker:
    return lambda random, row: (maker if random.random() < share else other)(random, row)


def repeated(maker: Maker, n_distinct: int) -> Maker:
    """The values of few entities, as a log repeats them."""

    def make(random: Random, row: int) -> Any:
        which = random.randrange(n_distinct)
        return maker(Random(which), which)

    return make


def person(form: str = "{given} {surname}") -> Maker:
    def make(random: Random, row: int) -> str:
        return form.format(
            given=random.choice(GIVEN), surname=random.choice(SURNAMES), middle=random.choice("ABCDEFGHJKLM")
        )

    return make


def upper(maker: Maker) -> Maker:
    return lambda random, row: str(maker(random, row)).upper()


def day(first: int, last: int, form: str | None = "%Y-%m-%d") -> Maker:
    """A date between two years; a `date` where there is no form."""

    def make(random: Random, row: int) -> Any:
        start = dt.date(first, 1, 1)
        at = start + dt.timedelta(days=random.randrange((dt.date(last, 12, 31) - start).days))
        return at if form is None else at.strftime(form)

    return make


def moment(first: int, last: int, form: str | None = None) -> Maker:
    """A time between two years; a `datetime` where there is no form."""

    def make(random: Random, row: int) -> Any:
        start = dt.datetime(first, 1, 1)
        at = start + dt.timedelta(seconds=random.randrange((last - first + 1) * 365 * 86_400))
        return at if form is None else at.strftime(form)

    return make


def phone(form: str) -> Maker:
    """`{a}` is an area code in use, the rest is a template."""
    return lambda random, row: fill(form.format(a=random.choice(AREA_CODES)))(random, row)


def ssn(form: str = "{:03d}-{:02d}-{:04d}") -> Maker:
    def make(random: Random, row: int) -> str:
        area = random.choice([a for a in range(1, 773) if a != 666])
        return form.format(area, random.randint(1, 99), random.randint(1, 9999))

    return make


def as_int(maker: Maker) -> Maker:
    return lambda random, row: int(maker(random, row))


def luhn(prefix: str, length: int, *, valid: bool = True, hidden: str = "") -> Maker:
    """Digits with a Luhn check digit; `hidden` digits are summed but not written."""

    def make(random: Random, row: int) -> str:
        body = prefix + "".join(random.choice("0123456789") for _ in range(length - len(prefix) - 1))
        total = 0
        for place, digit in enumerate(reversed(hidden + body)):
            doubled = int(digit) * (2 if place % 2 == 0 else 1)
            total += doubled - 9 if doubled > 9 else doubled
        check = (10 - total % 10) % 10
        return body + str(check if valid else (check + random.randint(1, 9)) % 10)

    return make


def spaced(maker: Maker, every: int, by: str) -> Maker:
    def make(random: Random, row: int) -> str:
        value = maker(random, row)
        return by.join(value[i : i + every] for i in range(0, len(value), every))

    return make


def iban(country: str, length: int) -> Maker:
    def make(random: Random, row: int) -> str:
        body = "".join(random.choice("0123456789") for _ in range(length - 4))
        digits = "".join(str(int(letter, 36)) for letter in body + country + "00")
        return f"{country}{98 - int(digits) % 97:02d}{body}"

    return make


def vin(*, valid: bool = True) -> Maker:
    values = dict(
        zip("ABCDEFGHJKLMNPRSTUVWXYZ", [*range(1, 9), 1, 2, 3, 4, 5, 7, 9, *range(2, 10)], strict=True)
    )
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)

    def make(random: Random, row: int) -> str:
        body = [random.choice(VIN_LETTERS) for _ in range(17)]
        total = sum(w * int(values.get(c, c)) for w, c in zip(weights, body, strict=True))
        body[8] = "0123456789X"[(total + (0 if valid else random.randint(1, 10))) % 11]
        return "".join(body)

    return make


def dea() -> Maker:
    def make(random: Random, row: int) -> str:
        d = [random.randint(0, 9) for _ in range(6)]
        check = (d[0] + d[2] + d[4] + 2 * (d[1] + d[3] + d[5])) % 10
        return random.choice("ABFM") + random.choice("ABCDEFGHJK") + "".join(map(str, d)) + str(check)

    return make


def nhs() -> Maker:
    def make(random: Random, row: int) -> str:
        while True:
            body = [random.randint(1, 9), *(random.randint(0, 9) for _ in range(8))]
            check = 11 - sum(d * w for d, w in zip(body, range(10, 1, -1), strict=True)) % 11
            if check != 10:
                return "".join(map(str, body)) + str(check % 11)

    return make


def email(domain: str = "example.org") -> Maker:
    def make(random: Random, row: int) -> str:
        given, surname = random.choice(GIVEN).lower(), random.choice(SURNAMES).lower()
        return f"{given}.{surname.replace(chr(39), '')}{row}@{domain}"

    return make


def ip4(form: str = "{}") -> Maker:
    bounds = ((11, 223), (0, 255), (0, 255), (1, 254))
    return lambda random, row: form.format(".".join(str(random.randint(*ends)) for ends in bounds))


def base64_of(n_bytes: int, head: bytes = b"") -> Maker:
    return lambda random, row: base64.b64encode(head + random.randbytes(n_bytes)).decode()


def raw(n_bytes: int, head: bytes = b"") -> Maker:
    return lambda random, row: head + random.randbytes(n_bytes)


def street(form: str = "{n} {street} {kind}") -> Maker:
    def make(random: Random, row: int) -> str:
        return form.format(
            n=random.randint(1, 9800), street=random.choice(STREETS), city=random.choice(CITIES[:24]),
            kind=random.choice(["Street", "Ave", "Road", "St", "Blvd", "Lane", "Drive"]),
            zip=random.randint(10_001, 98_000),
        )  # fmt: skip

    return make


def zip_code() -> Maker:
    """ZIP codes over the whole country, drawn from prefixes in use."""
    prefixes = (
        "010 015 021 030 040 054 060 070 088 100 112 120 146 152 165 191 200 217 223 234 245 276 282 294 300 "
        "314 328 331 350 370 381 402 432 441 452 462 481 490 503 532 549 554 571 583 594 606 617 631 641 661 "
        "681 701 722 731 750 770 787 802 841 852 871 891 900 921 941 958 972 981 992 995"
    ).split()
    return lambda random, row: f"{random.choice(prefixes)}{random.randint(1, 99):02d}"
