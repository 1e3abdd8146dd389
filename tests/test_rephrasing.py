"""Other words for an instruction are used only where a solver still makes the right calls."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from callwright.errors import ModelError
from callwright.evaluate.answers import Asker, opened
from callwright.models import Prompt
from callwright.models.scripted import ScriptedModel
from callwright.record import Message, Task, Tool, ToolCall, Trajectory
from callwright.rephrasing import Rephrasing, instruction_of, is_faithful

OLD, NEW = "Use `add` with 2 numbers, always.", "With 2 numbers, `add` is what you always use."
RIGHT = '<tool_call>\n{"name": "add", "arguments": {"a": 1, "b": 2}}\n</tool_call>'
CALL = ToolCall(name="add", arguments={"a": 1, "b": 2})
ADD = Tool(
    name="add",
    parameters={
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
    },
)


def row(row_id: str = "r", instruction: str = OLD) -> Trajectory:
    return Trajectory(
        id=row_id,
        task=Task(instruction=instruction),
        tools=(ADD,),
        messages=(Message(role="user", content="1 and 2"), Message(role="assistant", tool_calls=(CALL,))),
    )


class Player:
    """What a scripted model says, and what it was asked."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.asked: list[str] = []
        self.down = False

    def __call__(self, prompt: Prompt) -> str:
        if self.down:
            raise ModelError("down")
        self.asked.append("\n".join(content for _, content in prompt.messages))
        return self.text


class Desk:
    """A rephrasing with its two models."""

    def __init__(self, folder: Path, written: str = NEW, solved: str = RIGHT) -> None:
        self.folder = folder
        self.writer, self.solver = Player(written), Player(solved)

    def run(self, rows: Sequence[Trajectory]) -> tuple[list[Trajectory], dict[str, object]]:
        with opened(self.folder / "w.jsonl") as writes, opened(self.folder / "s.jsonl") as solves:
            step = Rephrasing(
                Asker(ScriptedModel(self.writer), writes, max_tokens=64, fingerprint="w"),
                Asker(ScriptedModel(self.solver), solves, max_tokens=64, fingerprint="s"),
            )
            out = [t for t in step(rows) if isinstance(t, Trajectory)]
            return out, step.to_json()  # type: ignore[return-value]


def test_a_wording_that_the_solver_can_work_with_becomes_a_row(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    out, outcomes = desk.run([row()])
    assert [t.id for t in out] == ["r", "r#r"]
    assert out[0] == row()
    assert out[1].task.instruction == NEW
    assert out[1].messages == row().messages
    assert out[1].extra["augment"] == {"of": "r", "root": "r", "copy": "r", "done": ["rephrase"]}
    assert outcomes == {"rephrased": 1, "not solved": 0}
    assert NEW in desk.solver.asked[0]
    assert OLD in desk.writer.asked[0]


@pytest.mark.parametrize(
    "answer", ["", "I can not.", RIGHT.replace("2", "3"), RIGHT.replace("add", "sub"), "<tool_call>"]
)
def test_a_wording_that_leads_to_other_calls_is_not_used(tmp_path: Path, answer: str) -> None:
    out, outcomes = Desk(tmp_path, solved=answer).run([row()])
    assert [t.id for t in out] == ["r"]
    assert outcomes == {"rephrased": 0, "not solved": 1}


@pytest.mark.parametrize(
    "written",
    ["", OLD, f" {OLD}\n", "Add.", NEW * 4, NEW.replace("2", "3"), NEW.replace("`add`", "add"), NEW + " 5"],
)
def test_what_is_no_rephrasing_by_its_form_is_not_tried(tmp_path: Path, written: str) -> None:
    desk = Desk(tmp_path, written=written)
    out, outcomes = desk.run([row()])
    assert [t.id for t in out] == ["r"]
    assert outcomes["not faithful"] == 1
    assert not desk.solver.asked


def test_an_instruction_is_asked_for_once_however_many_rows_have_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    out, outcomes = desk.run([row(f"r{k}") for k in range(100)] + [row("none", "")])
    assert len(desk.writer.asked) == 1
    assert outcomes == {"rephrased": 100, "no instruction": 1, "not solved": 0}
    assert len(out) == 201
    again = Desk(tmp_path)
    assert again.run([row(f"r{k}") for k in range(100)])[1]["rephrased"] == 100
    assert again.writer.asked == again.solver.asked == []  # the journal knows


def test_a_system_message_is_an_instruction_too(tmp_path: Path) -> None:
    opening = (Message(role="system", content=OLD), *row().messages)
    t = replace(row(instruction=""), messages=opening)
    assert instruction_of(t) == OLD
    _, said = Desk(tmp_path).run([t])[0]
    assert said.messages[0] == Message(role="system", content=NEW)
    assert said.messages[1:] == opening[1:]


def test_a_row_without_an_answer_has_nothing_to_solve(tmp_path: Path) -> None:
    t = replace(row(), messages=row().messages[:1])
    out, outcomes = Desk(tmp_path).run([t])
    assert out == [t]
    assert outcomes["nothing to solve"] == 1


def test_an_outage_ends_the_run_and_is_no_answer(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.solver.down = True
    with pytest.raises(ModelError):
        desk.run([row()])
    desk.solver.down = False
    assert desk.run([row()])[1]["rephrased"] == 1
    assert len(desk.writer.asked) == 1


@pytest.mark.parametrize(
    ("old", "new", "faithful"),
    [
        ("Answer in <b> at 10:30.", "At 10:30, say it in <b>.", True),
        ("Answer in <b> at 10:30.", "At 10:31, say it in <b>.", False),
        ("Use get_time.", "Let get_time do it.", True),
        ("Use get_time.", "Let get_date do it.", False),
        ("Fill {name} in.", "Put {name} there.", True),
        ("Fill {name} in.", "Put the name there.", False),
    ],
)
def test_numbers_names_and_placeholders_have_to_be_found_again(old: str, new: str, faithful: bool) -> None:
    assert is_faithful(old, new) is faithful
