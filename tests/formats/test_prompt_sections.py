"""The system text: which sections it has, and what replaces what."""

import pytest

from callwright.errors import ConfigError
from callwright.formats import DEFAULT_INSTRUCTION, FORMATS, system_text
from callwright.record import Task, Tool

TOOL = Tool(name="now", description="Tell the time.")
HERMES = FORMATS["hermes"].instruction


def test_with_tools_it_has_instruction_tools_and_format() -> None:
    assert (
        system_text(Task(), [TOOL]) == f"{DEFAULT_INSTRUCTION}\n\n# Tools\nnow() - Tell the time.\n\n{HERMES}"
    )


def test_json_style_shows_the_whole_schema() -> None:
    line = '{"name":"now","description":"Tell the time.","parameters":{"type":"object","properties":{}}}'
    assert f"# Tools\n{line}\n\n" in system_text(Task(), [TOOL], tools_as="json")


def test_no_tools_offered_means_no_format_asked_for() -> None:
    task = Task(format_instruction="Answer in XML.", output_format="xlam")
    assert system_text(task, []) == DEFAULT_INSTRUCTION
    assert system_text(Task(), ()) == DEFAULT_INSTRUCTION


def test_unknown_tools_mean_a_format_only_where_the_task_names_one() -> None:
    assert system_text(Task(), None) == DEFAULT_INSTRUCTION
    assert system_text(Task(output_format="xlam"), None).endswith(FORMATS["xlam"].instruction)
    assert system_text(Task(format_instruction="Use XML."), None) == f"{DEFAULT_INSTRUCTION}\n\nUse XML."


def test_the_task_replaces_both_instructions_and_appends_examples() -> None:
    task = Task(instruction="Book tables.", format_instruction="Use XML.", few_shots=("Q1\nA1", "Q2\nA2"))
    assert system_text(task, [TOOL]) == (
        "Book tables.\n\n# Tools\nnow() - Tell the time.\n\nUse XML.\n\n# Examples\nQ1\nA1\n\nQ2\nA2"
    )


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_the_format_of_the_task_is_asked_for(name: str) -> None:
    assert system_text(Task(output_format=name), [TOOL]).endswith(FORMATS[name].instruction)


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"hermes \| xlam \| .*python.*got jason"):
        system_text(Task(output_format="jason"), [TOOL])
