"""Programs made up at random from the part of Python that Monty is trusted with: material of test_monty."""

import random
import re

PARAMETERS = {
    "number": "int", "amount": "float", "text": "str", "flag": "bool", "numbers": "list[int]",
    "amounts": "list[float]", "words": "list[str]", "counts": "dict[str, int]",
}  # fmt: skip
_PLACE = re.compile(r"\{(int|float|str|bool|ints|floats|strs|counts)\}")
_LEAVES = {
    "int": ["number", "0", "1", "-3", "7", "1000", "LIMIT", "total"],
    "float": ["amount", "0.5", "2.675", "-1.25", "40.85", "1e10", "RATES['EUR']", "share"],
    "str": ["text", "''", "'a,b c'", "'Rome'", "'ß'", "CITIES[0]", "label"],
    "bool": ["flag", "True", "False"],
    "ints": ["numbers", "[3, 1, 2]", "[]", "found"],
    "floats": ["amounts", "[0.1, 0.2, 0.3]", "list(RATES.values())"],
    "strs": ["words", "CITIES", "['b', 'A']", "lines"],
    "counts": ["counts", "{'a': 1, 'b': 2}", "{}", "tally"],
}
_EXPRESSIONS = {
    "int": """({int} + {int}) || ({int} - {int}) || ({int} * {int}) || ({int} // {int}) || ({int} % {int})
        -{int} || len({str}) || len({ints}) || len({counts}) || int({float}) || int({str})
        round({float}) || abs({int}) || max({int}, {int}) || min({ints}, default={int}) || sum({ints})
        {ints}[0] || {ints}[-1] || ({int} if {bool} else {int}) || {str}.count({str}) || {str}.find({str})
        {counts}.get({str}, {int}) || zlib.crc32({str}.encode()) || divmod({int}, {int})[1]
        pow({int}, 3) || math.floor({float}) || math.gcd({int}, {int}) || sum(len(w) for w in {strs})
        len({w[:1] for w in {strs}}) || _double({int})
        functools.reduce(lambda a, b: a + b, {ints}, {int}) || {ints}.count({int}) || ({int} & {int})
        ({int} << ({int} % 9)) || ord(({str} or 'q')[0]) || OPERATIONS['plus']({int}, {int})
        counts['Rome'] || sum(1 for w in {strs} if w in {'a', 'Rome'})""",
    "float": """({float} + {float}) || ({float} - {int}) || ({float} * {float}) || ({float} / {int})
        {int} / {int} || round({float}, 2) || round({float}, {int} % 5) || round({int} / 8, 1)
        float({int}) || float({str}) || sum({floats}) || max({floats}, default={float}) || abs({float})
        math.sqrt(abs({float})) || ({float} % 3) || math.sin({float}) || math.exp({float} % 7)
        math.hypot({float}, {float}) || math.fsum({floats}) || ({float} // 0.7) || abs({float}) ** 0.3
        RATES.get({str}, {float}) || ({float} if {bool} else {float})
        sum(a * b for a, b in zip({floats}, {ints}))""",
    "str": """({str} + {str}) || {str}.upper() || {str}.lower() || {str}.title() || {str}.casefold()
        {str}.strip() || {str}.capitalize() || {str}.replace({str}, {str}) || ', '.join({strs})
        str({int}) || str({float}) || format({float}, '.2f') || format({float}, ',.1f')
        format({float}, 'g') || format({int}, '06d') || {str}[:3] || format({int}, ',') || {str}[::-1]
        {str} * 2 || {str}.zfill(6) || {str}.center(9) || str({floats}) || ({str} or {str})
        {str}.partition({str})[2] || ''.join(sorted({str})) || ' '.join(map(str, {ints}))
        ''.join(reversed({str})) || json.dumps({counts}) || json.dumps({strs}, ensure_ascii=False)
        repr({str}) || hashlib.md5({str}.encode()).hexdigest() || '%s: %5.1f' % ({str}, {float})
        _shout({str}) || f'{number:>8,}|{amount:.3f}|{text!r:^12}|{label}'
        '{} {:>4}'.format({str}, {int}) || max({strs}, key=len, default='') || {strs}[1]""",
    "bool": """({int} < {int}) || ({float} >= {int}) || ({str} in {strs}) || ({str} in {str})
        ({str} in {counts}) || not {bool} || ({bool} and {bool}) || ({bool} or {bool}) || {str}.isdigit()
        {str}.isalpha() || {str} < {str} || {str}.startswith({str}) || any(w.isupper() for w in {strs})
        all(i > 0 for i in {ints}) || bool({ints}) || ({ints} == {ints}) || isinstance({int}, int)
        (0 < {int} <= {int}) || {str} is None""",
    "ints": """sorted({ints}) || sorted({ints}, reverse=True) || ({ints} + {ints}) || {ints}[1:]
        [i * 2 for i in {ints}] || [i for i in {ints} if i % 2] || list(range({int} % 6))
        list({counts}.values()) || sorted(set({ints})) || [len(w) for w in {strs}]
        list(map(abs, {ints})) || list(itertools.accumulate({ints})) || list(reversed({ints}))
        [a - b for a, b in itertools.pairwise({ints})] || [i * n for i, n in enumerate({ints}, 1)]
        list({str}.encode()) || list(filter(None, {ints})) || [min(a, b) for a, b in zip({ints}, {ints})]
        [{int}, *{ints}]""",
    "floats": """sorted({floats}) || [round(x, 1) for x in {floats}] || [x / 3 for x in {ints}]
        {floats}[:2] || [{float}, {float}]""",
    "strs": """{str}.split() || {str}.split(',') || sorted({strs})
        sorted({strs}, key=lambda w: (len(w), w)) || list({str}) || [w.lower() for w in {strs}]
        [w for w in {strs} if w] || list({counts}) || sorted({counts}.keys())
        [f'{k}={n}' for k, n in sorted({counts}.items())] || {strs}[::-1] || [str(i) for i in {ints}]""",
    "counts": """{**{counts}, {str}: {int}} || {w: len(w) for w in {strs}} || dict(zip({strs}, {ints}))
        {k: n + 1 for k, n in {counts}.items() if n} || dict(sorted({counts}.items()))
        ({counts} | {counts})""",
}
_STATEMENTS = """total = {int} || share = {float} || label = {str} || found = {ints} || lines = {strs}
    tally = {counts} || total += {int} || total *= 2 || share -= {float} || share *= 1.1 || label += {str}
    found = sorted(found) || kept.append({int}) || kept.extend({ints}) || kept.sort()
    groups[{str}] = {int} || groups[{str}] = groups.get({str}, 0) + 1 || groups.update({counts})
    groups.pop({str}, None) || if {bool}: total = {int} || for i in {ints}: total += i
    for w in {strs}: label += w[:1] || for i, w in enumerate({strs}): kept.append(i * len(w))
    for k, n in {counts}.items(): groups[k] = n * 2
    for w, i in zip({strs}, {ints}): named.setdefault(w, []).append(i)
    for w in {strs}: seen.add(w.lower()) || if {str} in seen: total -= 1
    while total > 10 ** 6: total //= 7 || first, *others = {ints}
    for w in reversed({strs}): lines = [*lines, w] || total, number = number, total"""
_HEAD = """
import functools, hashlib, itertools, json, math, zlib

LIMIT = 12
RATES = {"EUR": 1.0, "USD": 1.08, "GBP": 0.85}
CITIES = ["Rome", "Oslo", "New York"]
OPERATIONS = {"plus": lambda a, b: a + b}

def _double(value):
    return value * 2

def _shout(text):
    return text.upper() + "!"
"""


def _choices(text: str) -> list[str]:
    return [choice.strip() for line in text.splitlines() for choice in line.split(" || ")]


EXPRESSIONS = {kind: _choices(text) for kind, text in _EXPRESSIONS.items()}
STATEMENTS = _choices(_STATEMENTS)


def expression(dice: random.Random, kind: str, depth: int) -> str:
    """Return an expression of a kind."""
    if depth == 0 or dice.random() < 0.2:
        return dice.choice(_LEAVES[kind])
    return f"({filled(dice, dice.choice(EXPRESSIONS[kind]), depth - 1)})"


def filled(dice: random.Random, template: str, depth: int) -> str:
    return _PLACE.sub(lambda place: expression(dice, place[1], depth), template)


def function(dice: random.Random, name: str) -> str:
    """Return the source of a tool with the parameters of PARAMETERS."""
    lines = [
        f"def {name}({', '.join(f'{p}: {t}' for p, t in PARAMETERS.items())}):",
        "total, share, label, found, lines, tally = 0, 0.5, '', [], [], {}",
        "kept = []",
        "groups = {}",
        "named = {}",
        "seen = set()",
        *(filled(dice, dice.choice(STATEMENTS), 2) for _ in range(dice.randint(0, 6))),
    ]
    if dice.random() < 0.3:
        risky = dice.choice(
            ["counts[text]", "numbers[number]", "100 // number", "RATES[text]", "kept.pop(number)"]
        )
        lines += [f"try: total = {risky}", "except (KeyError, IndexError, ZeroDivisionError): total = -1"]
    results = ", ".join(expression(dice, dice.choice(list(_LEAVES)), 3) for _ in range(3))
    lines.append(
        f"return {{'total': total, 'kept': kept, 'groups': groups, 'named': named, 'other': [{results}]}}"
    )
    return "\n    ".join(lines) + "\n"


def module(dice: random.Random, count: int) -> str:
    """Return the source of a file of tools."""
    return "\n\n".join([_HEAD, *(function(dice, f"tool_{i}") for i in range(count))])
