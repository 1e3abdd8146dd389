"""The train verbs put together: where weights lie, what is printed, and what is only planned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from callwright.console import tell, trained
from callwright.errors import ConfigError
from callwright.options import verb
from callwright.parameters import AsJson, Data, MaybeOut
from callwright.progress import Display, clock, legible, speaks
from callwright.train.config import CONFIG, DpoConfig, Plan, SftConfig

SILENT = 0.15
"""Share of rows without a call that a mixture should have; 15 to 25 % keep what a model knows to refuse."""
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Print what would be done and ten rows as the model sees them, and do three steps."
    ),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with the run in -o, which is done anyway, and begin none.")
]


def train_sft(
    data: Data,
    config: SftConfig,
    out: MaybeOut = None,
    full: Annotated[bool, typer.Option("--full", help="The same as --tuning full.")] = False,
    qlora: Annotated[bool, typer.Option("--qlora", help="The same as --tuning qlora.")] = False,
    dry_run: DryRun = False,
    resume: Resume = False,
    as_json: AsJson = False,
) -> None:
    """Fine-tune on trajectories; called again, it continues."""
    from callwright import train
    from callwright.training import show_step
    from callwright.weights import base_directory

    config = tuned(config, full=full, qlora=qlora)
    base = base_directory(config.base)
    display = Display()
    if dry_run:
        _show(lambda: train.plan_sft(config, base=base, data=data), display, as_json)
        return
    folder = _told(out, resume)
    with display.stage("sft") as bar:
        summary = train.sft(config, base=base, data=data, out=folder, progress=partial(show_step, bar))
    tell(msgspec.to_builtins(summary), as_json)
    display.done("sft", summary.seconds, trained(summary))


def train_dpo(
    pairs: Data,
    config: DpoConfig,
    model: Annotated[Path, typer.Option(help="Directory of an SFT run, of its adapter or of its model.")],
    out: MaybeOut = None,
    base: Annotated[
        str | None, typer.Option(help="Base of the adapter, as for sft; the one that it names if not given.")
    ] = None,
    dry_run: DryRun = False,
    resume: Resume = False,
    as_json: AsJson = False,
) -> None:
    """Prefer chosen over rejected answers, starting from an SFT run."""
    from callwright import train
    from callwright.training import show_step
    from callwright.weights import start_of

    start = start_of(model, base)
    told = {"base": start.base, "adapter": start.adapter, "pairs": pairs}
    display = Display()
    if dry_run:
        _show(lambda: train.plan_dpo(config, **told), display, as_json)  # type: ignore[arg-type]
        return
    folder = _told(out, resume)
    with display.stage("dpo") as bar:
        summary = train.dpo(config, **told, out=folder, progress=partial(show_step, bar))  # type: ignore[arg-type]
    tell(msgspec.to_builtins(summary), as_json)
    display.done("dpo", summary.seconds, trained(summary))


def tuned(config: SftConfig, *, full: bool, qlora: bool) -> SftConfig:
    """Return a configuration with what the flags of the verb say; a base in a folder by its whole path."""
    if full and qlora:
        raise ConfigError("--full and --qlora", expected="one of them")
    if full or qlora:
        config = replace(config, tuning="full" if full else "qlora")
    folder = Path(config.base)
    return replace(config, base=str(folder.resolve())) if folder.is_dir() else config


def _told(out: Path | None, resume: bool) -> Path:
    if out is None:
        raise ConfigError("nowhere to put the result", expected="-o DIR, or --dry-run")
    if resume and not (out / CONFIG).is_file():
        raise ConfigError(
            "no run to go on with", place=str(out), hint="without --resume one would be begun there"
        )
    return out


def _show(make: Callable[[], Plan], display: Display, as_json: bool) -> None:
    with display.stage("plan"):
        plan = make()
    tell(msgspec.to_builtins(plan), as_json)
    if not as_json and speaks():
        typer.echo("\n".join(plan_lines(plan)))


def plan_lines(plan: Plan) -> Iterator[str]:
    """Yield a plan as people read it."""
    dropped = ", ".join(f"{reason} {n:,}" for reason, n in sorted(plan.dropped.items()))
    share = plan.supervised_tokens / max(1, plan.tokens)
    yield (
        f"rows        {plan.rows:,} to train on, {plan.validation_rows:,} to measure, "
        f"{sum(plan.dropped.values()):,} dropped{f' ({dropped})' if dropped else ''}"
    )
    silent = plan.silent_rows / max(1, plan.rows)
    yield f"no call     {plan.silent_rows:,} of them ({silent:.1%}){_advice(silent)}"
    yield f"steps       {plan.steps:,} of {plan.batch_size} rows, {plan.epochs:.2f} epochs"
    yield f"tokens      {plan.tokens:,}, of which {plan.supervised_tokens:,} are learnt ({share:.1%})"
    yield f"parameters  {plan.trainable_parameters:,} trained of {plan.parameters:,}, {plan.dtype}"
    yield (
        f"memory      {plan.weights_mb:,} MB of weights, {plan.trained_mb:,} MB to train them, "
        f"{plan.peak_mb:,} MB in all at the largest step"
    )
    yield f"time        {clock(plan.seconds)}, at {plan.tokens_per_second:,.0f} tokens/s over three steps"
    for name, text in plan.examples.items():
        yield legible(f"\n--- {name}\n{text}")


def _advice(silent: float) -> str:
    if silent >= SILENT:
        return ""
    return f"; with less than {SILENT:.0%} a model learns to call whatever is offered"


train_app = typer.Typer(help="Fine-tune: SFT, then DPO.", no_args_is_help=True)
train_app.command("sft")(verb(SftConfig, train_sft))
train_app.command("dpo")(verb(DpoConfig, train_dpo))
