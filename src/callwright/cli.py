"""The command line: one verb per stage, in pipeline order. It parses, calls and prints; logic lives below.

Data goes to files, progress and messages to stderr, ``--json`` prints a report for machines to stdout.
Exit codes: 0 done, 1 problems found (more rows dropped than allowed), 2 misuse, 130 interrupted.
"""

from __future__ import annotations

import io
import logging
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from typer.core import TyperGroup

from callwright import __version__
from callwright.console import (
    carried,
    heed_drops,
    open_streams,
    say,
    say_counts,
    say_diagnosis,
    scores,
    tell,
    tell_certificate,
    tell_comparison,
    tell_lint,
    tell_report,
    tell_self_check,
    tell_study,
)
from callwright.errors import ConfigError
from callwright.exits import ended
from callwright.finetuning import train_app
from callwright.options import verb
from callwright.parameters import (
    AsJson,
    Data,
    EvaluatedSpec,
    Fresh,
    LintedName,
    MaybeData,
    MaybeOut,
    Out,
    RowFiles,
    RowsOrModel,
    SelfCheck,
    Sources,
    ToolsName,
    name,
    path,
)
from callwright.progress import Display
from callwright.record import Dropped, Trajectory
from callwright.settings import (
    STUDY_NAMES,
    AugmentSettings,
    BlendSettings,
    BuildSettings,
    ConverseSettings,
    EvaluateSettings,
    ExportSettings,
    LintSettings,
    PairSettings,
    StudySettings,
    SynthesizeSettings,
    UnifySettings,
    VerifySettings,
    plain,
)

VERBS = (
    "unify", "verify", "augment", "lint", "synthesize", "converse", "blend", "pair", "export", "train",
    "evaluate", "compare", "serve", "conform", "view", "build", "demo", "study", "doctor",
)  # fmt: skip
"""In pipeline order, then the whole job, then the machine."""


class InOrder(TyperGroup):
    """Lists the verbs in pipeline order; typer would put those that have verbs of their own at the end."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names for ``--help``."""
        return sorted(self.commands, key=VERBS.index)


app = typer.Typer(
    name="callwright",
    cls=InOrder,
    help="Build a model that calls your tools, and prove that it does.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Row = Trajectory | Dropped


def unify(sources: Sources, out: Out, config: UnifySettings, as_json: AsJson = False) -> None:
    """Turn raw agent data of many layouts into trajectories."""
    from callwright.store import Sink, refuse_to_overwrite
    from callwright.unify import unify_lines
    from callwright.unify.files import named, walk

    refuse_to_overwrite(out, [*sources, *(file.path for file in walk(sources, []))])
    notes: list[str] = []
    batches = unify_lines(
        sources,
        config.source,
        secrets=config.secrets,
        workers=config.workers,
        engine=config.engine,
        notes=notes,
    )
    with Sink(out, "unify", plain(config)) as sink:
        for batch in batches:
            sink.put_lines(*batch)
        sink.note("inputs", named(sources))
        sink.note("notes", notes)
    tell_report(sink.report, as_json, [f"  {note}" for note in notes], config.max_drop)


def verify(
    data: MaybeData = None,
    out: MaybeOut = None,
    self_check: SelfCheck = False,
    *,
    config: VerifySettings,
    as_json: AsJson = False,
) -> None:
    """Check every call; drop what does not hold, with its reason."""
    from callwright import verification
    from callwright.store import refuse_to_overwrite

    if self_check:
        if out is not None or config.tools is not None:
            hint = "a self-check writes no rows and runs none of your tools"
            raise ConfigError("--self-check beside -o or --tools", expected="one of them", hint=hint)
        tell_self_check(*verification.checked(data, config), as_json)
        return
    if data is None or out is None:
        raise ConfigError("needs rows and a place for the result", expected="verify ROWS -o OUT.jsonl")
    refuse_to_overwrite(out, [data])
    report, tables = verification.verified(data, out, config)
    tell_report(report, as_json, [tables], config.max_drop)


def augment(data: Data, out: Out, config: AugmentSettings, as_json: AsJson = False) -> None:
    """Write variants: other orders, formats, layouts and names."""
    from callwright.augmentation import augmented
    from callwright.store import refuse_to_overwrite

    refuse_to_overwrite(out, [data, *filter(None, [config.pool])])
    report, table = augmented(data, out, config)
    tell_report(report, as_json, [table.rstrip()], max_drop=1.0)


def lint(tools: LintedName, config: LintSettings, as_json: AsJson = False) -> None:
    """Check tools themselves: what they say, what calls of them do."""
    from callwright.linting import lint as examined

    tell_lint(examined(tools, config), config, as_json)


def synthesize(tools: ToolsName, out: Out, config: SynthesizeSettings, as_json: AsJson = False) -> None:
    """Make verified rows for your own tools, with or without a model."""
    from callwright.synthesis import synthesized

    with Display().stage("synthesize", announced=False) as bar:
        report, told = synthesized(tools, out, config, bar.update)
    tell_report(report, as_json, told, max_drop=1.0)
    raise typer.Exit(int(report.kept < config.accept))


def converse(tools: ToolsName, out: Out, config: ConverseSettings, as_json: AsJson = False) -> None:
    """Make verified conversations over tools that share a state."""
    from callwright.conversing import conversed

    with Display().stage("converse", announced=False) as bar:
        report, told = conversed(tools, out, config, bar.update)
    tell_report(report, as_json, told, max_drop=1.0)
    raise typer.Exit(int(report.kept < config.accept))


def blend(inputs: RowFiles, out: Out, config: BlendSettings, as_json: AsJson = False) -> None:
    """Join files without duplicates; split off a validation set."""
    from callwright.blend import Tally
    from callwright.dataset import blended
    from callwright.store import refuse_to_overwrite

    kept_out = [Path(name.strip()) for name in (config.against or "").split(",") if name.strip()]
    for side in ("train", "valid"):
        refuse_to_overwrite(out / f"{side}.jsonl", [*inputs, *kept_out])
    tally = Tally()
    reports = blended(inputs, out, **asdict(config), tally=tally)
    if len(inputs) > 1 or tally.asked:
        say(tally.table())
    tell({side: report.to_json() for side, report in reports.items()}, as_json)
    for side, report in reports.items():
        say_counts(side, report)
    if config.holdout and reports["train"].kept and not reports["valid"].kept:
        say("nothing was held out: another --seed or a larger --holdout changes that")


def pair(data: Data, out: Out, config: PairSettings, as_json: AsJson = False) -> None:
    """Make preference pairs: right answers against wrong ones."""
    from callwright.pairing import paired
    from callwright.store import refuse_to_overwrite

    refuse_to_overwrite(out, [data, *filter(None, [config.failures])])
    with Display().stage("pair", announced=False) as bar:
        report, told = paired(data, out, config, bar.update)
    tell_report(report, as_json, told, max_drop=1.0)


def export(source: RowsOrModel, out: Out, config: ExportSettings, as_json: AsJson = False) -> None:
    """Write rows or a model as other tools and runtimes read them."""
    from callwright import exporting
    from callwright.export import export as write_rows
    from callwright.export import read
    from callwright.store import refuse_to_overwrite

    if config.to in exporting.TARGETS:
        files = exporting.exported(source, out, config)
        tell({"files": {file.name: file.stat().st_size for file in files}}, as_json)
        say(f"{out}: {', '.join(file.name for file in files)}")
        return
    exporting.refuse_models(source)
    refuse_to_overwrite(out, [source])
    report = write_rows(read(source), out, config.to, {"to": config.to, "max_drop": config.max_drop})
    tell(report.to_json(), as_json)
    say_counts("export", report)
    for line in carried(report.extra):
        say(f"  {line}")
    heed_drops(report, config.max_drop)


def evaluate(
    benchmark: Annotated[
        str,
        typer.Argument(help="bfcl, webshop, toolbench, toolquery, taubench, suite, or a file of suite rows."),
    ],
    out: Out,
    config: EvaluateSettings,
    model: EvaluatedSpec = "",
    gold: Annotated[bool, typer.Option("--gold", help="Grade the reference answers instead.")] = False,
    replay: Annotated[
        Path | None,
        typer.Option("--replay", help="Grade answers made elsewhere, as BFCL or ToolBench keep them."),
    ] = None,
    prepare: Annotated[
        bool,
        typer.Option("--prepare", help="Build WebShop's full catalogue from downloads in the data folder."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Score a model on a benchmark or your own suite."""
    from callwright import benchmarks, grading, scoring
    from callwright.suite_scoring import GOLD

    if sum((bool(model), gold, replay is not None, prepare)) > 1:
        raise ConfigError("one thing at a time", expected="--model, --gold, --replay or --prepare")
    if prepare:
        with Display().stage(benchmark) as bar:
            products = benchmarks.prepare(
                benchmark, out, config, lambda n: bar.update(n, n, f"{n:,} products")
            )
        tell({"products": products}, as_json)
        say(f"  {products:,} products in {out}")
        return
    if replay is not None:
        summary = grading.replay(benchmark, replay, out, config)
    else:
        spec = GOLD if gold else model
        scoring.check(benchmark, spec, config)
        with Display().stage(benchmark) as bar:
            summary = scoring.score(benchmark, out, config, spec, bar.update)
    tell(msgspec.to_builtins(summary), as_json)
    for line in scores(summary):
        say(line)


def compare(
    before: Annotated[Path, typer.Argument(help="A run directory or results.jsonl.", parser=path)],
    after: Annotated[Path, typer.Argument(help="Another one over the same rows.", parser=path)],
    judge: Annotated[
        str, typer.Option(help="A model that says which of two ToolBench runs did better: the win rate.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Set two runs over the same rows side by side."""
    from callwright import grading
    from callwright.evaluate.compare import compare_files

    comparison = compare_files(before, after)
    won = grading.win_rate_of(before, after, judge) if judge else None
    tell_comparison(comparison, won, as_json)


def serve(
    model: Annotated[
        str,
        typer.Argument(help="smollm2-135m, a model's, adapter's or run's directory, or scripted:file."),
    ],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    token: Annotated[
        str | None, typer.Option(envvar="CALLWRIGHT_TOKEN", help="Bearer token to ask for.")
    ] = None,
    tools: Annotated[
        str | None,
        typer.Option(help="Tools, as for synthesize, to offer where a request brings none.", parser=name),
    ] = None,
    constrain: Annotated[
        bool, typer.Option("--constrain", help="Hold every call to the schema of its tool.")
    ] = False,
) -> None:
    """Serve a model behind an OpenAI-compatible endpoint."""
    from callwright.serve import check_address
    from callwright.serve import serve as run_server
    from callwright.served import check_port, defaults_of
    from callwright.weights import local_model, writer_of

    check_address(host, token)
    check_port(host, port)
    defaults = defaults_of(tools, constrain)
    opened = local_model(model)
    say(f"serving {opened.name} at http://{host}:{port}/v1 (Ctrl-C stops)")
    run_server(writer_of(opened), host=host, port=port, token=token, defaults=defaults)


def conform(
    model: Annotated[
        Path, typer.Argument(help="An exported model, or a run's or adapter's directory.", parser=path)
    ],
    calls: Annotated[int, typer.Option(min=1, help="Calls to send through every runtime.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="What the conversations are drawn from.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Prove that every runtime reads and writes the same bytes."""
    from callwright.conform import conform as certify
    from callwright.conform import keep
    from callwright.models.adapters import left_in

    folder = left_in(model)
    with Display().stage("conform", announced=False) as bar:
        found = certify(folder, calls=calls, seed=seed, progress=bar.update)
    keep(folder, found)
    tell_certificate(found, as_json)


def view(
    places: Annotated[
        list[Path], typer.Argument(help="Files of rows or results, or folders of runs.", parser=path)
    ],
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of this machine to listen on.")] = 8001,
) -> None:
    """Browse, filter and search rows and results in a browser."""
    from callwright.report.viewer import HOST
    from callwright.report.viewer import view as show
    from callwright.served import check_port

    check_port(HOST, port)
    show(places, port, say)


def build(
    out: Out,
    config: BuildSettings,
    tools: Annotated[Path | None, typer.Argument(help="A Python file of typed functions.")] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", help="Raw data of a known layout, or rows; repeatable."),
    ] = None,
    fresh: Fresh = False,
) -> None:
    """Do the whole job: your tools or data in, a measured model out."""
    from callwright.build import Origin
    from callwright.build import build as run_build

    run_build(Origin(tools, tuple(data or ())), out, config, Display(), fresh=fresh)


def demo(
    config: BuildSettings,
    out: Annotated[Path, typer.Option("-o", "--out", help="Where the result goes.")] = Path("out/demo"),
    fresh: Fresh = False,
) -> None:
    """Build a model for the dozen tools of the bundled example."""
    from callwright.build import Origin
    from callwright.build import build as run_build
    from callwright.demo import example_tools

    run_build(Origin(example_tools(), ()), out, config, Display(), fresh=fresh)


def study(
    name: Annotated[str, typer.Argument(help=f"{', '.join(STUDY_NAMES)}.")],
    out: Out,
    config: StudySettings,
    plan: Annotated[bool, typer.Option("--plan", help="Say what it takes and can show, and stop.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare ways of making a model, with intervals."""
    from callwright.study import study as run_study

    found = run_study(name, out, config, Display(), only_plan=plan)
    if found is not None:
        tell_study(found, out, as_json)


def doctor(
    fetch: Annotated[bool, typer.Option("--fetch", help="Bring the pinned assets into the cache.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only what is missing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what this machine can do, and how to get the rest."""
    from callwright import doctor as examination

    failures = examination.fetch() if fetch else []
    findings = examination.diagnose()
    missing = [f for f in findings if f.state == "missing"]
    told = missing if quiet else findings
    if as_json:
        tell(examination.to_json(told), True)
    else:
        say_diagnosis(told)
    for failure in failures:
        say(f"error: {failure}")
    if failures or missing:
        raise typer.Exit(1)


def _version(value: bool) -> None:
    if value:
        sys.stdout.write(f"callwright {__version__}\n")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


for _name, _settings, _body in (
    ("unify", UnifySettings, unify),
    ("verify", VerifySettings, verify),
    ("augment", AugmentSettings, augment),
    ("lint", LintSettings, lint),
    ("synthesize", SynthesizeSettings, synthesize),
    ("converse", ConverseSettings, converse),
    ("blend", BlendSettings, blend),
    ("pair", PairSettings, pair),
    ("export", ExportSettings, export),
):
    app.command(_name)(verb(_settings, _body))
app.add_typer(train_app, name="train")
app.command("evaluate")(verb(EvaluateSettings, evaluate))
app.command("compare")(compare)
app.command("serve")(serve)
app.command("conform")(conform)
app.command("view")(view)
app.command("build")(verb(BuildSettings, build))
app.command("demo")(verb(BuildSettings, demo))
app.command("study")(verb(StudySettings, study))
app.command("doctor")(doctor)


def main() -> None:
    """Run the command line; a user's mistake is one line and exit code 2, never a traceback."""
    # Threads that spin for long bring training to a halt when anything else runs on the same cores; threads
    # that never spin take a third of its speed when nothing does. So: some microseconds (docs/log.md).
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # Libraries may not ask the hub behind our back; `models.hub` does where a model is told by its id.
    os.environ.setdefault("CALLWRIGHT_HUB_OFFLINE", os.environ.get("HF_HUB_OFFLINE", "0"))
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    # Wherever bitsandbytes is installed, peft brings it in, and it warns of a kernel that nothing here uses.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    open_streams()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(ended(lambda: app(standalone_mode=False)))
