"""HTML building blocks: everything escaped, no script, nothing fetched.

Values become `Markup` only here; any other string is escaped when it is put into a page. The page's policy
allows its one inline style by hash and forbids everything else: hostile text in a data set stays text.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterable, Sequence

from callwright.progress import legible

STYLE = """
:root { --ink: #1c2430; --soft: #5b6776; --line: #dfe4ea; --good: #1f7a4d; --bad: #b3372f; --bar: #3565a9; --pale: #a9b8cc; }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0 0 .2rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; border-bottom: 1px solid var(--line); }
p.lead { font-size: 1.1rem; } .soft { color: var(--soft); } .good { color: var(--good); } .bad { color: var(--bad); }
table { border-collapse: collapse; width: 100%; margin: .6rem 0; } th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; color: var(--soft); } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
code, pre { font: 13px/1.45 ui-monospace, monospace; } pre { background: #f5f7f9; padding: .7rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
td code { display: inline-block; min-width: 12rem; overflow-wrap: anywhere; white-space: pre-wrap; }
svg { max-width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: var(--ink); }
details { margin: .4rem 0; } summary { cursor: pointer; }
@media (max-width: 45rem) { table { display: block; overflow-x: auto; } }
@media print { body { margin: 0; max-width: none; } details { break-inside: avoid; } }
"""  # noqa: E501  # one rule per line reads better than wrapped CSS


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
    """Return a table; the columns named in `numeric` are aligned right, empty headers are left out."""
    right = set(numeric)
    head = [tag("th", h, css="n" if i in right else "") for i, h in enumerate(headers)]
    body = [tag("tr", *(tag("td", c, css="n" if i in right else "") for i, c in enumerate(r))) for r in rows]
    top = [tag("thead", tag("tr", *head))] if any(headers) else []
    return tag("table", *top, tag("tbody", *body))


def section(title: str, *content: object) -> Markup:
    """Return a titled section."""
    return tag("section", tag("h2", title), *content)


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
