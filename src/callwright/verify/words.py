"""The word tables that grounding needs: number words, units, months, abbreviations. Data only."""

from __future__ import annotations


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


NUMBER_WORDS: dict[str, float] = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15,
    "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30,
    "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
    "ninth": 9, "tenth": 10, "eleventh": 11, "twelfth": 12, "twentieth": 20, "thirtieth": 30,
    "once": 1, "single": 1, "twice": 2, "double": 2, "couple": 2, "pair": 2, "both": 2, "thrice": 3,
    "triple": 3, "dozen": 12, "half": 0.5, "quarter": 0.25, "squared": 2, "cubed": 3, "none": 0,
    "quadratic": 2, "cubic": 3, "binary": 2, "annually": 1, "quarterly": 4, "monthly": 12,
}  # fmt: skip

SCALES: dict[str, float] = {
    "hundred": 100, "thousand": 1e3, "k": 1e3, "million": 1e6, "m": 1e6, "mn": 1e6, "mil": 1e6,
    "billion": 1e9, "b": 1e9, "bn": 1e9, "trillion": 1e12, "lakh": 1e5, "crore": 1e7,
    "hundreds": 100, "thousands": 1e3, "millions": 1e6, "dozen": 12, "dozens": 12,
}  # fmt: skip

_DIMENSIONS: tuple[dict[str, float], ...] = (
    {"ms millisecond milliseconds": 0.001, "s sec secs second seconds": 1, "min mins minute minutes": 60,
     "h hr hrs hour hours": 3600, "day days": 86400, "week weeks fortnight": 604800,
     "month months": 2629800, "year years yr yrs": 31557600},
    {"month months": 1, "year years yr yrs": 12, "quarter quarters": 3, "decade decades": 120},
    {"day days": 1, "month months": 30, "year years": 365},
    {"mm millimeter millimeters": 0.001, "cm centimeter centimeters centimetres": 0.01,
     "m meter meters metre metres": 1, "km kilometer kilometers kilometre kilometres kms": 1000,
     "mile miles mi": 1609.344, "ft foot feet": 0.3048, "inch inches in": 0.0254, "yard yards": 0.9144,
     "nm nanometer nanometers": 1e-9},
    {"mg milligram milligrams": 1e-6, "g gram grams": 0.001, "kg kilogram kilograms kilos kgs": 1,
     "ton tons tonne tonnes": 1000, "lb lbs pound pounds": 0.453592, "oz ounce ounces": 0.0283495},
    {"b byte bytes": 1, "kb kilobyte kilobytes": 1e3, "mb megabyte megabytes": 1e6,
     "gb gigabyte gigabytes": 1e9, "tb terabyte terabytes": 1e12},
    {"cent cents": 0.01, "dollar dollars": 1},
    {"nc nanocoulomb": 1e-9, "uc μc microcoulomb microcoulombs": 1e-6, "c coulomb coulombs": 1},
    {"pa pascal pascals": 1, "kpa": 1e3, "atm atmosphere atmospheres": 101325},
    {"w watt watts": 1, "kw kilowatt kilowatts": 1e3, "mw megawatt megawatts": 1e6},
    {"liter liters litre litres l": 1, "ml milliliter milliliters": 0.001, "gallon gallons": 3.78541},
)  # fmt: skip

SECONDS_DIMENSION = 0
"""Place of the times that are counted in seconds."""

UNITS: dict[str, tuple[tuple[int, float], ...]] = {}
"""Unit word → (dimension, factor to its base unit), one entry per dimension that knows the word."""
for _number, _units in enumerate(_DIMENSIONS):
    for _names, _factor in _units.items():
        for _name in _names.split():
            UNITS[_name] = (*UNITS.get(_name, ()), (_number, _factor))

FACTORS: tuple[tuple[float, ...], ...] = tuple(tuple(units.values()) for units in _DIMENSIONS)
"""The factors of every unit of a dimension."""

MONTHS: dict[str, int] = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul",
         "august aug", "september sep sept", "october oct", "november nov", "december dec"), 1
    )
    for name in names.split()
}  # fmt: skip

RELATIVE_DATE_WORDS = _set(
    "today tonight tomorrow yesterday now current currently latest recent recently upcoming next last past "
    "previous this ago later from weekend weekday week month year monday tuesday wednesday thursday friday "
    "saturday sunday morning afternoon evening night noon midnight christmas easter halloween thanksgiving "
    "day days weeks months years spring summer autumn fall winter annual daily weekly decade century"
)

STOP_WORDS = _set(
    "a an the of in on at to for and or by with from as is are be this that these those it its my me i you "
    "your our their his her do does can could would please into about"
)

NEGATIONS = _set(
    "no not without don't dont doesn't never exclude excluding except disable disabled avoid skip neither "
    "isn't aren't won't shouldn't nor off none only skip ignore omit hide excluding lacks lacking minus"
)

FLAG_WORDS = _set(
    "is has have include includes including with use enable enabled allow show should whether true false "
    "flag if default value boolean will indicates set"
)
"""What flags are called beside what they are about."""

PARTS_OF_DAY = _set("morning afternoon evening night noon lunch dinner breakfast now")

UNCONSTRAINED = _set("any all none dontcare default null unspecified")
"""Values that say that nothing was asked for."""

_SHORT: dict[str, str] = {
    # abbreviation → what people say instead; phrases separated by |
    "al": "alabama", "ak": "alaska", "az": "arizona", "ar": "arkansas|arabic", "ca": "california|canada",
    "co": "colorado|colombia", "ct": "connecticut", "de": "delaware|german|germany", "fl": "florida",
    "ga": "georgia", "hi": "hawaii|hindi", "id": "idaho|indonesian", "il": "illinois",
    "in": "indiana|india", "ia": "iowa", "ks": "kansas", "ky": "kentucky", "la": "louisiana|los angeles",
    "me": "maine", "md": "maryland", "ma": "massachusetts", "mi": "michigan|mile", "mn": "minnesota",
    "ms": "mississippi", "mo": "missouri", "mt": "montana", "ne": "nebraska", "nv": "nevada",
    "nh": "new hampshire", "nj": "new jersey", "nm": "new mexico", "ny": "new york",
    "nyc": "new york", "nc": "north carolina", "nd": "north dakota", "oh": "ohio", "ok": "oklahoma",
    "or": "oregon", "pa": "pennsylvania", "ri": "rhode island", "sc": "south carolina",
    "sd": "south dakota", "tn": "tennessee", "tx": "texas", "ut": "utah", "vt": "vermont",
    "va": "virginia", "wa": "washington", "wv": "west virginia", "wi": "wisconsin", "wy": "wyoming",
    "dc": "washington", "sf": "san francisco", "sfo": "san francisco", "lax": "los angeles",
    "jfk": "new york", "us": "united states|america|u.s|american",
    "gb": "britain|united kingdom|england|london| uk",
    "usa": "united states|america|u.s", "uk": "united kingdom|britain|england|london|ukrainian",
    "eu": "europe", "en": "english", "es": "spanish|spain", "fr": "french|france", "it": "italian|italy",
    "ja": "japanese", "jp": "japan", "zh": "chinese|mandarin", "cn": "china", "ko": "korean",
    "kr": "korea", "pt": "portuguese|portugal", "ru": "russian|russia", "nl": "dutch|netherlands",
    "sv": "swedish", "tr": "turkish|turkey", "pl": "polish|poland", "vi": "vietnamese",
    "usd": "dollar|$|us currency", "eur": "euro|€", "gbp": "pound|£|sterling", "jpy": "yen|¥",
    "cny": "yuan|rmb", "inr": "rupee|₹", "aud": "australian dollar", "cad": "canadian dollar",
    "chf": "franc", "mxn": "peso", "krw": "won", "btc": "bitcoin", "eth": "ethereum",
    "sek": "krona|kronor|swedish crown", "nok": "krone|norwegian crown", "dkk": "krone|danish crown",
    "pln": "zloty|złoty", "czk": "koruna|czech crown", "huf": "forint", "try": "lira", "thb": "baht",
    "sgd": "singapore dollar", "hkd": "hong kong dollar", "nzd": "new zealand dollar",
    "brl": "reais|brazilian real", "zar": "rands|african rand",
    "mon": "monday", "tue": "tuesday", "wed": "wednesday", "thu": "thursday", "fri": "friday",
    "sat": "saturday", "sun": "sunday", "km": "kilometer|kilometre", "kg": "kilogram",
    "lb": "pound", "lbs": "pound", "celsius": "°c", "fahrenheit": "°f", "metric": "celsius|kilomet|kg",
    "imperial": "fahrenheit|miles|pounds", "male": " man|boy|gentleman|he ", "female": "woman|girl|lady|she ",
    "descending": "highest|largest|latest|newest|most recent|reverse", "desc": "descending|highest|latest",
    "ascending": "lowest|smallest|oldest|cheapest|increasing", "asc": "ascending|lowest|oldest",
    "js": "javascript", "py": "python", "avg": "average", "mean": "average", "std": "standard deviation",
    "pct": "percent", "temp": "temperature", "qty": "quantity", "max": "maximum|highest",
    "min": "minimum|lowest|minutes", "m": "meter|metre", "cm": "centimet", "mm": "millimet",
    "ft": "feet|foot", "g": "gram", "hr": "hour", "sec": "second", "txt": "text", "c": "celsius|°c",
    "f": "fahrenheit|°f", "high": "strong|urgent|top", "low": "weak|minor", "mid": "medium|moderate",
    "medium": "moderate|mid|intermediate", "large": "big", "small": "little|tiny", "s": "small", "l": "large",
    "xl": "extra large",
    # plain synonyms that tools and people put in each other's place
    "delete": "remove|erase|cancel", "remove": "delete", "add": "create|remember|insert",
    "create": "add|make|new", "update": "change|modify|edit", "modify": "change|update", "buy": "purchas",
    "purchase": "buy", "start": "turn on|turned on|begin", "stop": "turn off|turned off|end",
    "on": "start|enable", "off": "stop|disable", "comedy": "comic|funny|humor|humour",
    "animation": "cartoon|animated", "horror": "scary|ghost", "thriller": "suspens",
    "sci": "science fiction|scientific fiction|sci",
    "fi": "science fiction|scientific fiction|scifi|sci-fi|finnish|finland",
    "theater": "theatre|drama|broadway|play", "theatre": "theater|drama|broadway|play",
    "music": "concert|song|band", "psychologist": "therapist|mental health", "counselor": "therapist|counsel",
    "therapist": "psychologist|counsel", "luxury": "luxur|premium|comfort", "pool": "shared|share",
    "women": "woman|female|lady|ladies", "men": "man|male|gentlem", "movie": "film", "film": "movie",
    "car": "vehicle|auto", "vehicle": "car", "vaporization": "boil|steam|evaporat", "carbohydrates": "carbs",
    "gasoline": "gas", "gas": "gasoline", "ev": "electric vehicle|electric car", "apartment": "flat",
    "flat": "apartment",
    # nicknames, codes of exchanges, airports and languages
    "philadelphia": "philly", "chicago": "chi-town", "francisco": "san fran|frisco", "york": "big apple|nyc",
    "angeles": "lax", "aapl": "apple", "googl": "google|alphabet", "goog": "google|alphabet",
    "msft": "microsoft", "amzn": "amazon", "tsla": "tesla", "nflx": "netflix", "nvda": "nvidia",
    "da": "danish", "no": "norwegian", "he": "hebrew", "th": "thai", "cs": "czech", "el": "greek",
    "hu": "hungarian", "ro": "romanian", "hy": "armenian", "bg": "bulgarian", "ber": "berlin",
    "lhr": "london", "cdg": "paris",
}  # fmt: skip

ALIASES: dict[str, tuple[str, ...]] = {
    short: tuple(map(str.strip, said.split("|"))) for short, said in _SHORT.items()
}
"""What a user may have said when a value uses the short or technical word."""
