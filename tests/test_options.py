"""Flags, TOML and library take the same keys, and what is told last and nearest wins."""

import inspect
import json
import tempfile
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Meta
from typer.testing import CliRunner

from callwright import options
from callwright.cli import app
from callwright.errors import ConfigError
from callwright.options import field_docs, merge, verb
from callwright.settings import (
    AugmentSettings,
    BlendSettings,
    BuildSettings,
    EvaluateSettings,
    PairSettings,
    SynthesizeSettings,
    UnifySettings,
    VerifySettings,
)
from callwright.train.config import DpoConfig, SftConfig

VERBS: dict[str, type[Any]] = {
    "unify": UnifySettings,
    "verify": VerifySettings,
    "augment": AugmentSettings,
    "synthesize": SynthesizeSettings,
    "blend": BlendSettings,
    "pair": PairSettings,
    "train sft": SftConfig,
    "train dpo": DpoConfig,
    "evaluate": EvaluateSettings,
    "build": BuildSettings,
    "demo": BuildSettings,
}


@dataclass(frozen=True)
class Tray:
    """What stands in a table of its own."""

    rows: Annotated[int, Meta(ge=1)] = 2
    """How many levels."""
    paper: Literal["none", "brown"] = "none"
    """What lies on it."""


@dataclass(frozen=True)
class Oven:
    """One field of every kind."""

    heat: Annotated[int, Meta(ge=0, le=300)] = 180
    """Degrees
    Celsius."""
    hours: float = 1.5
    """How long."""
    mode: Literal["fan", "grill"] = "fan"
    """What turns."""
    recipe: Path | None = None
    """Where it is written."""
    name: str = "oven"
    limit: Annotated[int, Meta(ge=1)] | None = None
    """At most so many."""
    light: bool = False
    """Whether one sees something."""
    steam: bool = True
    """Whether it hisses."""
    tray: Tray = Tray()
    """What is put into it."""


def bake(
    dish: Annotated[str, typer.Argument(help="What goes in.")],
    config: Oven,
    loud: Annotated[bool, typer.Option("--loud")] = False,
) -> None:
    """Bake something."""
    told = {k: str(v) if isinstance(v, Path) else v for k, v in asdict(config).items()}
    print(json.dumps({"dish": dish, "loud": loud, **told}))


def command(*args: str, width: int = 200) -> Any:
    oven = typer.Typer(add_completion=False, rich_markup_mode=None)
    oven.command()(verb(Oven, bake))
    return CliRunner().invoke(oven, list(args), env={"COLUMNS": str(width)})


def told(*args: str) -> dict[str, Any]:
    done = command("pie", *args)
    assert done.exit_code == 0, done.output or done.exception
    values: dict[str, Any] = json.loads(done.stdout)
    return values


def test_nothing_told_gives_the_defaults() -> None:
    assert told() == {"dish": "pie", "loud": False, **asdict(Oven())}


def test_every_kind_of_field_can_be_told() -> None:
    given_flags = (
        "--heat", "220", "--hours", "2", "--mode", "grill", "--recipe", "pie.md", "--name", "AGA",
        "--limit", "3", "--light", "--no-steam", "--loud",
    )  # fmt: skip
    assert told(*given_flags) == {
        "dish": "pie", "loud": True, "heat": 220, "hours": 2.0, "mode": "grill", "recipe": "pie.md",
        "name": "AGA", "limit": 3, "light": True, "steam": False, "tray": {"rows": 2, "paper": "none"},
    }  # fmt: skip


def test_help_shows_type_default_and_text_of_each_field() -> None:
    text = command("--help").stdout
    rows = {line.split()[0]: " ".join(line.split()) for line in text.splitlines() if line.startswith("  --")}
    assert rows["--heat"] == "--heat <int> Degrees Celsius. [default: 180]"
    assert rows["--mode"] == "--mode <fan|grill> What turns. [default: fan]"
    assert "[default: 1.5]" in rows["--hours"]
    assert "default" not in rows["--recipe"]
    assert "default" not in rows["--limit"]
    assert "[default: true]" in next(row for flag, row in rows.items() if "steam" in flag)


@pytest.mark.parametrize("args", [("--heat", "hot"), ("--mode", "microwave"), ("--hours", "long"), ("--x",)])
def test_what_is_of_another_type_is_refused(args: tuple[str, ...]) -> None:
    assert command("pie", *args).exit_code == 2


def test_field_docs_are_one_line_each_and_absent_where_nothing_is_written() -> None:
    assert field_docs(Oven)["heat"] == "Degrees Celsius."
    assert "name" not in field_docs(Oven)


# --- merging


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "heat": st.integers(0, 300),
    "hours": st.floats(-1e6, 1e6).map(lambda x: round(x, 3)),
    "mode": st.sampled_from(["fan", "grill"]),
    "recipe": st.sampled_from(["a.md", "deep/b.md", "ü.md"]),
    "name": st.text(st.characters(min_codepoint=32, exclude_categories=("Cs", "Cc"), exclude_characters="'")),
    "limit": st.integers(1, 10**6),
    "light": st.booleans(),
    "steam": st.booleans(),
}
SOME = st.fixed_dictionaries({}, optional=VALUES)


def toml_of(values: dict[str, Any]) -> str:
    def text(value: Any) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        return f"'{value}'" if isinstance(value, str) else repr(value)

    return "".join(f"{key} = {text(value)}\n" for key, value in values.items())


@settings(max_examples=60)
@given(in_file=SOME, on_line=SOME)
def test_a_flag_wins_over_the_file_and_the_file_over_the_default(
    in_file: dict[str, Any], on_line: dict[str, Any]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "run.toml"
        file.write_text(toml_of(in_file), encoding="utf-8")
        merged = merge(Oven, file, on_line)
    wanted = {**asdict(Oven()), **in_file, **on_line}
    if wanted["recipe"] is not None:
        wanted["recipe"] = Path(wanted["recipe"])
    assert asdict(merged) == wanted


def test_a_path_may_come_from_the_file_or_from_the_line(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text('recipe = "pie.md"\nlight = true\n', encoding="utf-8")
    from_file = told("--config", str(tmp_path / "run.toml"))
    assert (from_file["recipe"], from_file["light"]) == ("pie.md", True)
    both = told("--config", str(tmp_path / "run.toml"), "--recipe", "cake.md", "--no-light")
    assert (both["recipe"], both["light"]) == ("cake.md", False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("heet = 3", "run.toml: unknown key 'heet': expected 'heat'?"),
        ("dpo-minutes = 3", "run.toml: unknown key 'dpo-minutes': expected one of heat, hours"),
        ('heat = "3"', "run.toml: heat: not a usable value: expected int, got '3'"),
        ("heat = 301", "run.toml: heat: not a usable value: expected int <= 300, got 301"),
        ("heat = true", "run.toml: heat: not a usable value: expected int, got True"),
        ("heat = 1.5", "run.toml: heat: not a usable value: expected int, got 1.5"),
        ("mode = 'micro'", "run.toml: mode: not a usable value: expected fan | grill, got 'micro'"),
        ("recipe = 3", "run.toml: recipe: not a usable value: expected Path, got 3"),
        ("limit = 0", "run.toml: limit: not a usable value: expected int >= 1, got 0"),
        ("name = ['" + "x" * 500 + "']", "run.toml: name: not a usable value: expected str, got ['xxx"),
        (
            r'name = "a\u0000b"',
            "run.toml: name: not a usable value: expected text without a zero byte, got 'a\\x00b'",
        ),
        (r'recipe = "a\u0000b"', "run.toml: recipe: not a usable value: expected Path, got 'a\\x00b'"),
        ('recipe = ""', "run.toml: recipe: not a usable value: expected Path, got ''"),
    ],
)
def test_a_key_that_can_not_be_meant_is_named_with_what_was_expected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("run.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        merge(Oven, Path("run.toml"), {})
    assert str(caught.value).startswith(said)
    assert len(str(caught.value)) < 250


@dataclass(frozen=True)
class Pantry:
    """Fields that hold several values, or none."""

    shelves: tuple[str, ...] = ("low", "high")
    """Where things lie."""
    lists: tuple[Path, ...] = ()
    """Where it is written what lies there."""
    owner: str | None = None
    """Whose it is."""
    label: str = ""
    """What is written on the door."""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("shelves = ['low', 3]", "shelves[1]: not a usable value: expected str, got 3"),
        ("lists = [3]", "lists[0]: not a usable value: expected Path, got 3"),
        ("lists = ['']", "lists[0]: not a usable value: expected Path, got ''"),
        (
            r'shelves = ["a\u0000b"]',
            "shelves: not a usable value: expected text without a zero byte, got ['a",
        ),
        ("owner = ''", "owner: not a usable value: expected something, or to be left out, got ''"),
    ],
)
def test_of_a_list_the_item_that_can_not_be_meant_is_named_and_nothing_is_no_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("run.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        merge(Pantry, Path("run.toml"), {})
    assert str(caught.value).startswith(f"run.toml: {said}")


def test_of_a_list_on_the_line_the_option_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^--owner: not a usable value: expected something"):
        merge(Pantry, None, {"owner": ""})
    with pytest.raises(ConfigError, match=r"^--shelves: not a usable value: expected str, got 3$"):
        merge(Pantry, None, {"shelves": ["low", 3]})
    assert merge(Pantry, None, {"label": ""}) == Pantry()


# --- tables


def written(folder: Path, text: str) -> Path:
    file = folder / "run.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_field_with_fields_of_its_own_is_a_table_and_no_option(tmp_path: Path) -> None:
    file = written(tmp_path, "heat = 200\n[tray]\nrows = 3\n")
    assert merge(Oven, file, {}) == Oven(heat=200, tray=Tray(rows=3))
    text = " ".join(command("--help").stdout.split())
    assert "--tray" not in text
    assert "TOML file with the same keys as the options, a table [tray], or all in a table [bake]" in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tray]\nrow = 3", "run.toml: [tray]: unknown key 'row': expected 'rows'?"),
        ("[tray]\nrows = 0", "run.toml: tray.rows: not a usable value: expected int >= 1, got 0"),
        (
            "[tray]\npaper = 'red'",
            "run.toml: tray.paper: not a usable value: expected none | brown, got 'red'",
        ),
        ("tray = 3", "run.toml: tray: not a usable value: expected object, got 3"),
        ("[bake]\nheat = 301", "run.toml: unknown key 'bake': expected one of heat"),
        ("[dpo]\nheat = 301", "run.toml: [dpo]: heat: not a usable value: expected int <= 300, got 301"),
        ("[blend]\n[bake]", "run.toml: unknown table 'bake': expected"),
        ("[blend]\nseed = 1", "run.toml: no table [dpo]: got [blend]"),
        ("[dpo]\nheet = 1", "run.toml: [dpo]: unknown key 'heet': expected 'heat'?"),
        ("[dpo]\n[dpo.tray]\nrow = 1", "run.toml: [dpo]: [tray]: unknown key 'row'"),
        ("[sftt]\nheat = 1\n[dpo]", "run.toml: unknown table 'sftt': expected 'sft'?"),
    ],
)
def test_a_table_that_can_not_be_meant_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        merge(Oven, Path("run.toml"), {}, "dpo")
    assert str(caught.value).startswith(said)


def test_of_a_file_for_several_verbs_each_takes_its_table(tmp_path: Path) -> None:
    file = written(tmp_path, "[sft]\nheat = 90\n[sft.tray]\nrows = 4\n[dpo]\nheat = 91\n")
    assert merge(Oven, file, {}, "sft") == Oven(heat=90, tray=Tray(rows=4))
    assert merge(Oven, file, {"heat": 7}, "dpo") == Oven(heat=7)


def test_tables_are_known_for_exactly_the_verbs_that_take_a_file() -> None:
    root: Any = typer.main.get_command(app)
    commands = {**root.commands, **root.commands["train"].commands}
    taking = {name for name, c in commands.items() if any(p.name == "config" for p in c.params)}
    assert set(options.VERBS) == taking


def test_a_name_that_is_no_file_is_that_of_a_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shipped = merge(SftConfig, Path("xlam-1b-fc-r"), {}, "sft")
    assert shipped.base == "deepseek-ai/deepseek-coder-1.3b-instruct"
    Path("xlam-1b-fc-r").write_text("base = 'mine'", encoding="utf-8")
    assert merge(SftConfig, Path("xlam-1b-fc-r"), {}, "sft").base == "mine"


@pytest.mark.parametrize("name", ["xlam-9b", "none.toml", "folder/xlam-1b-fc-r"])
def test_a_recipe_that_is_not_there_is_one_line(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        merge(SftConfig, Path(name), {}, "sft")
    line = str(caught.value)
    assert line.startswith(f"{name}: ")
    assert ("xlam-1b-fc-r | xlam-7b-fc-r" in line) is (name == "xlam-9b")
    assert "\n" not in line


def test_a_flag_out_of_range_is_named_as_it_was_typed() -> None:
    with pytest.raises(ConfigError, match=r"^--heat: not a usable value: expected int >= 0, got -3$"):
        merge(Oven, None, {"heat": -3})


# --- what is typed without a text, as "$UNSET" in a shell


@pytest.mark.parametrize(
    "words",
    [
        ("unify", "", "-o", "out.jsonl"), ("verify", "rows.jsonl", "-o", ""), ("view", "no", ""),
        ("blend", "a.jsonl", "", "-o", "out"), ("augment", "rows.jsonl", "-o", "out.jsonl", "--pool", ""),
        ("build", "", "-o", "out"), ("build", "-o", "out", "--data", "", "--base", "no"), ("demo", "-o", ""),
        ("demo", "--config", ""), ("compare", "", "b"), ("compare", "a", ""), ("conform", ""),
        ("evaluate", "bfcl", "-o", "out", "--replay", ""), ("serve", "scripted:x", "--tools", ""),
        ("train", "dpo", "rows.jsonl", "-o", "out", "--model", ""),
    ],
)  # fmt: skip
def test_a_path_without_a_text_is_refused_and_not_taken_for_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 2
    assert "it is empty, expected a " in done.stderr


def test_the_default_of_several_values_is_shown_as_it_would_be_told() -> None:
    oven = typer.Typer(add_completion=False, rich_markup_mode=None)
    oven.command()(verb(Pantry, lambda config: None))
    text = " ".join(CliRunner().invoke(oven, ["--help"]).stdout.split())
    assert "Where things lie. [default: low, high]" in text
    assert "Where it is written what lies there. --" in text


# --- the verbs' own settings


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("name", sorted(VERBS))
def test_every_field_of_a_verb_is_an_option_with_its_text(name: str) -> None:
    config = VERBS[name]
    shown = CliRunner().invoke(app, [*name.split(), "--help"], env={"COLUMNS": "120"}).stdout
    docs = field_docs(config)
    for field in fields(config):
        assert field.name in docs, f"{config.__name__}.{field.name} has no text"
        if is_dataclass(field.default):
            assert field_docs(type(field.default)).keys() == {f.name for f in fields(field.default)}
            continue
        assert f"--{field.name.replace('_', '-')} " in shown, field.name
        assert squeezed(docs[field.name]) in squeezed(shown), field.name


@pytest.mark.parametrize("config", sorted({*VERBS.values()}, key=lambda c: c.__name__))
def test_every_default_is_a_value_that_may_be_told(config: type[Any]) -> None:
    default = config()
    values = {f.name: getattr(default, f.name) for f in fields(config)}
    assert merge(config, None, values) == default
    assert len(fields(config)) <= 12
    assert inspect.getdoc(config)
