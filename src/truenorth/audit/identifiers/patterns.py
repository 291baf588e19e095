"""What single values look like: patterns of identifiers, strict and loose, and tests that need more than one.

A name in capitals is a test by one regular expression. `EMAIL` is strict, it speaks on values alone;
`EMAIL_LIKE` is loose, the column name has spoken and the value only has to be possible.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from truenorth.audit.identifiers import checksums
from truenorth.audit.identifiers.lexicon import (
    AREA_CODES,
    CITIES,
    FIRM_WORDS,
    GIVEN_NAMES,
    SURNAMES,
    UNUSED_ZIP3,
)

Test = Callable[[str], bool]

OLDEST_SHOWN = 89
"""Ages above it are identifiers."""
OLDEST = 125
"""No person is older, in years."""


def matching(pattern: str, flags: int = 0) -> Test:
    """Return the test whether a whole value has a pattern."""
    compiled = re.compile(pattern, flags)
    return lambda text: compiled.fullmatch(text) is not None


def containing(pattern: str) -> Test:
    """Return the test whether a pattern is somewhere in a value."""
    compiled = re.compile(pattern)
    return lambda text: compiled.search(text) is not None


EMAIL = containing(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.)+[A-Za-z]{2,24}\b")
URL = matching(r"(?:(?:https?|ftp)://|www\.)\S+", re.IGNORECASE)
MAC = matching(r"[\da-fA-F]{2}([:-])(?:[\da-fA-F]{2}\1){4}[\da-fA-F]{2}|(?:[\da-fA-F]{4}\.){2}[\da-fA-F]{4}")
MEDICARE = matching(r"\d[A-Z][A-Z\d]\d-?[A-Z][A-Z\d]\d-?[A-Z]{2}\d\d")
RECORD = matching(r"MRN?[-:# ]{0,2}\d{5,12}", re.IGNORECASE)
PHONE_ABROAD = matching(r"\+(?=(?:\D*\d){8,15}\D*$)[1-9][\d() ./-]{7,22}")
PHONE = matching(r"(?:\+?1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[ .-])[2-9]\d\d[ .-]\d{4}(?: ?x\d+)?")
POSTCODE = matching(
    r"\d{5}-\d{4}"
    r"|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}"  # United Kingdom
    r"|[ABCEGHJ-NPR-TVXY]\d[A-Z] ?\d[A-Z]\d"  # Canada
)
STREET = containing(
    r"(?i)^\d{1,5}[a-z]? (?:[^\W\d_.'-]+\.? ){1,4}"
    r"(?:street|st|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|dr|court|ct|place|pl|way|terrace)\b"
    r"|^[^\W\d_ -]+(?:straße|strasse|str\.|weg|allee|gasse) ?\d|^p\.? ?o\.? box \d"
    r"|^\d.* (?:apt|suite|flat|unit)\.? \w{1,5}(?:,|$)|^\d.*, [a-z]{2} \d{5}(?:-\d{4})?$"
)
NUMBERED = matching(r"\d{1,5} [A-Z][a-z]+ [A-Z][a-z]+(?: [A-Z][a-z]+)?")
COUNTY = matching(r"[A-Z][\w. -]+ (?:County|Parish|Borough)")
IMAGE = containing(r"^(?:data:image/|/9j/|iVBORw0KGgo|R0lGOD|UklGR)")

NAME_LIKE = matching(r"[^\W\d_][^\W\d_ .,'\u2019-]*(?:[ .,'\u2019-]{1,2}[^\W\d_]+){0,5}\.?")
PHONE_LIKE = matching(r"(?=(?:\D*\d){6})\+?[\d() ./x-]{6,24}")
FILE_LIKE = containing(r"(?i)\.(?:jpe?g|png|gif|webp|heic|bmp|tiff?)$|^\S{40,}$")
POSTCODE_LIKE = matching(r"(?=.*\d)[A-Za-z\d][A-Za-z\d -]{3,9}")
WORD_LIKE = containing(r"[^\W\d_]{2}")
AREA_LIKE = matching(r"(?=.*\d)[\w.-]{4,20}")
COORDINATE_LIKE = matching(r"-?\d{1,3}\.\d{3,}")
EMAIL_LIKE = containing(r"\S@\S")
SSN_LIKE = matching(r"(?=(?:[^\dX*]*[\dX*]){4})[\w*. -]{4,20}")
URL_LIKE = matching(r"[^\s.]+\.[^\s.]{2,}\S*")
TEMPLATE_LIKE = matching(r"\S{16,}")

_day = matching(
    r"(?:19|20)\d\d[-/.]?(?:0[1-9]|1[0-2])[-/.]?(?:0[1-9]|[12]\d|3[01])"
    r"|\d{1,2}[-/. ]\d{1,2}[-/. ](?:19|20)\d\d"
    r"|\d{1,2}[-/. ][A-Z][a-z]{2,8}\.?[-/. ](?:19|20)\d\d"
    r"|[A-Z][a-z]{2,8}\.? \d{1,2},? (?:19|20)\d\d"
)
_moment = containing(r"^(?:19|20)\d\d-\d\d-\d\d[T ]\d\d:\d\d")
_short_day = matching(r"\d{1,2}[-/.]\d{1,2}(?:[-/.]\d\d)?")
_zip_digits = matching(r"\d{5}")
_phone_digits = matching(r"1?[2-9]\d\d[2-9]\d{6}")
_word = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
_person_shape = matching(
    r"(?:(?:Dr|Mr|Mrs|Ms|Prof)\.? )?[^\W\d_][^\W\d_'\u2019.-]*"
    r"(?:,? [^\W\d_]+(?:['\u2019.-][^\W\d_]*)?){0,3}"
)
_code_shape = matching(r"(?=(?:[^\dX*]*[\dX*]){3})[\w*-]+(?:[ /][\w*-]+){0,4}")
_token = matching(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z\d_-]{6,128}")
_quantity = matching(
    r"v?\d+[A-Za-z]{1,4}|\d+(?:x\d+)+|\d{4}-W\d\d|P?T?(?:\d+[A-Za-z]{1,3}){1,4}|[A-Za-z]+[_-]\d{1,3}"
)


def is_day(text: str) -> bool:
    """Tell whether a value is a date to the day.

    Examples:
        >>> is_day("1984-05-17"), is_day("17.05.1984"), is_day("19840517"), is_day("1984-05"), is_day("1984")
        (True, True, True, False, False)
    """
    return _day(text)


def is_moment(text: str) -> bool:
    """Tell whether a value is a date or a time of a day, as logs write them."""
    return _moment(text) or (not text.isdecimal() and is_day(text))


def is_life_date(text: str) -> bool:
    """Tell whether a value could be the date of an event in a life: to the day, with or without its year."""
    return is_day(text) or _moment(text) or _short_day(text)


def is_ssn_text(text: str) -> bool:
    """Tell whether a value is a social security number in its written form, with separators."""
    return (
        len(text) == 11
        and text[3] == text[6]
        and text[3] in "- "
        and checksums.is_ssn(checksums.compact(text))
    )


def is_ssn_number(text: str) -> bool:
    """Tell whether digits could be a social security number, its leading zeros lost or not."""
    return 7 <= len(text) <= 9 and text.isdecimal() and checksums.is_ssn(text.zfill(9))


def is_zip(text: str) -> bool:
    """Tell whether digits are a ZIP code in use, its leading zeros lost or not.

    Examples:
        >>> is_zip("60614"), is_zip("2139"), is_zip("00412"), is_zip("606")
        (True, True, False, False)
    """
    digits = text.zfill(5) if len(text) == 4 else text
    return _zip_digits(digits) and digits[:3] not in UNUSED_ZIP3


def is_phone_number(text: str) -> bool:
    """Tell whether digits alone are a telephone number of the North American plan with an area code in use.

    Examples:
        >>> is_phone_number("3125550142"), is_phone_number("13125550142"), is_phone_number("1690000431")
        (True, True, False)
    """
    return _phone_digits(text) and text[-10:-7] in AREA_CODES


def is_few_words(text: str) -> bool:
    """Tell whether a value is one to four words without digits or signs, as names are."""
    return len(text) <= 60 and _person_shape(text)


def is_person(text: str) -> bool:
    """Tell whether a value is one to four words, among them a frequent given name or surname.

    Examples:
        >>> is_person("Dr. Anna Weber"), is_person("WEBER, ANNA"), is_person("Steel Kettle")
        (True, True, False)
    """
    if not is_few_words(text):
        return False
    words = {word.lower() for word in _word.findall(text)}
    return FIRM_WORDS.isdisjoint(words) and any(word in GIVEN_NAMES or word in SURNAMES for word in words)


def is_city(text: str) -> bool:
    """Tell whether a value is a large city, with or without what follows a comma."""
    return text.partition(",")[0].strip().lower() in CITIES


def is_token(text: str) -> bool:
    """Tell whether a value is one opaque word of letters and digits: no quantity, date or version.

    Examples:
        >>> is_token("9f86d081884c7d65"), is_token("U0012874"), is_token("12kg"), is_token("scroll_90")
        (True, True, False, False)
    """
    return _token(text) and not _quantity(text) and not is_day(text)


def is_code(text: str) -> bool:
    """Tell whether a value could be a number that somebody issued: three digits at least, no fraction."""
    return 4 <= len(text) <= 40 and _code_shape(text) and not is_moment(text)


def is_key(text: str) -> bool:
    """Tell whether a value could be the key of a person: a token, a whole number, a user name."""
    return len(text) <= 128 and " " not in text and any(map(str.isdigit, text)) and not is_moment(text)


def is_internet_address(text: str) -> bool:
    """Tell whether a value is an internet address, or one stored as a number."""
    return checksums.is_ip(text) or (text.isdecimal() and 2**24 <= int(text) < 2**32)


def is_great_age(text: str) -> bool:
    """Tell whether a value is an age over 89."""
    return text.isdecimal() and OLDEST_SHOWN < int(text) <= OLDEST
