"""What the verbs of the command line can be told; `train` has its own in its room."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta

from callwright.progress import legible

Count = Annotated[int, Meta(ge=1)]
Share = Annotated[float, Meta(ge=0, le=1)]
Rating = Annotated[float, Meta(ge=0, le=5)]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]
Seed = Annotated[int, Meta(ge=0, lt=2**32)]
"""What every random generator takes, numpy's included."""


@dataclass(frozen=True)
class UnifySettings:
    """Raw rows to trajectories."""

    source: str = "auto"
    """Layout of the files: auto, or a name of docs/sources.md."""
    secrets: Literal["fail", "drop", "redact"] = "fail"
    """What a credential in the data does: stop everything, drop its row, or be replaced."""
    max_drop: Share = 1.0
    """Highest share of dropped rows that still exits with 0."""
    workers: Count = 1
    """Processes that share the work."""
    engine: Literal["local", "ray"] = "local"
    """Where they run: on this machine, or on a Ray cluster."""


@dataclass(frozen=True)
class VerifySettings:
    """Checks, in the order of their cost."""

    tools: str | None = None
    """Tools that run the calls: a Python file, module:NAME, an OpenAPI file, mcp:COMMAND, bfcl or
    tau:DOMAIN@FOLDER; without it nothing is run."""
    isolation: Literal["auto", "monty", "bwrap", "landlock", "process", "none"] = "auto"
    """How tools are kept in; auto takes the strongest that works here."""
    timeout: Seconds = 2.0
    """Seconds that one call may take."""
    http: str = "mock"
    """Where HTTP tools get their answers: mock, replay:FILE, record:FILE or live."""
    allow: str | None = None
    """Hosts that live tools may ask, separated by commas; GET only, unless written like POST api.example."""
    judge: tuple[str, ...] = ()
    """A model that judges the rows that passed: http://host/v1#name or another MODEL; several times for a
    committee. @0.15/0.60 at its end tells the dollars per million tokens in and out."""
    min_rating: Rating = 4.0
    """Lowest mean rating of the judges, 0 to 5, that a row is kept with."""
    fix: bool = False
    """Cast what can safely be cast, such as "3" to 3, check again, and log each repair on its row."""
    min_grounding: Share = 0.0
    """Lowest share of argument values that must be traceable to the conversation."""
    max_drop: Share = 1.0
    """Highest share of dropped rows that still exits with 0."""
    workers: Count = 1
    """Processes that share the work."""
    engine: Literal["local", "ray"] = "local"
    """Where they run: on this machine, or on a Ray cluster."""


@dataclass(frozen=True)
class LintSettings:
    """Tools, before anything is made for them."""

    isolation: Literal["auto", "monty", "bwrap", "landlock", "process", "none"] = "auto"
    """How tools are kept in; auto takes the strongest that works here."""
    timeout: Seconds = 2.0
    """Seconds that one call may take."""
    http: str = "mock"
    """Where HTTP tools get their answers: mock, replay:FILE, record:FILE or live."""
    allow: str | None = None
    """Hosts that live tools may ask, separated by commas."""
    tries: Annotated[int, Meta(ge=0, le=1000)] = 8
    """Calls with made-up arguments per tool, each made twice; 0 calls nothing."""
    seed: Seed = 7
    """Everything random follows from it."""
    strict: bool = False
    """Let warnings fail as errors do."""
    notes: bool = False
    """Show the notes, too."""


@dataclass(frozen=True)
class SynthesizeSettings:
    """Verified rows for tools, written by a grammar or by models."""

    accept: Count = 1000
    """How many verified rows to make."""
    generator: tuple[str, ...] = ()
    """What writes them: grammar (the default), a MODEL, also with @IN/OUT dollars per million tokens, or
    grammar+MODEL, which says the grammar's requests in other words; several times for several."""
    styles: str = ""
    """Shares of the styles; the usual ones are
    simple=.25,multiple=.25,parallel=.2,parallel_multiple=.15,irrelevant=.1,missing=.05."""
    split: Literal["train", "test", "held_out_phrasing", "held_out_values"] = "train"
    """Which phrasing families and pools of values the grammar uses; those of train and test are disjoint."""
    seeds: Path | None = None
    """Rows that a MODEL is shown as examples; what is accepted joins them."""
    judge: tuple[str, ...] = ()
    """A MODEL that judges whether calls do what was asked; several times for a committee."""
    max_candidates: Count | None = None
    """Candidates to try at most; five for every row and 200 more if not given."""
    budget_tokens: Count | None = None
    """Tokens that all models together may take, answers of earlier sessions of the run included."""
    budget_usd: Annotated[float, Meta(gt=0)] | None = None
    """Dollars that they may take; needs a price behind the MODEL."""
    isolation: Literal["auto", "monty", "bwrap", "landlock", "process", "none"] = "auto"
    """How tools are kept in; auto takes the strongest that works here."""
    timeout: Seconds = 2.0
    """Seconds that one call may take."""
    seed: Seed = 7
    """Everything random follows from it."""


@dataclass(frozen=True)
class ConverseSettings:
    """Verified conversations over tools that share a state."""

    accept: Count = 200
    """How many verified conversations to make."""
    agent: str = "script"
    """What plays the agent: a script that acts out what is right, or a MODEL."""
    user: str = "script"
    """Who talks to a MODEL: a script, or a MODEL that says everything in its own words."""
    judge: tuple[str, ...] = ()
    """Model that judges blueprints; give it again for a committee."""
    split: Literal["train", "test", "held_out_phrasing", "held_out_values"] = "train"
    """Which phrasing families and pools of values are used; those of train and test are disjoint."""
    max_candidates: Count | None = None
    """Conversations to try at most; three for every one wanted and 50 more if not given."""
    isolation: Literal["auto", "monty", "bwrap", "landlock", "process", "none"] = "auto"
    """How tools are kept in; auto takes the strongest that works here."""
    timeout: Seconds = 2.0
    """Seconds that one call may take."""
    seed: Seed = 7
    """Everything random follows from it."""


@dataclass(frozen=True)
class AugmentSettings:
    """Variants that mean the same, or in which no call is right; each is verified again."""

    policy: str = (
        "irrelevant=0.05,unclear=0.05,distractors=0.2,mask=0.1,"
        "order=1,format=0.5,keys=0.1,wording=0.5,layout=0.5,schemas=0.1"
    )
    """What is done to which share of the variants; what is not named is not done."""
    copies: Annotated[int, Meta(ge=0)] = 1
    """Variants per row."""
    originals: bool = True
    """Write the unchanged rows too."""
    formats: str = ""
    """Output formats to draw from, separated by commas; all of them if empty."""
    pool: Path | None = None
    """Rows whose tools are offered as distractors; those of the input if left out."""
    rephrase: str | None = None
    """A MODEL that says instructions in other words."""
    solver: str | None = None
    """The MODEL that must still make the right calls with them; the one that rephrases if left out."""
    seed: Seed = 7
    """Everything random follows from it."""
    workers: Count = 1
    """Processes that share the work."""
    engine: Literal["local", "ray"] = "local"
    """Where they run: on this machine, or on a Ray cluster."""


@dataclass(frozen=True)
class BlendSettings:
    """One training set from several files: no row twice, no benchmark, in the shares asked for."""

    holdout: Annotated[float, Meta(ge=0, lt=1)] = 0.1
    """Share of groups (equal requests, equal calls; or tools) that goes to validation."""
    split_by: Literal["request", "tool"] = "request"
    """What is never on both sides: a request and its calls, or (tool) a tool as well."""
    near: Share = 0.8
    """Overlap of words (Jaccard) from which rows that ask for the same are near-duplicates; 0 keeps them."""
    max_per_structure: Count | None = None
    """Rows to keep at most with equal tools, called names and types of arguments; all if not given."""
    against: str | None = None
    """Benchmarks that no row may give away, separated by commas: bfcl, or files of questions or rows."""
    overlap: Annotated[float, Meta(gt=0, le=1)] = 0.5
    """Share of a question's eight-word runs from which a message gives it away."""
    weights: str | None = None
    """Shares of the inputs by file name, like chat=0.25,tools=0.5; the others divide the rest."""
    limit: Count | None = None
    """Rows to keep at most, both sides together; all that the weights allow if not given."""
    seed: Seed = 7
    """Everything random follows from it."""


@dataclass(frozen=True)
class PairSettings:
    """Preference pairs: right answers against wrong ones, whoever gave them."""

    model: str | None = None
    """A MODEL, best a weaker one: what it answers wrongly is rejected."""
    failures: Path | None = None
    """Rows that synthesize, converse or verify dropped; those that ask what a kept row asks are rejected."""
    corruption: bool = True
    """Spoil right answers in one thing, too; --no-corruption takes only mistakes that were really made."""
    max_share: Annotated[float, Meta(gt=0, le=1)] = 0.5
    """Share of the pairs from which on a class of mistakes gets no more of them."""
    tools: str | None = None
    """Tools that run the calls: a Python file, module:NAME, bfcl or another TOOLS; answers that return and
    change the same are no mistakes. Without it nothing is run."""
    isolation: Literal["auto", "monty", "bwrap", "landlock", "process", "none"] = "auto"
    """How tools are kept in; auto takes the strongest that works here."""
    timeout: Seconds = 2.0
    """Seconds that one call may take."""
    max_tokens: Count = 512
    """Tokens that an answer of the MODEL may take."""
    seed: Seed = 7
    """Everything random follows from it."""


@dataclass(frozen=True)
class ExportSettings:
    """Rows to the layout of another tool, or a model to what another runtime reads."""

    to: Literal[
        "openai", "responses", "hf", "trl", "llamafactory", "hermes", "xlam", "xlam2", "atif", "parquet",
        "safetensors", "gguf", "adapter",
    ] = "openai"  # fmt: skip
    """Layout of rows: a file of lines, a folder for hf, a Parquet file for parquet. Or a folder with a model:
    safetensors (merged), gguf (merged, for llama.cpp and Ollama) or adapter."""
    max_drop: Share = 1.0
    """Highest share of dropped rows that still exits with 0."""
    quantization: Literal["f16", "q8_0"] = "f16"
    """Of the weights in a GGUF file."""
    dtype: Literal["bfloat16", "float32"] = "bfloat16"
    """Of merged weights."""
    tools: str | None = None
    """TOOLS that a model is for: their text goes into the Modelfile, for Ollama can not write it itself."""
    results: tuple[str, ...] = ()
    """Evaluation of the model, a run directory, for its card; give it again for several."""


@dataclass(frozen=True)
class EvaluateSettings:
    """A benchmark, or a suite for your own tools."""

    categories: str | None = None
    """Parts of the benchmark, separated by commas; the benchmark's own choice if not given."""
    limit: Count | None = None
    """Rows per part, evenly spread; all of them if not given."""
    max_tokens: Count = 256
    """Tokens that an answer may take."""
    data: Path | None = None
    """Folder with the benchmark's data; without it the part that needs none is played."""
    mode: str | None = None
    """Way of asking: native, constrained (once more, calls held to a grammar; suites too) or official (bfcl),
    princeton or agentboard, also with /text and /spacy (webshop), DFSDT or CoT@n (toolbench), unified or
    react (toolquery)."""
    output_format: str = ""
    """Format in which the model writes calls, a name of docs/formats.md."""
    max_steps: Count | None = None
    """Replies that an episode may take; the benchmark's own limit if not given."""
    trials: Count = 1
    """Times that every task is played (taubench)."""
    simulator: str | None = None
    """Model that plays the user (taubench) or answers for the APIs (toolbench); a script if not given."""
    judge: str | None = None
    """Model that judges answers (toolbench); without it only what needs no judge is told."""
    tools: Path | None = None
    """Python file of your own tools (suite)."""
    seed: Seed = 7
    """Everything random follows from it."""


@dataclass(frozen=True)
class BuildSettings:
    """How much of everything; the defaults fit into 15 minutes on two cores."""

    rows: Count = 1500
    """Verified rows to synthesize for training."""
    suite: Count = 30
    """Held-out requests per column of the suite."""
    bfcl: Annotated[int, Meta(ge=0)] = 16
    """BFCL rows per category, evenly spread; 0 leaves the benchmark out."""
    minutes: Annotated[float, Meta(gt=0, le=1e6)] = 7.0
    """Time for supervised fine-tuning; twice that on a machine that would not see half of the rows."""
    dpo_minutes: Annotated[float, Meta(ge=0, le=1e6)] = 0.7
    """Time for preference optimisation; 0 leaves it out."""
    base: str = "smollm2-135m"
    """The base model: smollm2-135m, a model directory or a Hugging Face id."""
    lora_rank: Count = 16
    """Rank of the adapter."""
    max_tokens: Count = 160
    """Tokens that an answer may take in the evaluations."""
    seed: Seed = 7
    """Everything random follows from it."""


STUDY_NAMES = (
    "unification", "verification", "mixture", "formats", "checks", "complexity", "size", "domains", "factors",
    "preference",
)  # fmt: skip
"""What `study` can be asked for; how each is done stands in its room."""


@dataclass(frozen=True)
class StudySettings:
    """The size of a study; the defaults are for two cores."""

    data: tuple[Path, ...] = ()
    """Folder with raw public data, one folder per source; may be given repeatedly. Some studies need it."""
    tools: Path | None = None
    """Python file of the tools that rows are synthesized for; the bundled dozen if not given."""
    base: tuple[str, ...] = ("smollm2-135m",)
    """Base model; several for the study of sizes."""
    seeds: Count = 3
    """Trainings per arm, each with a seed of its own for data and weights."""
    rows: Annotated[int, Meta(ge=8)] = 480
    """Training rows of an arm, each seen once."""
    questions: Annotated[int, Meta(ge=6)] = 240
    """Held-out questions that every model is asked."""
    bfcl: Annotated[int, Meta(ge=0)] = 20
    """Rows per category of BFCL in studies on public data; 0 leaves it out."""
    max_tokens: Count = 128
    """Tokens that an answer may take."""
    seed: Annotated[int, Meta(ge=0, lt=2**31)] = 7
    """The first of the seeds."""


def plain(config: Any) -> dict[str, Any]:
    """Return settings as a report holds them."""
    return {key: written(value) for key, value in asdict(config).items()}


def written(value: Any) -> Any:
    """Return the value of a setting as a report holds it: a path as text, and text in what UTF-8 can hold."""
    if isinstance(value, tuple):
        return tuple(map(written, value))
    return legible(str(value)) if isinstance(value, str | Path) else value
