"""HTML building blocks: everything escaped, no script, nothing fetched.

Values become `Markup` only here; any other string is escaped when it is put into a page. The page's policy
allows its one inline style by hash and forbids everything else: hostile text in a data set stays text.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from callwright.progress import legible

COLOURS = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1c2430; --soft: #5b6776; --line: #dfe4ea; --shade: #f5f7f9; --good: #1f7a4d; --bad: #b3372f; --bar: #3565a9; --pale: #a9b8cc; --learnt: #cfe8d9; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181d; --ink: #e4e9ef; --soft: #9aa7b5; --line: #2c343d; --shade: #1c2229; --good: #57c08a; --bad: #f0837a; --bar: #7aa7e6; --pale: #56657a; --learnt: #23513a; } }
"""  # noqa: E501  # one rule per line reads better than wrapped CSS
"""By their roles; for a bright and for a dark screen."""
_RULES = """* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0 0 .2rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; border-bottom: 1px solid var(--line); } h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
p { overflow-wrap: anywhere; } p.lead { font-size: 1.1rem; } .soft { color: var(--soft); } .good { color: var(--good); } .bad { color: var(--bad); }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1rem; } a { color: var(--bar); }
:focus-visible { outline: 2px solid var(--bar); outline-offset: 2px; }
div.wide { overflow-x: auto; margin: .6rem 0; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; color: var(--soft); } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
code, pre { font: 13px/1.45 ui-monospace, monospace; } pre { background: var(--shade); padding: .7rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
td code { display: inline-block; min-width: 12rem; overflow-wrap: anywhere; white-space: pre-wrap; }
mark { background: var(--learnt); color: inherit; border-right: 1px solid var(--paper); }
svg { max-width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: var(--ink); }
details { margin: .4rem 0; } summary { cursor: pointer; }
@media print { body { margin: 0; max-width: none; } details { break-inside: avoid; } }
"""  # noqa: E501  # one rule per line reads better than wrapped CSS
STYLE = COLOURS + _RULES


class Markup(str):
    """Text that is HTML already; everything else is escaped."""

    __slots__ = ()


def escape(text: object) -> Markup:
    """Return `text` as HTML; control and bidirectional-override characters become visible."""
    if isinstance(text, Markup):
        return text
    return Markup(html.escape(legible(str(text))))


def tag(name: str, *content: object, css: str = "") -> Markup:
    """Return an element around escaped content."""
    attribute = f' class="{html.escape(css)}"' if css else ""
    return Markup(f"<{name}{attribute}>{''.join(escape(c) for c in content)}</{name}>")


def table(headers: Sequence[object], rows: Iterable[Sequence[object]], numeric: Iterable[int] = ()) -> Markup:
    """Return a table; the columns named in `numeric` are aligned right, empty headers are left out.

    Where it is wider than the window it is scrolled by itself, by keys as well.
    """
    right = set(numeric)
    head = [tag("th", h, css="n" if i in right else "") for i, h in enumerate(headers)]
    body = [tag("tr", *(tag("td", c, css="n" if i in right else "") for i, c in enumerate(r))) for r in rows]
    top = [tag("thead", tag("tr", *head))] if any(headers) else []
    inside = tag("table", *top, tag("tbody", *body))
    return Markup(f'<div class="wide" tabindex="0" role="region" aria-label="table">{inside}</div>')


class Section(NamedTuple):
    """A part of a page that its table of contents names."""

    title: str
    name: str
    """What a link inside the page calls it."""
    content: Markup


def section(title: str, *content: object) -> Section:
    """Return a titled section."""
    name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    inside = "".join(escape(c) for c in (tag("h2", title), *content))
    return Section(title, name, Markup(f'<section id="{name}">{inside}</section>'))


def contents(sections: Sequence[Section]) -> Markup:
    """Return links to the sections of this page; nothing for fewer than two."""
    if len(sections) < 2:
        return Markup("")
    links = (f'<a href="#{one.name}">{escape(one.title)}</a>' for one in sections)
    return Markup(f'<nav aria-label="Contents">{" ".join(links)}</nav>')


def tokens(spans: Iterable[tuple[str, float]]) -> Markup:
    """Return texts with their weights; those that are learnt are marked."""
    return tag("pre", *(tag("mark", text) if weight > 0 else text for text, weight in spans), css="tokens")


def fold(title: str, *content: object) -> Markup:
    """Return content that opens on a click, without a script."""
    return tag("details", tag("summary", title), *content)


def page(title: str, *content: object) -> str:
    """Return the whole document."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    body = "\n".join(escape(c) for c in content)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )
