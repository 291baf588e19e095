"""The labelled columns that the detector of identifiers is judged on: half to tune it, half held out.

A case is the kind of identifier that a reader would see (or None), a column name and a maker of values.
About half of the names say nothing (`c17`), some mislead. The table was written before the detector; halves
are drawn within each kind, so both halves have cases of every kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

import numpy as np

from tests.audit import column_values as v
from tests.audit.column_values import Maker, fill, pick, text, whole

Half = Literal["tuning", "held_out"]


@dataclass(frozen=True)
class Case:
    """One labelled column before its values are made."""

    kind: str | None
    """The kind of identifier, None where there is none."""
    name: str
    make: Maker
    n: int = 200
    missing: float = 0.0
    """Share of values that are None."""
    array: str | None = None
    """The dtype where values come as an array."""

    def values(self, seed: int) -> Any:
        random = Random(f"{seed} {self.name} {self.kind} {self.n}")
        made = [None if random.random() < self.missing else self.make(random, row) for row in range(self.n)]
        return made if self.array is None else np.array(made, dtype=self.array)


NAMES = (
    Case("name", "c101", v.person()),
    Case("name", "c102", v.person("{surname}, {given}")),
    Case("name", "c103", v.person("{given}")),
    Case("name", "c104", v.upper(v.person())),
    Case("name", "c105", v.person("Dr. {given} {surname}")),
    Case("name", "c106", v.person("{given} {middle}. {surname}"), missing=0.2),
    Case("name", "name", v.person()),
    Case("name", "first_name", v.person("{given}")),
    Case("name", "lastName", v.person("{surname}")),
    Case("name", "patient_name", v.person("{surname} {given}")),
    Case("name", "customerFullName", v.person()),
    Case("name", "contact_person", v.person(), array="U"),
    Case("name", "maiden_name", v.person("{surname}"), missing=0.6),
    Case("name", "value_7", v.mostly(v.person(), pick("unknown", "n/a"), 0.6)),
    Case("name", "surname", v.upper(v.person("{surname}"))),
    Case("name", "attending_physician", v.person("{given} {surname}")),
)
GEOGRAPHY = (
    Case("geography", "zip", v.as_int(v.zip_code()), array="int64"),
    Case("geography", "zip_code", v.as_int(v.zip_code()), array="float64"),
    Case("geography", "postal_code", v.zip_code()),
    Case("geography", "c201", v.text(v.zip_code(), "{}-4417")),
    Case("geography", "c202", v.street()),
    Case("geography", "c203", v.street("{n} {street} {kind}, {city}, TX {zip}")),
    Case("geography", "address", v.street("{n} {street} {kind} Apt 4")),
    Case("geography", "city", pick(*v.CITIES)),
    Case("geography", "c204", pick(*v.CITIES)),
    Case("geography", "c205", fill("\\SW#@ #@@", "M# #@@", "LS## #@@")),
    Case("geography", "c206", fill("K#@ #@#", "M#@ #@#", "V#@ #@#")),
    Case("geography", "county", pick("Cook", "Harris", "Kings", "Dallas", "Clark", "Wayne", "Essex")),
    Case("geography", "c207", text(pick("Cook", "Harris", "Kings", "Dallas", "Clark", "Wayne"), "{} County")),
    Case("geography", "home_latitude", v.normal(41.9, 0.3, 5), array="float64"),
    Case("geography", "lng", v.normal(-87.6, 0.4, 6), array="float64"),
    Case("geography", "c208", v.zip_code(), n=400),
    Case("geography", "c209", v.as_int(v.zip_code()), n=400, array="int64"),
    Case("geography", "census_tract", fill("17031######")),
    Case("geography", "geohash", fill("dp3w~~#", "dp3t#~~")),
    Case("geography", "c210", text(pick("Haupt", "Garten", "Bahnhof", "Schiller"), "{}straße 12")),
    Case("geography", "plz", v.as_int(fill("N####"))),
    Case(
        "geography", "neighborhood", pick("Lakeview", "Pilsen", "Hyde Park", "Uptown", "Loop", "Bridgeport")
    ),
)
DATES = (
    Case("date", "dob", v.day(1930, 2010)),
    Case("date", "birthDate", v.day(1940, 2005, "%m/%d/%Y")),
    Case("date", "c301", v.day(1925, 2012)),
    Case("date", "c302", v.day(1930, 2008, None)),
    Case("date", "c303", v.day(1935, 2006, "%d.%m.%Y")),
    Case("date", "c304", v.day(1930, 2009), array="datetime64[D]"),
    Case("date", "c305", v.as_int(v.day(1930, 2009, "%Y%m%d")), array="int64"),
    Case("date", "admission_date", v.day(2021, 2023)),
    Case("date", "dischargeDt", v.moment(2021, 2023)),
    Case("date", "date_of_death", v.day(2015, 2023), missing=0.9),
    Case("date", "age", whole(18, 97), array="int64"),
    Case("date", "patient_age", v.mostly(whole(20, 89), whole(90, 101), 0.97), array="float64", n=400),
    Case("date", "birthday", v.day(1970, 1999, "%m-%d")),
    Case("date", "surgery_date", v.day(2020, 2022, "%d-%b-%Y")),
)
PHONES = (
    Case("phone", "c401", v.phone("({a}) N##-####")),
    Case("phone", "c402", v.phone("{a}-N##-####")),
    Case("phone", "c403", v.phone("+1 {a} N## ####")),
    Case("phone", "c404", v.as_int(v.phone("{a}N######")), array="int64"),
    Case("phone", "c405", v.phone("{a}.N##.####"), missing=0.3),
    Case("phone", "c406", fill("+49 151 ########", "+49 30 #######")),
    Case("phone", "c407", fill("+4477########", "+3361#######", "+34612######")),
    Case("phone", "phone", v.as_int(v.phone("{a}N######")), array="float64"),
    Case("phone", "mobileNumber", fill("07### ######")),
    Case("phone", "contact_tel", fill("0##-#######")),
    Case("phone", "cell_phone", v.phone("{a}N######")),
    Case("phone", "c408", v.as_int(v.phone("1{a}N######")), array="int64"),
    Case("phone", "c409", v.mostly(v.phone("({a}) N##-####"), pick("none given", "-"), 0.5)),
    Case("fax", "fax", v.phone("{a}-N##-####")),
    Case("fax", "fax_number", v.as_int(v.phone("{a}N######")), array="int64"),
    Case("fax", "officeFax", fill("+49 30 #######")),
    Case("fax", "patient_fax_no", v.phone("({a}) N##-####"), missing=0.5),
)
EMAILS = (
    Case("email", "c501", v.email()),
    Case("email", "c502", v.upper(v.email("mail.example.com"))),
    Case("email", "c503", v.mostly(v.email(), pick("none", "unknown"), 0.45)),
    Case("email", "c504", text(v.email(), "Contact <{}>")),
    Case("email", "email", v.email("example.co.uk")),
    Case("email", "userEmailAddress", v.email(), array="U"),
    Case("email", "login", v.email("corp.example")),
    Case("email", "notes", text(v.email(), "please answer to {} by Friday")),
    Case("email", "c505", v.repeated(v.email(), 12)),
)
SSNS = (
    Case("ssn", "c601", v.ssn()),
    Case("ssn", "c602", v.ssn("{:03d} {:02d} {:04d}")),
    Case("ssn", "c603", v.ssn("{:03d}{:02d}{:04d}")),
    Case("ssn", "c604", v.as_int(v.ssn("{:03d}{:02d}{:04d}")), array="int64"),
    Case("ssn", "ssn", v.as_int(v.ssn("{:03d}{:02d}{:04d}")), array="float64"),
    Case("ssn", "social_security_number", v.ssn(), missing=0.4),
    Case("ssn", "SSNLast4", fill("####")),
    Case("ssn", "c605", v.mostly(v.ssn(), pick("", "refused"), 0.5)),
    Case("ssn", "national_id", fill("##########")),
    Case("ssn", "tax_id", v.ssn()),
)
RECORDS = (
    Case("medical_record", "mrn", whole(100_000, 9_999_999), array="int64"),
    Case("medical_record", "MRN", fill("########")),
    Case("medical_record", "medical_record_number", fill("@#######")),
    Case("medical_record", "patient_id", v.rising(40_000, 7), array="int64"),
    Case("medical_record", "chart_no", fill("##-##-##")),
    Case("medical_record", "c701", fill("MR\\N-#######")),
    Case("medical_record", "c702", v.nhs()),
    Case("medical_record", "c703", v.spaced(v.nhs(), 3, " ")),
    Case("medical_record", "patientIdentifier", fill("P######")),
    Case("medical_record", "nhs_number", v.as_int(v.nhs()), array="int64"),
)
PLANS = (
    Case("health_plan", "c801", fill("#@%#-@%#-@@##".replace("%", "@"))),
    Case("health_plan", "c802", fill("#@@#@@#@@##")),
    Case("health_plan", "medicare_id", fill("#@@#@@#@@##")),
    Case("health_plan", "insurance_member_id", fill("W#########")),
    Case("health_plan", "subscriberId", fill("XYZ#########")),
    Case("health_plan", "health_plan_number", whole(10**8, 10**9), array="int64"),
    Case("health_plan", "beneficiary_no", fill("#########A")),
    Case("health_plan", "medicaid_number", fill("@@#####@")),
    Case("health_plan", "insurance_policy_number", fill("PO\\L-########")),
)
ACCOUNTS = (
    Case("account", "c901", v.iban("DE", 22)),
    Case("account", "c902", v.spaced(v.iban("FR", 27), 4, " ")),
    Case("account", "c903", v.luhn("4", 16)),
    Case("account", "c904", v.spaced(v.luhn("5", 16), 4, " ")),
    Case("account", "c905", v.as_int(v.luhn("4", 16)), array="int64"),
    Case("account", "c906", v.luhn("37", 15)),
    Case("account", "c907", v.spaced(v.luhn("6011", 16), 4, "-"), missing=0.2),
    Case("account", "account_number", whole(10**7, 10**10), array="int64"),
    Case("account", "iban", v.iban("ES", 24)),
    Case("account", "cardNumber", v.spaced(v.luhn("4", 16), 4, "-")),
    Case("account", "bank_acct_no", fill("##########")),
    Case("account", "credit_card", fill("XXXX-XXXX-XXXX-####")),
    Case("account", "c908", v.mostly(v.iban("NL", 18), pick("cash"), 0.5)),
)
CERTIFICATES = (
    Case("certificate", "c1001", v.luhn("1", 10, hidden="80840")),
    Case("certificate", "c1002", v.dea()),
    Case("certificate", "driver_license", fill("@#######")),
    Case("certificate", "licence_no", fill("##-####-####")),
    Case("certificate", "passport_number", fill("@########")),
    Case("certificate", "certificateNumber", fill("CERT-######")),
    Case("certificate", "npi", v.as_int(v.luhn("1", 10, hidden="80840")), array="int64"),
    Case("certificate", "dl_number", fill("@###-####-####")),
)
VEHICLES = (
    Case("vehicle", "c1101", v.vin()),
    Case("vehicle", "c1102", v.mostly(v.vin(), v.vin(valid=False), 0.8)),
    Case("vehicle", "vin", v.vin(valid=False)),
    Case("vehicle", "license_plate", fill("@@@-####")),
    Case("vehicle", "numberPlate", fill("@@## @@@")),
    Case("vehicle", "vehicle_registration", fill("@-@@ ####")),
    Case("vehicle", "chassis_number", v.vin()),
    Case("vehicle", "plate_no", fill("#@@@###")),
)
DEVICES = (
    Case("device", "c1201", v.luhn("35", 15)),
    Case("device", "c1202", v.as_int(v.luhn("86", 15)), array="int64"),
    Case("device", "c1203", fill("^^:^^:^^:^^:^^:^^")),
    Case("device", "c1204", v.upper(fill("^^-^^-^^-^^-^^-^^"))),
    Case("device", "c1205", v.repeated(fill("^^^^.^^^^.^^^^"), 30)),
    Case("device", "imei", v.luhn("35", 15), missing=0.2),
    Case("device", "mac_address", v.upper(fill("^^:^^:^^:^^:^^:^^"))),
    Case("device", "serial_number", fill("C02@@###@@@#")),
    Case("device", "deviceSerial", fill("S\\N########")),
    Case("device", "device_id", fill("^^^^^^^^^^^^^^^^")),
    Case("device", "advertising_id", fill("^^^^^^^^-^^^^-4^^^-a^^^-^^^^^^^^^^^^")),
)
ADDRESSES = (
    Case("url", "c1301", fill("https://example.org/u/~~~~~~##")),
    Case("url", "c1302", fill("http://~~~~~~~.example.com/about")),
    Case("url", "c1303", fill("www.~~~~~~.org/~~~~")),
    Case("url", "homepage", fill("https://~~~~~.example.org")),
    Case("url", "profile_url", fill("https://social.example/~~~~~~~")),
    Case("url", "linkedin", fill("linkedin.example/in/~~~~~~~")),
    Case("url", "c1304", v.mostly(fill("https://example.org/~~~~~"), pick("none"), 0.4)),
    Case("url", "websiteUrl", fill("~~~~~~~.example.com")),
    Case("ip", "c1401", v.ip4()),
    Case("ip", "c1402", fill("2001:db8:^^^^:^^^^::^^^^")),
    Case("ip", "c1403", v.ip4("{}:443")),
    Case("ip", "c1404", v.repeated(v.ip4(), 25)),
    Case("ip", "c1405", fill("10.0.1##.1##", "192.168.1.1##")),
    Case("ip", "ip_address", v.ip4(), missing=0.3),
    Case("ip", "clientIp", whole(2**28, 2**32 - 1), array="int64"),
    Case("ip", "c1406", v.mostly(v.ip4(), pick("-", "unknown"), 0.5)),
)
BODIES = (
    Case("biometric", "fingerprint_template", v.base64_of(48)),
    Case("biometric", "irisCode", fill("^" * 64)),
    Case("biometric", "voiceprint", v.raw(64)),
    Case("biometric", "face_embedding", v.base64_of(64)),
    Case("biometric", "biometric_hash", fill("^" * 40)),
    Case("photo", "c1501", v.base64_of(60, b"\xff\xd8\xff\xe0")),
    Case("photo", "c1502", v.raw(60, b"\xff\xd8\xff\xe0")),
    Case("photo", "face_photo", fill("faces/######.jpg")),
    Case("photo", "profilePicture", fill("~~~~~~##.png")),
    Case("photo", "selfie", fill("img_########.jpeg")),
    Case("photo", "headshot", v.base64_of(60, b"\x89PNG\r\n\x1a\n")),
)
UNIQUE = (
    Case("unique", "c1601", fill("^^^^^^^^-^^^^-4^^^-a^^^-^^^^^^^^^^^^")),
    Case("unique", "c1602", fill("^" * 32)),
    Case("unique", "c1603", fill("%" * 22)),
    Case("unique", "c1604", fill("^" * 24), missing=0.2),
    Case("unique", "c1605", fill("U@@######")),
    Case("unique", "user_id", fill("U########")),
    Case("unique", "customerId", whole(10**6, 10**9), array="int64"),
    Case("unique", "person_key", fill("^" * 64)),
    Case("unique", "employee_id", v.rising(20_001, 3), array="int64"),
    Case("unique", "uid", fill("^^^^^^^^-^^^^-4^^^-b^^^-^^^^^^^^^^^^"), array="U"),
    Case("unique", "visitor_cookie", fill("GA1.2.#########.1######### ".strip())),
    Case("unique", "username", fill("~~~~~~##", "~~~~~####")),
)

MEASURES = (
    Case(None, "c2001", v.normal(140, 3, 0), array="float64"),
    Case(None, "c2002", v.normal(5.4, 0.8, 1), array="float64"),
    Case(None, "c2003", v.normal(98.6, 0.7, 1)),
    Case(None, "c2004", whole(60, 180), array="int64"),
    Case(None, "glucose", whole(70, 320), array="int64"),
    Case(None, "platelets", whole(150_000, 450_000), array="int64"),
    Case(None, "c2005", whole(150_000, 450_000)),
    Case(None, "ldl_cholesterol", v.normal(120, 30, 0)),
    Case(None, "c2006", v.lognormal(3, 1, 2), array="float64"),
    Case(None, "amount", v.lognormal(4, 1.2, 2)),
    Case(None, "c2007", v.text(v.lognormal(4, 1.2, 2))),
    Case(None, "c2008", v.text(v.lognormal(4, 1, 2), "${}")),
    Case(None, "price", v.real(1, 999, 2), array="float64"),
    Case(None, "amount_cents", whole(100, 10**7), array="int64"),
    Case(None, "c2009", v.skewed(30_000), array="int64"),
    Case(None, "c2010", whole(20_000, 95_000), array="int64"),
    Case(None, "salary", whole(20_000, 120_000), array="int64"),
    Case(None, "c2011", whole(10_000, 99_999), n=400, array="int64"),
    Case(None, "views", v.skewed(5_000_000), array="int64"),
    Case(None, "c2012", v.skewed(4 * 10**9), array="int64"),
    Case(None, "revenue", whole(10**9, 10**10), array="int64"),
    Case(None, "c2013", whole(0, 30)),
    Case(None, "score", v.real(0, 1, 6), array="float64"),
    Case(None, "c2014", v.real(0, 1, 9), array="float64"),
    Case(None, "c2015", v.text(v.real(0, 100, 1), "{}%")),
    Case(None, "discount_pct", v.real(0, 60, 1)),
    Case(None, "c2016", v.text(v.real(0.1, 40, 2), "{} kg")),
    Case(None, "weight", v.text(whole(40, 130), "{}kg")),
    Case(None, "c2017", v.text(whole(100, 99_999), "{}ms")),
    Case(None, "bytes_sent", whole(10**8, 10**9 - 1), array="int64"),
    Case(None, "c2018", v.normal(0, 1, 8), array="float32"),
    Case(None, "population", v.skewed(90_000)),
    Case(None, "c2019", v.text(whole(1_000, 9_999_999), "{:,}")),
    Case(None, "page_views", v.text(v.skewed(80_000))),
    Case(None, "temperature", v.normal(21, 6, 2), array="float64"),
)
CLOCKS = (
    Case(None, "created_at", v.rising(1_690_000_000, 431), array="int64"),
    Case(None, "c2101", v.rising(1_690_000_000, 431), array="int64"),
    Case(None, "c2102", v.rising(1_690_000_000_000, 431_007), array="int64"),
    Case(None, "c2103", v.rising(1_690_000_000_000_000, 431_007_001), array="int64"),
    Case(None, "c2104", v.rising(1_690_000_000, 97)),
    Case(None, "c2105", v.text(v.rising(1_690_000_000, 431))),
    Case(None, "c2106", v.moment(2022, 2024)),
    Case(None, "event_time", v.moment(2023, 2023, "%Y-%m-%dT%H:%M:%SZ")),
    Case(None, "c2107", v.moment(2023, 2024, "%Y-%m-%d %H:%M:%S")),
    Case(None, "c2108", v.day(2022, 2024)),
    Case(None, "order_date", v.day(2019, 2024, "%m/%d/%Y")),
    Case(None, "c2109", v.day(2023, 2024), array="datetime64[us]"),
    Case(None, "c2110", v.as_int(v.day(2022, 2024, "%Y%m%d")), array="int64"),
    Case(None, "date_of_last_login", v.day(2023, 2024)),
    Case(None, "year", whole(1930, 2024), array="int64"),
    Case(None, "c2111", whole(1950, 2010), array="int64"),
    Case(None, "birth_year", whole(1935, 2006), array="int64"),
    Case(None, "c2112", v.text(whole(1990, 2024))),
    Case(None, "c2113", v.day(2023, 2024, "%H:%M:%S")),
    Case(None, "c2114", fill("\\0#:N#:N#")),
    Case(None, "duration", v.text(whole(1, 59), "PT{}M")),
    Case(None, "c2115", v.text(whole(1, 23), "{}h 12m")),
    Case(None, "c2116", v.day(2020, 2024, "%Y-W%W")),
    Case(None, "c2117", v.day(2020, 2024, "%b %Y")),
    Case(None, "weekday", pick("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")),
    Case(None, "month", pick("April", "May", "June", "August", "January")),
    Case(None, "release_date", v.day(1960, 2023)),
)
WORDS = (
    Case(None, "name", pick(*v.PRODUCTS)),
    Case(None, "product_name", pick(*v.PRODUCTS)),
    Case(None, "c2201", pick(*v.PRODUCTS)),
    Case(None, "c2202", v.text(whole(1, 10**6), "Steel Kettle model {}")),
    Case(None, "brand", pick("Acme", "Northwind", "Globex", "Initech", "Umbra", "Hooli")),
    Case(None, "c2203", pick("red", "green", "blue", "black")),
    Case(None, "category", pick("Home & Garden", "Toys", "Books", "Sports")),
    Case(None, "c2204", pick("Toys", "Books", "Sports", "Grocery", "Beauty")),
    Case(None, "state", pick(*v.STATES)),
    Case(None, "c2205", pick(*v.STATES)),
    Case(None, "c2206", pick("CA", "TX", "NY", "FL", "IL", "WA")),
    Case(None, "country", pick("Germany", "France", "Spain", "Italy", "Norway", "Japan")),
    Case(None, "c2207", pick("DE", "FR", "ES", "IT", "NO", "JP")),
    Case(None, "c2208", pick("DEU", "FRA", "ESP", "ITA", "NOR")),
    Case(None, "language", pick("en", "de", "fr", "pt-BR", "zh-CN")),
    Case(None, "currency", pick("EUR", "USD", "GBP", "JPY")),
    Case(None, "c2209", pick(*v.SENTENCES)),
    Case(None, "review", lambda random, row: " ".join(random.choice(v.SENTENCES) for _ in range(3))),
    Case(None, "comment", lambda random, row: f"{random.choice(v.SENTENCES)}. Order {row} was complete."),
    Case(
        None, "c2210", lambda random, row: f"{random.choice(v.SENTENCES)}; {random.randint(1, 10**6)} views"
    ),
    Case(None, "status", pick("open", "closed", "pending")),
    Case(None, "gender", pick("f", "m", "x")),
    Case(None, "file_name", fill("report_~~~~.pdf", "chart_~~~~.xlsx")),
    Case(None, "team_name", pick("Platform", "Payments", "Growth", "Search")),
    Case(None, "event_name", pick("page_view", "add_to_cart", "purchase", "scroll")),
    Case(None, "c2211", pick("page_view", "add_to_cart", "purchase", "scroll_90")),
    Case(None, "job_title", pick("Nurse", "Teacher", "Data Engineer", "Store Manager")),
    Case(None, "diagnosis", pick("E11.9", "I10", "J45.909", "F32.1", "M54.5")),
    Case(None, "c2212", pick("E11.9", "I10", "J45.909", "F32.1", "M54.5")),
    Case(None, "genre", pick("Drama", "Comedy", "Sci-Fi", "Romance")),
    Case(
        None, "c2213", pick("Georgia", "Virginia", "Carolina", "Dakota", "Montana", "Texas", "Ohio", "Utah")
    ),
    Case(None, "plan", pick("basic", "premium", "enterprise")),
    Case(None, "mail_type", pick("newsletter", "receipt", "reminder")),
)
CODES = (
    Case(None, "sku", v.repeated(fill("SKU-#####"), 80)),
    Case(None, "c2301", v.repeated(fill("@@-####"), 60)),
    Case(None, "c2302", fill("#^^^^^^".replace("#", "\\#"))),
    Case(None, "hex_colour", fill("\\#^^^^^^")),
    Case(None, "c2303", fill("#.#.#", "1#.#.##")),
    Case(None, "version", fill("#.#.#.##")),
    Case(None, "c2304", fill("v#.##.#")),
    Case(None, "c2305", fill("1.#.#.#", "2.#.1#.#")),
    Case(None, "zip3", fill("###")),
    Case(None, "c2306", fill("###")),
    Case(None, "c2307", whole(900_000_000, 999_999_999), array="int64"),
    Case(None, "c2308", whole(100_000_000, 999_999_999), n=400, array="int64"),
    Case(None, "c2309", fill("666-##-####", "9##-##-####")),
    Case(None, "c2310", v.as_int(v.luhn("4", 16, valid=False)), array="int64"),
    Case(None, "c2311", whole(4 * 10**15, 5 * 10**15), array="int64"),
    Case(None, "c2312", whole(10**14, 10**15 - 1), array="int64"),
    Case(None, "c2313", whole(10**9, 10**10 - 1), array="int64"),
    Case(None, "c2314", v.rising(300_000_000, 3), array="int64"),
    Case(None, "c2315", v.rising(1, 1), array="int64"),
    Case(None, "c2316", v.repeated(fill("@@@###"), 40)),
    Case(None, "c2317", fill("##x##x##")),
    Case(None, "gtin_group", pick("A1", "B2", "C3", "D4")),
    Case(None, "order_number", v.rising(500_001, 1), array="int64"),
    Case(None, "invoice_no", fill("IN\\V-2023-######")),
    Case(None, "transaction_id", fill("^^^^^^^^-^^^^-4^^^-a^^^-^^^^^^^^^^^^")),
    Case(None, "c2318", v.repeated(fill("^^^^^^^^"), 50)),
    Case(None, "customer", v.repeated(whole(1, 5_000), 70), array="int64"),
    Case(None, "user_id", v.repeated(whole(1, 900), 60), array="int64"),
    Case(None, "terminal", v.repeated(whole(1, 400), 40), array="int64"),
    Case(None, "mcc", pick(5411, 5812, 5999, 4121, 7011)),
    Case(None, "icd_code", pick("E11.9", "I10", "J45.909", "F32.1")),
    Case(None, "c2319", fill("LS-#", "M-#", "\\SW-#")),
    Case(None, "mime", pick("image/png", "text/html", "application/json")),
    Case(None, "c2320", pick("GET /", "POST /cart", "GET /item")),
)
MISLEADING = (
    Case(None, "phone_model", pick("Pixel 8", "Galaxy S23", "iPhone 15", "Moto G")),
    Case(None, "ip_rating", pick("IP67", "IP68", "IP54")),
    Case(None, "account_age_days", whole(1, 4_000), array="int64"),
    Case(None, "age", whole(18, 80), array="int64"),
    Case(None, "age_group", pick("18-24", "25-34", "35-44", "90+")),
    Case(None, "device_type", pick("mobile", "desktop", "tablet")),
    Case(None, "email_verified", pick(True, False)),
    Case(None, "has_phone", pick(0, 1), array="int64"),
    Case(None, "is_fraud", pick(0, 1), array="int64"),
    Case(None, "c2401", pick(True, False), array="bool"),
    Case(None, "n_accounts", whole(0, 12), array="int64"),
    Case(None, "account_balance", v.lognormal(7, 1, 2)),
    Case(None, "account_type", pick("checking", "savings", "credit")),
    Case(None, "license_type", pick("MIT", "Apache-2.0", "GPL-3.0")),
    Case(None, "url_length", whole(10, 200), array="int64"),
    Case(None, "photo_count", whole(0, 30), array="int64"),
    Case(None, "shop_latitude", v.normal(52.5, 0.2, 5), array="float64"),
    Case(None, "store_longitude", v.normal(13.4, 0.2, 5), array="float64"),
    Case(None, "c2402", v.normal(52.5, 0.2, 5), array="float64"),
    Case(None, "merchant_city", pick(*v.CITIES)),
    Case(None, "store_name", pick("Corner Market", "Green Grocer", "Book Nook", "Bike Barn")),
    Case(None, "vehicle_type", pick("car", "van", "truck")),
    Case(None, "vehicle_year", whole(1995, 2024), array="int64"),
    Case(None, "plate_count", whole(0, 9)),
    Case(None, "face_value", v.real(10, 1_000, 2)),
    Case(None, "iris_species", pick("setosa", "versicolor", "virginica")),
    Case(None, "address_count", whole(1, 6), array="int64"),
    Case(None, "city_population", v.skewed(400_000), array="int64"),
    Case(None, "card_type", pick("visa", "mastercard", "amex")),
    Case(None, "card_present", pick("Y", "N")),
    Case(None, "passport_country", pick("DE", "FR", "ES")),
    Case(None, "email_domain", pick("gmail", "outlook", "yahoo")),
    Case(None, "days_since_admission", whole(0, 60), array="int64"),
    Case(None, "birth_weight", whole(1_800, 4_600), array="int64"),
    Case(None, "web_sessions", v.skewed(12)),
    Case(None, "serial_position", whole(1, 30), array="int64"),
    Case(None, "medical_specialty", pick("Cardiology", "Surgery", "Orthopedics")),
    Case(None, "policy", pick("allow", "deny", "review")),
    Case(None, "insurance_type", pick("public", "private", "none")),
    Case(None, "tax_rate", v.real(0, 0.3, 3)),
)

IDENTIFYING = (
    NAMES + GEOGRAPHY + DATES + PHONES + EMAILS + SSNS + RECORDS + PLANS + ACCOUNTS + CERTIFICATES + VEHICLES
    + DEVICES + ADDRESSES + BODIES + UNIQUE
)  # fmt: skip
HARMLESS = MEASURES + CLOCKS + WORDS + CODES + MISLEADING
CASES = IDENTIFYING + HARMLESS


def cases_of(half: Half) -> Iterator[Case]:
    """Yield the cases of a half; within each kind they are shuffled once and dealt in turn."""
    for group in (
        *({"kind": kind} for kind in sorted({case.kind for case in IDENTIFYING if case.kind})),
        {"kind": None},
    ):
        cases = [case for case in CASES if case.kind == group["kind"]]
        Random(f"halves {group['kind']}").shuffle(cases)
        yield from cases[half == "held_out" :: 2]
