"""Words that tell identifiers: in column names, and common given names, surnames and cities in values.

A column name is read as lower-case words: `customerFullName` is `customer full name`. A phrase matches where
its words stand side by side, or written together (`zipcode`). A word of `NOT_A_PERSON` takes back what a
name says: `email_verified` is no e-mail address, `merchant_city` no home.
"""

from __future__ import annotations

import re
from functools import cache

PHRASES: dict[str, tuple[str, ...]] = {
    "person": (
        "first name", "last name", "full name", "given name", "family name", "middle name", "maiden name",
        "surname", "forename", "fname", "lname", "patient name", "customer name", "client name",
        "person name", "member name", "employee name", "holder name", "cardholder", "guardian",
        "next of kin", "contact name", "contact person", "emergency contact", "physician", "doctor",
        "provider name", "recipient name", "sender name", "mother name", "father name", "spouse",
        "legal name", "real name", "passenger name", "guest name", "driver name", "borrower name",
    ),
    "postcode": ("zip", "zip code", "zip5", "postal code", "postal", "post code", "plz", "postcode"),
    "place": (
        "address", "addr", "street", "city", "town", "village", "county", "suburb", "neighborhood",
        "neighbourhood", "borough", "precinct", "municipality", "locality", "district", "birthplace",
        "place of birth", "residence",
    ),
    "area": ("census tract", "census block", "tract", "block group", "geohash", "geo hash", "fips"),
    "coordinate": ("latitude", "longitude", "lat", "lon", "lng", "gps"),
    "life date": (
        "dob", "date of birth", "birth date", "birth day", "birth dt", "born", "admission date",
        "admission dt", "date of admission", "admitted", "admit date", "discharge date", "discharge dt",
        "date of discharge", "discharged", "death date", "date of death", "dod", "deceased", "died",
        "surgery date", "date of surgery", "procedure date", "diagnosis date", "date of diagnosis",
        "service date", "date of service", "visit date", "appointment date", "encounter date",
        "hire date", "wedding date", "marriage date", "anniversary", "immunization date",
    ),
    "age": ("age",),
    "phone": (
        "phone", "telephone", "tel", "mobile", "cell", "cell phone", "phone number", "phone no", "msisdn",
        "whatsapp", "landline", "mobile number", "contact number", "home phone", "work phone",
    ),
    "fax": ("fax", "facsimile", "telefax", "fax number"),
    "email": ("email", "e mail", "mail address", "mail"),
    "ssn": (
        "ssn", "social security", "social security number", "soc sec", "national id", "national insurance",
        "nino", "tax id", "tin", "itin", "taxpayer id", "personal id number", "ssn last4", "sin number",
    ),
    "medical record": (
        "mrn", "medical record", "medical record number", "patient id", "patient identifier", "patient no",
        "patient number", "chart number", "chart no", "chart id", "nhs number", "nhs no", "hospital number",
        "encounter id", "record locator", "pid",
    ),
    "health plan": (
        "health plan", "health plan number", "medicare", "medicaid", "beneficiary", "subscriber", "member id",
        "member number", "member no", "hicn", "mbi", "insurance number", "insurance no", "insurance id",
        "insurance policy", "policy number", "policy no", "policy id", "insured id", "payer id",
    ),
    "account": (
        "account number", "account no", "account num", "account id", "acct", "acct no", "iban", "card number",
        "card no", "card num", "credit card", "debit card", "cc number", "cc num", "pan", "bank account",
        "routing number", "wallet address",
    ),
    "certificate": (
        "driver license", "driver licence", "driving licence", "driving license", "drivers license",
        "license number", "licence number", "license no", "licence no", "license id", "license num",
        "dl number", "dl no", "passport", "passport number", "certificate number", "certificate no",
        "certificate id", "certification number", "npi", "dea", "dea number", "permit number",
    ),
    "vehicle": (
        "vin", "license plate", "licence plate", "number plate", "plate number", "plate no", "plate",
        "vehicle registration", "registration plate", "vehicle id", "vehicle number", "chassis number",
        "chassis no", "vehicle identification",
    ),
    "device": (
        "imei", "imsi", "iccid", "meid", "udid", "idfa", "idfv", "gaid", "aaid", "android id",
        "advertising id", "mac", "mac address", "serial", "serial number", "serial no", "device id",
        "device serial", "device identifier", "device token", "hardware id", "implant id",
    ),
    "url": ("url", "uri", "website", "web site", "web page", "homepage", "home page", "linkedin", "link"),
    "ip": ("ip", "ip address", "ip addr", "ipv4", "ipv6", "remote addr", "client ip"),
    "biometric": (
        "biometric", "fingerprint", "finger print", "retina", "iris", "voiceprint", "voice print",
        "faceprint", "face embedding", "face vector", "face template", "palm print", "dna", "genome",
    ),
    "photo": (
        "photo", "photograph", "selfie", "headshot", "portrait", "mugshot", "face image", "face photo",
        "avatar", "profile picture", "profile image", "picture of face",
    ),
    "key": (
        "user id", "customer id", "client id", "person id", "person key", "user key", "customer key",
        "employee id", "employee number", "staff id", "visitor id", "visitor", "cookie", "cookie id",
        "session id", "subject id", "participant id", "student id", "uid", "guid", "uuid", "username",
        "user name", "login", "nickname", "screen name", "customer", "user", "client", "household id",
    ),
}  # fmt: skip
"""What a column name can say, by topic."""

NOT_A_PERSON: tuple[str, ...] = tuple(
    (
        # a thing, a firm or an event has the name, place or number
        "product item sku isbn shop store merchant brand company business vendor supplier seller warehouse "
        "branch team campaign file app game movie film song track video channel category event order "
        "invoice transaction txn trx payment request batch page job model campaign query message release "
        "published host table column feature experiment "
        # a measure of it, or a statement about it
        "count cnt n total sum avg mean median min max rate ratio rating score rank position day hour "
        "minute second week month year ms amount price cost balance limit type kind class group bucket band "
        "status flag is has verified valid version length size pct percent share since weight width height "
        "domain provider country state region language currency specialty species population present "
        "opt consent level"
    ).split()
)
"""Words after which a column is not an identifier of a person, unless the values leave no doubt."""

PERSONS = frozenset(
    "patient customer user client person member subject employee applicant borrower passenger student".split()
)
"""Words that may stand beside `age`."""

GIVEN_NAMES = frozenset(
    (
        "james john robert michael william david richard joseph thomas charles christopher daniel matthew "
        "anthony donald steven paul andrew joshua kenneth kevin brian george edward ronald timothy jason "
        "jeffrey ryan jacob gary nicholas eric jonathan stephen larry justin scott brandon benjamin samuel "
        "gregory frank alexander raymond patrick jack dennis jerry tyler aaron jose adam nathan henry "
        "douglas zachary peter kyle walter ethan jeremy harold keith christian roger noah gerald carl "
        "terry sean arthur lawrence jesse dylan bryan joe jordan billy bruce albert willie gabriel logan "
        "alan juan wayne roy ralph randy eugene vincent russell elijah louis bobby philip johnny liam "
        "oliver lucas mason luca leo hugo felix max paulo pedro luis carlos miguel antonio francisco "
        "manuel mario marco matteo mateo giuseppe giovanni hans klaus stefan jan lars erik sven bjorn olaf "
        "ivan dmitri sergei vladimir igor mohammed muhammad ahmed ali omar hassan ibrahim yusuf mustafa "
        "wei ming jun hiroshi kenji yuki takashi raj amit rahul sanjay vijay arjun kwame kofi chidi emeka "
        "mary patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa nancy betty sandra "
        "margaret ashley kimberly emily donna michelle carol amanda melissa deborah stephanie rebecca "
        "sharon laura cynthia kathleen amy angela shirley anna brenda pamela emma nicole helen samantha "
        "katherine christine debra rachel carolyn janet catherine maria heather diane ruth julie olivia "
        "joyce victoria kelly lauren christina joan evelyn judith megan andrea cheryl hannah jacqueline "
        "martha gloria teresa ann sara madison frances kathryn janice jean abigail alice julia judy sophia "
        "denise amber doris marilyn danielle beverly isabella theresa diana natalie brittany charlotte "
        "marie kayla alexis lori sofia elena lucia carmen ines chloe camille juliette claire nina petra "
        "ingrid astrid freya greta fatima aisha zainab layla leila noor priya anjali deepa sunita mei ling "
        "yuko sakura olga natasha svetlana tatiana irina katarzyna zoe mia ella lily lena lea oscar victor "
        "simon marcus martin tobias hanna johanna margarete gisela monika sabine ursula birgit heike jonas "
        "paula lukas jens uwe dieter wolfgang jürgen günter philippe pierre jacques michel andré françois "
        "luc henri guillaume mathieu chantal sylvie isabelle nathalie céline margaux élise jorge javier "
        "rafael fernando sergio andrés josé maría pilar cristina beatriz rosa paolo luigi stefano "
        "alessandro francesca chiara giulia federica johan anders per karin birgitta elisabet willem "
        "pieter maaike jeroen daan piotr krzysztof andrzej tomasz agnieszka małgorzata ewa"
    ).split()
)
"""Frequent given names of several countries, lower case; none that is also a month, a state or a colour."""

SURNAMES = frozenset(
    (
        "smith johnson williams jones garcia davis rodriguez martinez hernandez lopez gonzalez wilson "
        "anderson moore jackson lee perez thompson harris sanchez clark ramirez lewis robinson walker "
        "allen wright torres nguyen flores adams nelson rivera campbell mitchell roberts gomez phillips "
        "evans turner diaz edwards collins stewart morris morales murphy rogers gutierrez ortiz morgan "
        "peterson bailey reed howard ramos kim cox richardson watson brooks chavez bennett mendoza ruiz "
        "hughes alvarez castillo sanders patel myers ross foster jimenez muller schmidt schneider fischer "
        "weber meyer wagner becker schulz hoffmann rossi russo ferrari bianchi silva santos oliveira souza "
        "dubois moreau laurent bernard novak kowalski nowak ivanov petrov andersson johansson hansen olsen "
        "nielsen tanaka suzuki sato yamamoto khan singh kumar sharma gupta chen wang zhang liu yang okafor "
        "o'connor macdonald"
    ).split()
)
"""Frequent surnames of several countries, lower case; none that is also a plain word."""

FIRM_WORDS = frozenset(
    "ltd limited inc llc plc corp co company group sons partners gmbh ag sa and und et y".split()
)
"""Words of the names of firms, which often begin like a person's."""

CITIES = frozenset(
    (
        "mensah yilmaz demir o'brien los angeles|chicago|houston|phoenix|philadelphia|san antonio|"
        "jacksonville|fort worth|columbus|charlotte|san francisco|indianapolis|seattle|denver|boston|"
        "nashville|detroit|oklahoma city|portland|las vegas|memphis|louisville|baltimore|milwaukee|"
        "albuquerque|tucson|fresno|sacramento|kansas city|mesa|atlanta|omaha|colorado springs|raleigh|miami|"
        "long beach|virginia beach|oakland|minneapolis|tulsa|tampa|arlington|new orleans|wichita|cleveland|"
        "bakersfield|aurora|anaheim|honolulu|santa ana|riverside|corpus christi|lexington|st. louis|"
        "pittsburgh|anchorage|cincinnati|st. paul|greensboro|toledo|newark|plano|orlando|buffalo|durham|"
        "madison|brooklyn|london|birmingham|manchester|leeds|liverpool|glasgow|edinburgh|bristol|sheffield|"
        "cardiff|belfast|dublin|paris|marseille|lyon|toulouse|nice|nantes|bordeaux|lille|berlin|hamburg|"
        "munich|münchen|cologne|köln|frankfurt|stuttgart|düsseldorf|leipzig|dresden|vienna|wien|zurich|"
        "zürich|geneva|madrid|barcelona|valencia|seville|lisbon|porto|rome|milan|naples|turin|florence|"
        "amsterdam|rotterdam|the hague|brussels|antwerp|copenhagen|stockholm|gothenburg|oslo|helsinki|warsaw|"
        "krakow|prague|budapest|bucharest|athens|istanbul|ankara|moscow|kyiv|toronto|montreal|vancouver|"
        "calgary|ottawa|edmonton|sydney|melbourne|brisbane|perth|adelaide|auckland|tokyo|osaka|kyoto|nagoya|"
        "seoul|busan|beijing|shanghai|shenzhen|guangzhou|mumbai|delhi|new delhi|bangalore|hyderabad|chennai|"
        "kolkata|karachi|lahore|dhaka|jakarta|manila|bangkok|hanoi|cairo|lagos|nairobi|johannesburg|"
        "san diego|dallas|san jose|austin|cape town|são paulo|rio de janeiro|buenos aires|santiago|lima|"
        "bogota|bogotá|caracas|guadalajara"
    ).split("|")
)
"""Large cities, lower case; none that is also a state or a country."""

AREA_CODES = frozenset(
    (
        "201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 220 223 224 225 227 228 229 "
        "231 234 239 240 248 251 252 253 254 256 260 262 267 269 270 272 274 276 279 281 283 301 302 303 "
        "304 305 307 308 309 310 312 313 314 315 316 317 318 319 320 321 323 325 326 327 329 330 331 332 "
        "334 336 337 339 340 341 346 347 350 351 352 360 361 363 364 369 380 385 386 401 402 404 405 406 "
        "407 408 409 410 412 413 414 415 417 419 423 424 425 430 432 434 435 436 440 442 443 445 447 448 "
        "457 458 463 464 469 470 471 472 475 478 479 480 484 501 502 503 504 505 507 508 509 510 512 513 "
        "515 516 517 518 520 530 531 534 539 540 541 551 557 559 561 562 563 564 567 570 571 572 573 574 "
        "575 580 582 585 586 601 602 603 605 606 607 608 609 610 612 614 615 616 617 618 619 620 621 623 "
        "624 626 628 629 630 631 636 640 641 645 646 650 651 656 657 659 660 661 662 667 669 678 679 680 "
        "681 682 686 689 701 702 703 704 706 707 708 712 713 714 715 716 717 718 719 720 724 725 726 727 "
        "728 730 731 732 734 737 740 743 747 754 757 760 762 763 765 769 770 771 772 773 774 775 779 781 "
        "785 786 787 801 802 803 804 805 806 808 810 812 813 814 815 816 817 818 820 821 826 828 830 831 "
        "832 835 838 839 840 843 845 847 848 850 854 856 857 858 859 860 861 862 863 864 865 870 872 878 "
        "901 903 904 906 907 908 909 910 912 913 914 915 916 917 918 919 920 924 925 928 929 930 931 934 "
        "936 937 938 940 941 943 945 947 948 949 951 952 954 956 959 970 971 972 973 975 978 979 980 983 "
        "984 985 986 989 204 226 236 249 250 263 289 306 343 354 365 367 368 382 403 416 418 428 431 437 "
        "438 450 460 468 474 506 514 519 548 579 581 584 587 604 613 639 647 672 683 705 709 742 753 778 "
        "780 782 807 819 825 867 873 879 902 905"
    ).split()
)
"""Telephone area codes in use in the United States and Canada."""

UNUSED_ZIP3 = frozenset(
    (
        "000 001 002 003 004 099 213 269 343 345 348 353 419 428 429 517 518 519 529 533 536 552 568 578 "
        "579 589 621 632 642 643 659 663 682 694 695 696 697 698 699 702 709 715 732 742 771 817 818 819 "
        "839 848 849 854 858 861 862 866 867 868 869 876 886 887 888 892 896 899 909 929 987"
    ).split()
)
"""First three digits that no ZIP code of the United States has."""

_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")


@cache
def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a column name in lower case and the singular.

    Examples:
        >>> words_of("customerFullName"), words_of("SSN_last4"), words_of("phone-numbers")
        (('customer', 'full', 'name'), ('ssn', 'last', '4'), ('phone', 'number'))
    """
    return tuple(_singular(word.lower()) for word in _CAMEL.findall(name))


@cache
def topics_of(name: str) -> tuple[str, ...]:
    """Return what a column name says, the longest phrase first.

    Examples:
        >>> topics_of("patient_fax_no"), topics_of("zipcode"), topics_of("c17"), topics_of("email_verified")
        (('fax',), ('postcode',), (), ())
    """
    words = words_of(name)
    if speaks_of_no_person(name):
        return ()
    joined, spaced = "".join(words), f" {' '.join(words)} "
    found = [
        (-len(phrase), topic)
        for phrase, topic in _BY_PHRASE
        if f" {phrase} " in spaced or phrase.replace(" ", "") in (joined, *words)
    ]
    return tuple(dict.fromkeys(topic for _, topic in sorted(found) if topic != "age" or _is_age(words)))


def speaks_of_no_person(name: str) -> bool:
    """Tell whether a column name says that it is about a thing, an event or a measure.

    Examples:
        >>> speaks_of_no_person("merchant_city"), speaks_of_no_person("home_city")
        (True, False)
    """
    return not _NOT_A_PERSON.isdisjoint(words_of(name))


def _is_age(words: tuple[str, ...]) -> bool:
    return set(words) <= PERSONS | {"age", "at", "in"}


def _singular(word: str) -> str:
    return (
        word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word
    )


_BY_PHRASE = tuple(
    (" ".join(words_of(phrase)), topic) for topic, phrases in PHRASES.items() for phrase in phrases
)
_NOT_A_PERSON = frozenset(map(_singular, NOT_A_PERSON))
