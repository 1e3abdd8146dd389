"""Rewrite the generated parts of README.md and docs: what stands between the markers of a block.

    python docs/generate.py        # `make docs`; CI runs it and fails when anything changes

A block is ``<!-- generated:NAME -->`` … ``<!-- /generated -->``; `BLOCKS` says what fills it. All of it comes
from the code: tables, docstrings, options, and examples that are rendered or judged on the spot. What the
code can not tell stands in `notes` and `check_examples`; their tables must name exactly what the code has, so
that a new verb, source or finding can not be forgotten.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import check_examples
import show_studies
import show_variants
import typer
from measure_runs import MEASURES
from notes import FIELDS, VERBS

from callwright import formats, options, pair, schema, synthesize, unify
from callwright.cli import app
from callwright.evaluate.bfcl.data import CATEGORIES, PYTHON_NON_LIVE
from callwright.evaluate.stats import minimum_detectable_difference
from callwright.formats import FORMATS, Reply
from callwright.formats.layout import STYLES, USUAL, Layout
from callwright.record import Message, Task, Tool, ToolCall, Trajectory
from callwright.settings import BlendSettings
from callwright.synthesize import quality
from callwright.train import Details, DpoConfig, SftConfig
from callwright.train.architectures import PACKED
from callwright.train.config import TrainConfig
from callwright.verify import CHECKS, ERROR_CLASSES
from callwright.verify.funnel import CLASSES

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "callwright"

SEEN: dict[str, Any] = json.loads((ROOT / "docs" / "sources.json").read_text(encoding="utf-8"))
"""What `measure_sources` counted."""
README_MAP = ("record", "schema", "store", "engine", "formats", "toolbox", "models", "build")
"""Units that the README names beside the verbs' own; docs/map.md names all."""


def main() -> None:
    """Write every page whose generated parts are out of date, and name it."""
    for path, text in files().items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stderr.write(f"rewrote {path.relative_to(ROOT)}\n")


def files() -> dict[Path, str]:
    """Return all that is generated: pages, and the plots that they show."""
    return show_studies.plot_files() | pages()


def pages() -> dict[Path, str]:
    """Return every page that holds a block, with its blocks filled."""
    paths = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return {path: filled(path.read_text(encoding="utf-8")) for path in paths}


def filled(text: str) -> str:
    """Return a page with its blocks filled; raises KeyError for a block that nobody makes."""
    block = re.compile(r"(<!-- generated:([a-z-]+) -->\n).*?(<!-- /generated -->)", re.DOTALL)
    return block.sub(lambda found: f"{found[1]}{BLOCKS[found[2]]().strip()}\n{found[3]}", text)


# --- verbs and options ----------------------------------------------------------------------------


def commands() -> dict[str, Any]:
    """Return every verb's parser, in the order of `VERBS`."""
    root: Any = typer.main.get_command(app)
    found = dict(root.commands)
    found |= {f"train {name}": parser for name, parser in found.pop("train").commands.items()}
    require_equal("VERBS", VERBS, found)
    return {name: found[name] for name in VERBS}


def option_line(parameter: Any) -> tuple[str, str, str]:
    """Return how an option is written, its default and what it means."""
    positional = not parameter.opts[0].startswith("-")
    names = parameter.opts[0].upper() if positional else ", ".join(parameter.opts)
    text, _, noted = (parameter.help or "").partition("[default: ")
    default = noted.removesuffix("]") or parameter.default
    shown = "" if default in (None, False, "") else f"`{default}`"
    return f"`{names}`", "required" if parameter.required else shown, " ".join(text.split())


def verbs_block() -> str:
    """Return the table of verbs."""
    lines = [(f"`{name}`", *VERBS[name]) for name in commands()]
    return table(("verb", "reads", "writes", "question it answers"), lines)


def help_block() -> str:
    """Return every verb with its options."""
    parts = []
    for name, parser in commands().items():
        parameters = sorted(parser.params, key=lambda p: p.opts[0].startswith("-"))
        lines = [option_line(p) for p in parameters]
        about = " ".join(str(parser.help).split())
        parts.append(f"## {name}\n\n{about}\n\n" + table(("option", "default", "meaning"), lines))
    return "\n\n".join(parts)


# --- the map of the code --------------------------------------------------------------------------


def first_sentence(path: Path) -> str:
    """Return the first sentence of a file's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    paragraph = " ".join(text.partition("\n\n")[0].split())
    return re.split(r"(?<=[.!?]) (?=[A-Z`])", paragraph)[0].rstrip(".").replace("``", "`")


def units() -> dict[str, Path]:
    """Return every unit of the package, name → file that says what it is for."""
    files = {p.stem: p for p in SOURCE.glob("*.py") if not p.stem.startswith("__")}
    rooms = {p.parent.name: p for p in SOURCE.glob("*/__init__.py")}
    return dict(sorted((files | rooms).items()))


def readme_map_block() -> str:
    """Return the units that the README names, one line each."""
    known = units()
    width = max(map(len, README_MAP)) + 3
    lines = (f"{_shown(known[name]):<{width}} {first_sentence(known[name])}" for name in README_MAP)
    return "```text\nsrc/callwright/\n" + "\n".join(f"  {line}" for line in lines) + "\n```"


def _shown(path: Path) -> str:
    return f"{path.parent.name}/" if path.name == "__init__.py" else path.name


def map_block() -> str:
    """Return every file of the package with the first sentence of its docstring."""
    parts = []
    for name, path in units().items():
        parts.append(f"- **{_shown(path)}** {first_sentence(path)}")
        if path.name == "__init__.py":
            inner = sorted(p for p in (SOURCE / name).rglob("*.py") if p != path)
            parts += [f"  - `{p.relative_to(SOURCE / name)}` {first_sentence(p)}" for p in inner]
    return "\n".join(parts)


# --- checks ---------------------------------------------------------------------------------------


def issue_codes() -> set[str]:
    """Return every code that a check can yield, read from the sources."""
    found = set(schema.ISSUE_CODES)
    for path in (SOURCE / "verify").rglob("*.py"):
        if path.parent.name == "selfcheck":
            continue  # it names codes, and yields none
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "code":
                constants = (c.value for c in ast.walk(node.value) if isinstance(c, ast.Constant))
                found |= {value for value in constants if isinstance(value, str)}
    return found


def checks_block() -> str:
    """Return every finding by check, judged on an example row."""
    found = {check: list(check_examples.findings(check)) for check in check_examples.EXAMPLES}
    codes = {finding.issue.code: check for check, several in found.items() for finding in several}
    require_equal("check_examples.EXAMPLES", codes, dict.fromkeys(issue_codes()))
    files = {name: Path(inspect.getfile(check)) for name, check in CHECKS.items()}
    files |= {
        "execution": SOURCE / "verify" / "execution.py",
        "repairs": SOURCE / "verify" / "fix.py",
        "judges": SOURCE / "verify" / "judge" / "decision.py",
    }
    parts = []
    for check, several in found.items():
        told = f"{first_sentence(files[check])}\n\n" if check in files else ""
        lines = [_finding_line(finding) for finding in several]
        parts.append(
            f"### {check}\n\n{told}" + table(("code", "what becomes of the row", "meaning", "example"), lines)
        )
    return "\n\n".join(parts)


def _finding_line(finding: check_examples.Finding) -> tuple[str, ...]:
    issue = finding.issue
    fate = {"error": "dropped", "warning": "kept, warned", "info": "kept, noted"}[issue.severity]
    fate = "fixed by `--fix`, else dropped" if finding.fixed else fate
    fate = f"{fate}, by design" if issue.by_design else fate
    told = [f"expected {issue.expected}"] if issue.expected else []
    told += [f"got {issue.got[:160]}"] if issue.got else []
    return f"`{issue.code}`", fate, finding.example.meaning, f"`{issue.path}`: {', '.join(told)}"


def error_classes_block() -> str:
    """Return the error classes of the paper with the codes that fall into them."""
    classes: dict[str, list[str]] = {}
    for code, name in ERROR_CLASSES.items():
        classes.setdefault(name, []).append(f"`{code}`")
    return table(("error class", "codes"), [(name, ", ".join(codes)) for name, codes in classes.items()])


def error_class_counts_block() -> str:
    """Return the error classes by source, as `measure_classes` counted them."""
    text = (ROOT / "docs" / "error_classes.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    lines = [
        (row["source"], f"{row['rows']:,}", f"{row['kept']:,}", *(_rate(row, name) for name in CLASSES))
        for row in rows
    ]
    return table(("source", "rows", "kept", *CLASSES), lines)


def _rate(row: dict[str, Any], name: str) -> str:
    failed, warned = row["classes"][name]
    if not failed + warned:
        return "0"
    return f"{failed:,} + {warned:,} ({100 * (failed + warned) / row['rows']:.1f} %)"


def scores_block() -> str:
    """Return the scores that `measure_runs` took from runs, each run with its command below the table."""
    text = (ROOT / "docs" / "scores.jsonl").read_text(encoding="utf-8")
    runs = [json.loads(line) for line in text.splitlines()]
    lines, commands = [], []
    for number, run in enumerate(runs, start=1):
        scores = list(run["columns"].items())
        if len(scores) > 1:
            scores.append(("all", run["all"]))
        benchmark = run["command"].split()[2]
        player = run["model"].removeprefix("policy:")
        lines += [_score(benchmark, name, score, player, number) for name, score in scores]
        commands.append(f"{number}. `{run['command']}`: {run['date']}, {run['commit']}, {run['wall']}")
    header = ("benchmark", "player", "n", "right, 95 % interval", *MEASURES, "run")
    return table(header, lines) + "\n\n" + "\n".join(commands)


def _score(benchmark: str, name: str, score: dict[str, Any], player: str, number: int) -> tuple[str, ...]:
    what = name if name.startswith(benchmark) else f"{benchmark}: {name}"
    right = 100 * score["correct"] / score["n"]
    interval = f"{right:.1f} % ({100 * score['low']:.1f} … {100 * score['high']:.1f})"
    means = (_mean(score["means"].get(key)) for key in MEASURES)
    return what, player, f"{score['n']:,}", interval, *means, str(number)


def _mean(mean: list[float] | None) -> str:
    if mean is None:
        return ""
    _, value, low, high = mean
    return f"{value:.3f} ({low:.3f} … {high:.3f})"


def mistakes_block() -> str:
    """Return the error classes of `pair`, each with its corruption."""
    lines = [(f"`{name}`", meaning, _corruption(name), _seen(name)) for name, meaning in pair.CLASSES.items()]
    return table(("error class", "the rejected answer", "its corruption", "`verify` sees it as"), lines)


def _corruption(name: str) -> str:
    make = pair.CORRUPTIONS.get(name)
    return str(inspect.getdoc(make)).partition("\n")[0] if make else "none: only models write it"


def _seen(name: str) -> str:
    return f"`{pair.CAUGHT_AS[name]}`" if name in pair.CAUGHT_AS else "legal, and still wrong"


# --- sources, formats, record, benchmarks ---------------------------------------------------------


def sources_block() -> str:
    """Return every source: layout, licence, fields, what is lost, what was seen of it."""
    seen = _seen_by_source()
    return "\n\n".join(_source_section(name, seen.get(name, Counter())) for name in unify.SOURCES)


def sources_table_block() -> str:
    """Return one line per source: what it was written against, and what it made of the data at hand."""
    seen = _seen_by_source()
    lines = []
    for name, source in unify.SOURCES.items():
        counts = seen.get(name, Counter())
        rows = [f"{counts[key]:,}" if counts else "" for key in ("rows", "kept", "calls")]
        lines.append((f"[`{name}`](#{name})", unify.EVIDENCE[source.SEEN], *rows, _defects(counts)))
    head = ("source", "written against", "rows", "kept", "calls", "calls with a defect")
    return f"Measured on {len(SEEN['sets'])} data sets, {SEEN['date']}.\n\n{table(head, lines)}"


def _seen_by_source() -> dict[str, Counter[str]]:
    """Return, per source, the counts of all data sets added up."""
    found: dict[str, Counter[str]] = {}
    for sources in SEEN["sets"].values():
        for name, counts in sources.items():
            numbers = {key: n for key, n in counts.items() if isinstance(n, int)}
            defects = {f"defect {code}": n for code, n in counts["defects"].items()}
            dropped = {f"dropped {reason}": n for reason, n in counts["dropped"].items()}
            found.setdefault(name, Counter()).update({**numbers, **defects, **dropped})
    return found


def _defects(counts: Counter[str]) -> str:
    """Return each kind of defect as a share of the calls that can be judged."""
    if not counts["calls"]:
        return ""
    kinds = [key for key in counts if key.startswith("defect ")]
    kinds.sort(key=lambda key: -counts[key])
    shares = [f"{key.removeprefix('defect ')} {counts[key] / counts['calls']:.1%}" for key in kinds]
    return ", ".join(shares) or ("none" if counts["judged"] else "tools unknown")


def _source_section(name: str, counts: Counter[str]) -> str:
    source = unify.SOURCES[name]
    layout = inspect.cleandoc(source.__doc__ or "").replace("``", "`")
    licences = ", ".join(
        f"{licence} ({part})" if part else licence for part, licence in source.LICENSES.items()
    )
    dropped = ", ".join(
        f"{n:,} {key.removeprefix('dropped ')}" for key, n in counts.items() if key.startswith("dropped ")
    )
    return "\n".join(
        (
            f"## {name}\n\n{layout}\n",
            f"- Fields of a row: {', '.join(f'`{field}`' for field in source.FIELDS)}",
            f"- Licence carried: {licences or 'none; the file has none of its own'}",
            f"- Lost: {source.LOSES}",
            f"- Written against: {unify.EVIDENCE[source.SEEN]}"
            + (f"; dropped of {counts['rows']:,} rows: {dropped}" if dropped else ""),
        )
    )


def reasons_block() -> str:
    """Return why `unify` drops rows."""
    return table(("reason", "meaning"), [(f"`{code}`", text) for code, text in unify.REASONS.items()])


WEATHER = Tool(
    name="get_weather",
    description="Get the weather forecast.",
    parameters={
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "City of interest."},
            "days": {"type": "integer", "minimum": 1, "maximum": 7, "default": 3},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        },
        "required": ["city"],
    },
)
TWO_CALLS = Reply(
    "",
    (
        ToolCall(name="get_weather", arguments={"city": "Kyiv", "days": 2}),
        ToolCall(name="get_weather", arguments={"city": "Zürich"}),
    ),
)


def formats_block() -> str:
    """Return every format: its instruction, and the same two replies written in it."""
    parts = []
    for name, form in FORMATS.items():
        note = " (the default)" if name == formats.DEFAULT_FORMAT else ""
        text = form.render(Reply("None of the tools fits.", ()))
        parts.append(
            f"## {name}{note}\n\nInstruction in the system text:\n\n> {form.instruction}\n\nTwo calls:\n\n"
            f"```text\n{form.render(TWO_CALLS)}\n```\n\nNo call:\n\n```text\n{text}\n```"
        )
    return "\n\n".join(parts)


def rendered_block() -> str:
    """Return one whole conversation as a model sees it, what it learns marked."""
    row = Trajectory(
        id="example",
        tools=(WEATHER,),
        messages=(
            Message(role="user", content="How is the weather in Kyiv over the next two days?"),
            Message(role="assistant", tool_calls=TWO_CALLS.calls[:1]),
        ),
        task=Task(expects="call"),
    )
    parts = formats.segments(formats.plain_messages(row))
    learnt = "".join(part.text for part in parts if part.supervised)
    whole = "".join(part.text for part in parts).strip()
    return f"```text\n{whole}\n```\n\nOf this the model learns to write:\n\n```text\n{learnt}\n```"


def json_style_block() -> str:
    """Return the same tool in both styles."""
    both = (formats.signature(WEATHER), formats.tools_text([WEATHER], "json"))
    return "```text\n" + "\n\n".join(both) + "\n```"


def families_block() -> str:
    """Return every family of chat models, and a short conversation in its frame."""
    said = [
        formats.PlainMessage("system", "Be brief.", 0.0),
        formats.PlainMessage("user", "How late is it?", 0.0),
        formats.PlainMessage("assistant", "I will look.", 1.0),
        formats.PlainMessage("tool", "<tool_response>\n12:00\n</tool_response>", 0.0),
    ]
    parts = []
    for name, family in formats.FAMILIES.items():
        framed = "".join(s.text for s in formats.segments(said, generation_prompt=True, family=name))
        marks = ", ".join(f"`{mark}`" for mark in family.marks)
        parts.append(
            f"**{name}**: {family.models}. No text may spell {marks}.\n\n```text\n{framed.rstrip()}\n```"
        )
    return "\n\n".join(parts)


def layouts_block() -> str:
    """Return every style of layout: how it sets apart the same part."""
    lines = []
    for style in STYLES:
        framed = Layout(style).framed("tools", "…").replace("\n", " ⏎ ")
        usual = "the usual one" if style == USUAL.style else ""
        lines.append((f"`{style}`", f"`{framed}`", usual))
    return table(("style", "the tools", ""), lines)


def variants_block() -> str:
    """Return what was measured of augmented rows."""
    told = json.loads((ROOT / "docs" / "variants.json").read_text(encoding="utf-8"))
    lines = []
    for title in ("operations", "formats", "styles"):
        for name, count in told[title].items():
            lines.append((title[:-1], f"`{name}`", f"{count:,}", f"{count / told['count']:.1%}"))
    head = (
        f"{told['variants']:,} variants, one a row, policy `{told['policy']}`: {told['kept']:,} pass `verify`"
        f" and mean what their row means. Dropped: {told['reasons'] or 'none'}."
    )
    return f"{head}\n\n" + table(("", "name", "variants", "share"), lines)


def record_block() -> str:
    """Return the fields of every part of the record, with the texts under them."""
    tree = ast.parse((SOURCE / "record.py").read_text(encoding="utf-8"))
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    return "\n\n".join(_struct_section(name, classes[name]) for name in RECORD_PARTS)


RECORD_PARTS = (
    "Trajectory", "Task", "Tool", "Message", "ToolCall", "Outcome", "Preference", "Issue", "Source",
    "Dropped", "Observation",
)  # fmt: skip


def _struct_section(name: str, node: ast.ClassDef) -> str:
    about = " ".join((ast.get_docstring(node) or "").split())
    lines = []
    for field, below in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            text = (
                below.value.value
                if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
                else ""
            )
            told = " ".join(str(text).split()).replace("``", "`")
            told = told or FIELDS[f"{name}.{field.target.id}"]
            lines.append((f"`{field.target.id}`", f"`{ast.unparse(field.annotation)}`", told))
    return f"### {name}\n\n{about}\n\n" + table(("field", "type", "meaning"), lines)


def lint_block() -> str:
    """Return what lint can find."""
    shown = {"error": "error", "warning": "warning", "info": "note"}
    lines = [(f"`{name}`", shown[code.severity], code.meaning) for name, code in quality.CODES.items()]
    return table(("code", "severity", "meaning"), lines)


def columns_block() -> str:
    """Return the columns of a suite made for a toolbox."""
    lines = [
        (f"`{name}`", "your tools", _half(families), _half(values))
        for name, (families, values) in synthesize.COLUMNS.items()
    ]
    unseen = f"{len(synthesize.UNSEEN_TOOLS)} tools of other walks of life"
    lines.append(("`held_out_tools`", unseen, _half("train"), _half("train")))
    return table(("column", "tools", "phrasing families", "values"), lines)


def _half(name: str) -> str:
    return "as in training" if name == "train" else "held out"


def detectable_block() -> str:
    """Return the smallest difference that paired runs can show."""
    shares = (0.1, 0.2, 0.4)
    lines = []
    for n in (30, 120, 400, 1240):
        found = ((share, minimum_detectable_difference(n, share)) for share in shares)
        lines.append((f"{n:,}", *(f"{100 * d:.0f} points" if d < 0.99 * s else "nothing" for s, d in found)))
    return table(("rows", *(f"{share:.0%} disagree" for share in shares)), lines)


def bfcl_block() -> str:
    """Return the BFCL categories that can be scored."""
    lines = [(f"`{c}`", rule, "yes" if c in PYTHON_NON_LIVE else "") for c, rule in CATEGORIES.items()]
    return table(("category", "rule", "by default"), lines)


def recipes_block() -> str:
    """Return the shipped recipes with what they say beside the defaults."""
    lines = []
    for name in options.recipes():
        blend = options.merge(BlendSettings, Path(name), {}, "blend")
        sft = options.merge(SftConfig, Path(name), {}, "sft")
        dpo = options.merge(DpoConfig, Path(name), {}, "dpo")
        tuning = "full" if sft.tuning == "full" else f"{sft.tuning}, rank {sft.lora_rank}"
        warm = sft.details.warmup_steps
        lines.append(
            (
                f"`{name}`", f"`{sft.base}`", tuning, *_rates(sft), f"{sft.max_length:,}",
                f"{sft.details.warmup_fraction:.0%}" if warm is None else str(warm),
                f"`{blend.weights}`" if blend.weights else "", *_rates(dpo), f"{dpo.beta:g}",
            )
        )  # fmt: skip
    head = (
        "recipe", "base", "SFT", "rate", "batch", "epochs", "tokens", "warm-up", "blend", "DPO rate", "batch",
        "epochs", "beta",
    )  # fmt: skip
    return table(head, lines)


def _rates(config: TrainConfig) -> tuple[str, str, str]:
    return f"{config.learning_rate:g}", str(config.batch_size), f"{config.epochs:g}"


def architectures_block() -> str:
    """Return the architectures that are let in."""
    lines = [
        (f"`{kind}`", proven.models, ", ".join(f"`{x}`" for x in proven.off))
        for kind, proven in PACKED.items()
    ]
    return table(("architecture", "of", "has to be off"), lines)


def details_block() -> str:
    """Return the fields of the table [details]."""
    texts = options.field_docs(Details)
    usual = Details()
    lines = [(f"`{f.name}`", _value(getattr(usual, f.name)), texts[f.name]) for f in fields(Details)]
    return table(("key", "default", "meaning"), lines)


def _value(value: object) -> str:
    return "" if value is None else f"`{str(value).lower() if isinstance(value, bool) else value}`"


# --- Markdown -------------------------------------------------------------------------------------


def table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    rule = ("---",) * len(header)
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in [header, rule, *lines])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def require_equal(name: str, told: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Raise ValueError unless a table of this file names exactly what the code has."""
    missing, left_over = sorted(found.keys() - told.keys()), sorted(told.keys() - found.keys())
    if missing or left_over:
        raise ValueError(f"{name}: missing {missing}, left over {left_over}")


BLOCKS: dict[str, Callable[[], str]] = {
    "verbs": verbs_block,
    "help": help_block,
    "readme-map": readme_map_block,
    "map": map_block,
    "checks": checks_block,
    "error-classes": error_classes_block,
    "error-class-counts": error_class_counts_block,
    "scores": scores_block,
    "mistakes": mistakes_block,
    "sources": sources_block,
    "sources-table": sources_table_block,
    "reasons": reasons_block,
    "formats": formats_block,
    "rendered": rendered_block,
    "json-style": json_style_block,
    "families": families_block,
    "layouts": layouts_block,
    "variants": variants_block,
    "variant-examples": show_variants.examples,
    "record": record_block,
    "lint": lint_block,
    "columns": columns_block,
    "bfcl": bfcl_block,
    "detectable": detectable_block,
    "recipes": recipes_block,
    "architectures": architectures_block,
    "details": details_block,
    "studies": show_studies.block,
}

if __name__ == "__main__":
    main()
