"""Rules of numbering: whether a value has the check digit, or keeps to the ranges, of its kind of number."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

_VIN_VALUES = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", "12345678123457923456789", strict=True))
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_VIN = re.compile(r"[A-HJ-NPR-Z\d]{8}[\dX][A-HJ-NPR-Z\d]{8}")
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z\d]{11,30}")
_CARD = re.compile(r"3[47]\d{13}|(?:4\d|5[1-5]|2[2-7]|35|6[0245])\d{14}")
_SSN = re.compile(r"(?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4}")
_DEA = re.compile(r"[A-Z][A-Z9]\d{7}")
_PORT = re.compile(r"(\d+\.\d+\.\d+\.\d+):\d{1,5}")
_LEAST_OCTET = 32


def compact(text: str) -> str:
    """Return the value without the blanks and hyphens that group its digits."""
    return text.replace(" ", "").replace("-", "")


def passes_luhn(digits: str) -> bool:
    """Tell whether the last digit is the Luhn check digit of the others (ISO/IEC 7812-1).

    Examples:
        >>> passes_luhn("79927398713"), passes_luhn("79927398710")
        (True, False)
    """
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[::-2])) + sum(doubled)) % 10 == 0


def is_card(text: str) -> bool:
    """Tell whether a value is a payment card number: prefix of a scheme, length, Luhn.

    Examples:
        >>> is_card("4111 1111 1111 1111"), is_card("4111 1111 1111 1112")
        (True, False)
    """
    digits = compact(text)
    return _CARD.fullmatch(digits) is not None and passes_luhn(digits)


def is_imei(text: str) -> bool:
    """Tell whether a value is the IMEI of a device: 15 digits, Luhn, no prefix of a payment card.

    Examples:
        >>> is_imei("490154203237518"), is_imei("490154203237519")
        (True, False)
    """
    digits = compact(text)
    return (
        len(digits) == 15
        and digits.isdecimal()
        and not digits.startswith(("00", "34", "37"))
        and passes_luhn(digits)
    )


def is_npi(text: str) -> bool:
    """Tell whether a value is a United States provider number: ten digits, Luhn after the prefix 80840.

    Examples:
        >>> is_npi("1234567893"), is_npi("1234567890")
        (True, False)
    """
    return len(text) == 10 and text.isdecimal() and text[0] in "12" and passes_luhn("80840" + text)


def is_nhs(text: str) -> bool:
    """Tell whether a value is a patient number of the British NHS: ten digits, weighted sum modulo 11.

    Examples:
        >>> is_nhs("943 476 5919"), is_nhs("943 476 5918")
        (True, False)
    """
    digits = compact(text)
    return len(digits) == 10 and digits.isdecimal() and _weighted(digits, range(10, 0, -1)) % 11 == 0


def is_vin(text: str) -> bool:
    """Tell whether a value is a vehicle identification number with its check digit (49 CFR 565.15).

    Examples:
        >>> is_vin("1M8GDM9AXKP042788"), is_vin("1M8GDM9A1KP042788")
        (True, False)
    """
    if _VIN.fullmatch(text := text.upper()) is None:
        return False
    values = "".join(_VIN_VALUES.get(letter, letter) for letter in text[:8] + "0" + text[9:])
    return "0123456789X"[_weighted(values, _VIN_WEIGHTS) % 11] == text[8]


def is_iban(text: str) -> bool:
    """Tell whether a value is a bank account number whose check digits are right (ISO 13616, modulo 97).

    Examples:
        >>> is_iban("GB82 WEST 1234 5698 7654 32"), is_iban("GB83 WEST 1234 5698 7654 32")
        (True, False)
    """
    account = compact(text).upper()
    if _IBAN.fullmatch(account) is None:
        return False
    return int("".join(str(int(letter, 36)) for letter in account[4:] + account[:4])) % 97 == 1


def is_dea(text: str) -> bool:
    """Tell whether a value is a registration to prescribe controlled substances, with its check digit.

    Examples:
        >>> is_dea("AB1234563"), is_dea("AB1234564")
        (True, False)
    """
    return _DEA.fullmatch(text) is not None and _weighted(text[2:8], (1, 2) * 3) % 10 == int(text[8])


def is_ssn(digits: str) -> bool:
    """Tell whether nine digits could be a social security number: no area 000, 666 or 9xx, no part all zero.

    Examples:
        >>> is_ssn("219099999"), is_ssn("666099999"), is_ssn("219009999")
        (True, False, False)
    """
    return _SSN.fullmatch(digits) is not None


def is_ip(text: str) -> bool:
    """Tell whether a value is an internet address, with or without port and prefix length.

    Four small numbers, such as 1.4.2.10, are a version rather than an address.

    Examples:
        >>> is_ip("203.0.113.9"), is_ip("203.0.113.9:443"), is_ip("2001:db8::7"), is_ip("1.4.2.10")
        (True, True, True, False)
    """
    if text.count(":") < 2 and text.count(".") != 3:
        return False
    host = with_port.group(1) if (with_port := _PORT.fullmatch(text)) else text.partition("/")[0].strip("[]")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.version == 6 or max(address.packed) >= _LEAST_OCTET


def _weighted(digits: str, weights: Sequence[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))
