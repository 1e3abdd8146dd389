"""How people write values: dates, times, numbers, money, codes, lists.

Each function returns one of several spellings of the same value; the call keeps the plain value.

    >>> import random
    >>> date_text("2026-05-03", random.Random(4))
    'May 3, 2026'
"""

from __future__ import annotations

import random
import re

from callwright.synthesize.pools import CURRENCIES, MONTHS

NUMBER_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
"eleven",
                "twelve")  # fmt: skip


def date_text(iso: str, rng: random.Random) -> str:
    """Write an ISO date one of the ways that name day, month and year without doubt."""
    year, month, day = iso.split("-")
    name, number = MONTHS[int(month) - 1], int(day)
    ways = (
        iso,
        f"{name} {number}, {year}",
        f"{number} {name} {year}",
        f"the {ordinal(number)} of {name} {year}",
        f"{name} {ordinal(number)}, {year}",
        f"{number} {name[:3]} {year}" if name != "May" else f"{number} May {year}",
    )
    return rng.choices(ways, (3, 4, 3, 1, 2, 1))[0]


def ordinal(number: int) -> str:
    """Write 3 as 3rd."""
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def time_text(clock: str, rng: random.Random) -> str:
    """Write "19:30…" as 19:30 or 7:30 pm."""
    hour, minute = int(clock[:2]), clock[3:5]
    twelve = hour % 12 or 12
    half_day = "am" if hour < 12 else "pm"
    ways = [f"{hour:02d}:{minute}", f"{twelve}:{minute} {half_day}", f"{twelve}:{minute}{half_day}"]
    if minute == "00":
        ways += [f"{twelve} {half_day}", f"{twelve}{half_day}"]
    return rng.choice(ways)


def number_text(value: float, rng: random.Random, words: bool) -> str:
    """Write a number in digits; a small count also as a word, where `words` says that this reads well."""
    if isinstance(value, int):
        if words and 1 <= value < len(NUMBER_WORDS) and rng.random() < 0.35:
            return NUMBER_WORDS[value]
        return str(value)
    return f"{value:.2f}" if round(value, 2) == value and rng.random() < 0.5 else repr(value)


def currency_text(code: str, rng: random.Random) -> str:
    """Write a currency code as code or by name."""
    return CURRENCIES[code] if code in CURRENCIES and rng.random() < 0.6 else code


def money_text(amount: str, currency: str, rng: random.Random) -> str:
    """Join an amount and its currency the way people do: 250 euros, 250 EUR, EUR 250."""
    if len(currency) == 3 and currency.isupper() and rng.random() < 0.3:
        return f"{currency} {amount}"
    return f"{amount} {currency}"


def plain_words(value: str) -> str:
    """Write an identifier-like value as words: business_class, oneWay → business class, one way."""
    if re.fullmatch(r"[A-Z0-9]+", value) or not re.fullmatch(r"[\w-]+", value):
        return value
    if "_" in value or re.search(r"[a-z]-[a-z]", value):
        return value.replace("_", " ").replace("-", " ")
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", value).lower() if re.search(r"[a-z][A-Z]", value) else value


def join(parts: list[str], rng: random.Random, last: str = "and") -> str:
    """Join a list as in speech: a, b and c."""
    if len(parts) < 2:
        return "".join(parts)
    comma = "," if len(parts) > 2 and rng.random() < 0.3 else ""
    return f"{', '.join(parts[:-1])}{comma} {last} {parts[-1]}"


def quoted(text: str, rng: random.Random) -> str:
    """Put a text in quotation marks of some kind that does not clash with its own."""
    if '"' in text:
        return f"“{text}”"
    if "'" in text or rng.random() < 0.7:
        return f'"{text}"'
    return rng.choice((f"'{text}'", f"“{text}”"))


def article(following: str) -> str:
    """Return "a" or "an" as the following word sounds; a number is read aloud."""
    if re.match(r"(8|11\b|18\b|8\d)", following):
        return "an"
    if re.match(r"(?i)(one\b|uni|use|eur|once)", following):
        return "a"
    return "an" if following[:1].lower() in "aeiou" and following[:1] else "a"
