"""The report is one file that fetches nothing, runs nothing, and shows what there is and no more."""

import base64
import hashlib
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_run import STAGES, write, write_run

from callwright import report
from callwright.errors import DataError
from callwright.progress import legible
from callwright.report.charts import Group, Score, bars, curve, heat
from callwright.report.page import Markup, escape, page, table, tag

HOSTILE = {
    "closes style": "</style><script>alert(1)</script>",
    "closes everything": "--></title></summary></td></code></svg><img src=x onerror=alert(1)>",
    "attributes": '"\' onload=\'alert(1)" style="background:url(//evil.example/x)',
    "links": '<a href="javascript:alert(1)">x</a><base href="https://evil.example">',
    "refresh": '<meta http-equiv="refresh" content="0;url=https://evil.example">',
    "svg": "<svg/onload=alert(1)><foreignObject><iframe src=https://evil.example>",
    "entities": "&lt;script&gt; &amp;#x3C;b&#62;",
    "ansi": "\x1b[2J\x1b]0;title\x07",
    "bidi": "abc\u202egnp.exe\u2066x\u2069",
    "nul": "a\x00b\x0bc",
    "surrogate": "\udcff\ud83d",
    "long": "x" * 3000,
}
ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "header", "section", "h1", "h2", "p", "table", "thead",
    "tbody", "tr", "th", "td", "code", "pre", "details", "summary", "svg", "rect", "text", "path", "nav", "a",
    "div", "h3", "mark",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "class", "viewbox", "width", "height", "role",
    "aria-label", "x", "y", "fill", "stroke", "stroke-width", "d", "text-anchor", "id", "href", "tabindex",
    "fill-opacity", "transform",
}  # fmt: skip
VOID = {"meta"}


class Page(HTMLParser):
    """What a browser would see: elements with their attributes, text, and whether every element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, list[str]] = {}
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data[:80]}")

    def handle_data(self, data: str) -> None:
        self.text.setdefault(self.open[-1] if self.open else "", []).append(data)

    def all_text(self) -> str:
        return "".join("".join(parts) for name, parts in self.text.items() if name != "style")


def parsed(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def check_inert(seen: Page) -> None:
    assert not seen.open
    assert {name for name, _ in seen.elements} <= ALLOWED
    for name, attributes in seen.elements:
        assert set(attributes) <= ATTRIBUTES, (name, attributes)
        assert not any("//" in (value or "") or "url(" in (value or "") for value in attributes.values())
        assert (attributes.get("href") or "#").startswith("#"), "links lead to places of this page only"
    assert sum(name == "style" for name, _ in seen.elements) == 1
    assert not set(seen.all_text()) & {"\x00", "\x0b", "\x1b", "\x07", "\u202e", "\u2066", "\u2069"}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_text_is_shown_as_text_everywhere(tmp_path: Path, name: str) -> None:
    text = HOSTILE[name]
    if name == "surrogate":  # no file of ours can hold one, but a folder's name can
        run = write_run(tmp_path / "x\udcff")
    else:
        run = write_run(tmp_path / "run", text, columns=(text, "held_out"))
    seen = parsed(report.write(run))
    check_inert(seen)
    if name != "surrogate":
        assert legible(text) in seen.text["td"]  # escaped once, neither twice nor not at all


@given(st.text())
def test_any_text_survives_escaping_and_parsing(text: str) -> None:
    seen = Page(page(text, tag("p", text), table((text,), [(text,)]), bars([Group(text, ())], (text,))))
    check_inert(seen)
    if text.isprintable():
        assert "".join(seen.text.get("title", [])) == text
        assert "".join(seen.text.get("p", [])) == text


def test_the_policy_allows_the_one_style_by_its_hash_and_nothing_else(tmp_path: Path) -> None:
    seen = parsed(report.write(write_run(tmp_path / "run")))
    (policy,) = [a["content"] for n, a in seen.elements if a.get("http-equiv") == "Content-Security-Policy"]
    style = "".join(seen.text["style"])
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert not re.search(r"@import|url\(|https?:", style)


def test_the_report_is_one_file_that_names_no_address(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    before = {p for p in run.rglob("*") if p.is_file()}
    path = report.write(run)
    assert {p for p in run.rglob("*") if p.is_file()} - before == {path}
    assert not re.search(r"https?://|src=|href=\"[^#]", path.read_text(encoding="utf-8"))
    assert path.stat().st_size < 200_000


def titles(path: Path) -> list[str]:
    return parsed(path).text.get("h2", [])


def test_a_finished_run_shows_every_section_and_both_scores(tmp_path: Path) -> None:
    path = report.write(write_run(tmp_path / "run"))
    assert titles(path) == [
        "Held-out requests for these tools",
        "BFCL, a public benchmark (subset)",
        "Supervised fine-tuning",
        "Preference optimisation (DPO)",
        "The data set",
        "Conformance",
        "Cost and time",
        "Lineage",
    ]
    text = parsed(path).all_text()
    assert "25% before, 67% after" in text  # 6 and 16 of 24 rows
    assert "fixed by training" in text
    assert "broken by training" in text
    assert "still wrong" in text
    assert 'plain({"plain": "plain"})' in text  # a call as people write one


SECTIONS = {
    "dataset": "The data set",
    "before": "Held-out requests for these tools",
    "after": "BFCL, a public benchmark (subset)",
    "sft": "Supervised fine-tuning",
    "dpo": "Preference optimisation (DPO)",
    "conform": "Conformance",
}


@pytest.mark.parametrize("stage", sorted(SECTIONS))
def test_a_stage_that_is_missing_is_simply_absent(tmp_path: Path, stage: str) -> None:
    run = write_run(tmp_path / "run")
    shutil.rmtree(run / stage)
    shown = titles(report.write(run))
    assert SECTIONS[stage] not in shown
    assert len(shown) == (6 if stage in ("before", "after") else 7)


def test_an_empty_folder_gives_a_page_that_says_so(tmp_path: Path) -> None:
    path = report.write(tmp_path)
    assert titles(path) == []
    assert "The model has not been trained yet." in parsed(path).all_text()
    assert report.outcome_text(tmp_path) == ""


def test_scores_of_an_earlier_suite_are_left_out_not_mixed(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    other = write_run(tmp_path / "other", "else")
    shutil.copy(other / "after" / "suite" / "results.jsonl", run / "after" / "suite" / "results.jsonl")
    assert "Held-out requests for these tools" not in titles(report.write(run))
    assert "Held-out" not in report.outcome_text(run)


def test_half_a_line_of_a_killed_run_does_not_stop_the_report(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    with (run / "sft" / "metrics.jsonl").open("a", encoding="utf-8") as metrics:
        metrics.write('{"step": 30, "lo')
    assert "Supervised fine-tuning" in titles(report.write(run))


def test_stages_stand_in_the_order_in_which_they_ran_whatever_the_clock_says(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    for stage in ("after", "dataset"):
        (run / stage / "done.json").touch()
    cells = parsed(report.write(run)).text["td"]
    assert [cell for cell in cells if cell in STAGES] == list(STAGES)


def test_the_tables_for_a_terminal_have_one_line_per_column(tmp_path: Path) -> None:
    text = report.outcome_text(write_run(tmp_path / "run"))
    lines = text.splitlines()
    assert lines[0] == "Held-out requests for these tools"
    rows = lines[2 : lines.index("") if "" in lines else None]
    names = [re.split(r"  +", line.strip())[0] for line in rows]
    assert names[:2] == ["in distribution", "held out"]
    assert set(names[2:-1]) <= {"a call is due", "no call is due"}
    assert names[2:-1]
    assert rows[-1].strip().startswith("all")
    assert "<.0001" in text or re.search(r"0\.\d{4}", text)


def test_a_report_that_can_not_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"report\.html: can not be written"):
        report.write(tmp_path / "nosuch")


def test_a_run_of_one_step_and_no_reasons_is_shown(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    (run / "sft" / "metrics.jsonl").write_text('{"step": 1, "loss": NaN}\n', encoding="utf-8")
    write(run / "dataset" / "summary.json", {"train": 0, "funnel": "", "reasons": {}, "styles": {}})
    (run / "dataset" / "train.jsonl").write_text("", encoding="utf-8")
    check_inert(parsed(report.write(run)))


def test_every_section_is_reached_from_the_top_by_a_link(tmp_path: Path) -> None:
    seen = parsed(report.write(write_run(tmp_path / "run")))
    places = [attributes["id"] for name, attributes in seen.elements if name == "section"]
    links = [attributes["href"] for name, attributes in seen.elements if name == "a"]
    assert links == [f"#{place}" for place in places]
    assert len(set(places)) == len(places) == 8


def test_what_was_learnt_is_marked_token_by_token(tmp_path: Path) -> None:
    seen = parsed(report.write(write_run(tmp_path / "run", "word")))
    assert seen.text["mark"] == ["word", "<|im_end|>"] * 2
    assert "asked word" in "".join(seen.text["pre"])


def test_mistakes_and_what_was_called_for_what_are_counted(tmp_path: Path) -> None:
    seen = parsed(report.write(write_run(tmp_path / "run", "book")))
    assert seen.text["h3"].count("Mistakes") == 2
    assert "rows before" in seen.text["th"]
    maps = [a["aria-label"] for name, a in seen.elements if name == "svg"]
    assert maps.count("tools that were due and tools that were called") == 2
    assert maps.count("training rows by tool and style") == 1


def test_a_difference_between_runtimes_is_shown_with_its_case(tmp_path: Path) -> None:
    seen = parsed(report.write(write_run(tmp_path / "run", "some runtime")))
    assert "90 made-up conversations with 100 calls through 2 runtimes: 3 differences" in seen.all_text()
    assert "87 of 90" in seen.text["td"]
    assert seen.text["td"].count("not here") == 5
    assert "some runtime, prompt: 3 of 90 differ" in seen.all_text()


# --- building blocks


def test_only_markup_passes_unescaped() -> None:
    assert escape(Markup("<b>")) == "<b>"
    assert escape("<b>&\"'") == "&lt;b&gt;&amp;&quot;&#x27;"
    assert tag("p", "<", Markup("<i>x</i>"), 3) == "<p>&lt;<i>x</i>3</p>"


def test_a_table_without_headers_has_no_empty_first_row() -> None:
    assert "thead" not in table(("", ""), [("a", "b")])
    assert table(("a", "b"), [(1, 2)], numeric=[1]).count('class="n"') == 2


# --- charts


WIDTH = 720


def numbers(svg: str) -> list[float]:
    geometry = re.findall(r'(?:x|y|width|height|d|viewBox)="([^"]*)"', svg)
    return [float(n) for text in geometry for n in re.findall(r"-?\d+(?:\.\d+)?", text)]


WILD = st.one_of(st.floats(), st.sampled_from([0.0, 1.0, -1.0, 2.0]))


@given(st.lists(st.builds(Score, WILD, WILD, WILD), max_size=3))
def test_bars_stay_inside_whatever_the_values(scores: list[Score]) -> None:
    svg = bars([Group("x", scores)], ("before", "after", "third")[: max(1, len(scores))])
    assert "nan" not in re.sub(r">[^<]*<", "><", svg)
    assert "inf" not in re.sub(r">[^<]*<", "><", svg)
    assert all(-8 <= n <= WIDTH for n in numbers(svg))
    check_inert(Page(page("x", svg)))


def test_a_column_without_rows_has_an_interval_over_everything() -> None:
    svg = bars([Group("none", (Score(0.0, 0.0, 1.0),))], ("after",))
    assert ">0%<" in svg
    (whisker,) = re.findall(r'd="M([\d.]+) [\d.]+H([\d.]+)', svg)
    assert [float(x) for x in whisker] == [190.0, 660.0]


@given(
    st.lists(st.text(max_size=40), max_size=5, unique=True),
    st.lists(st.text(max_size=40), max_size=25, unique=True),
    st.data(),
)
def test_a_heat_map_shows_every_count_once(rows: list[str], columns: list[str], data: st.DataObject) -> None:
    cells = st.tuples(st.sampled_from(rows or [""]), st.sampled_from(columns or [""]))
    counts = data.draw(st.dictionaries(cells, st.integers(1, 10**6), max_size=6))
    drawn = heat(rows, columns, counts, "a map")
    check_inert(Page(page("x", drawn)))
    shown = re.findall(r'text-anchor="middle">(\d+)<', drawn)
    expected = [counts[r, c] for r in rows for c in columns if (r, c) in counts]
    assert [int(each) for each in shown] == expected
    opacities = [float(each) for each in re.findall(r'fill-opacity="([\d.]+)"', drawn)]
    assert len(opacities) == len(rows) * len(columns)
    assert all(0 < each <= 0.75 for each in opacities)


def test_no_group_at_all_is_still_a_chart() -> None:
    check_inert(Page(page("x", bars([], ("before", "after")))))


@given(st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)), min_size=2, max_size=20))
def test_a_curve_stays_inside_its_axes(points: list[tuple[float, float]]) -> None:
    svg = curve(points, "step", "loss")
    line = re.findall(r'd="M([^"]*)" stroke="var\(--bar\)"', svg)[0]
    for pair in line.split("L"):
        x, y = map(float, pair.split())
        assert 50 <= x <= WIDTH - 20
        assert 12 <= y <= 190


@pytest.mark.parametrize("points", [[], [(1.0, 2.0)], [(1.0, float("nan")), (2.0, 1.0)]])
def test_fewer_than_two_points_are_no_curve(points: list[tuple[float, float]]) -> None:
    assert curve(points, "step", "loss") == ""


def test_a_flat_curve_and_a_value_that_is_no_number_do_no_harm() -> None:
    svg = curve([(1, 0.0), (2, 0.0), (3, float("inf")), (4, float("nan"))], "step", "loss")
    assert "nan" not in svg
    assert "inf" not in svg
    assert json.dumps(svg)
