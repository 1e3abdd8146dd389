"""The grammars of the text environments that data sets of agent runs come from, one after another.

See `environments` for how a form is written. The order of the actions matters: the first form that fits
wins. Prompts are recognised by their own words; the patterns in `formats`, `query` and `again` fit those of
AgentInstruct, ETO and AgentTraj-L.
"""

from __future__ import annotations

import re

from callwright.unify.notations.environment_games import BABYAI, MAZE, RESPONSE, SCIWORLD, TEXTCRAFT, WORDLE
from callwright.unify.notations.environments import Action, Environment

_SEARCH = Action("search", "Search for an entity or a fact.", "search[{query}]")
_FINISH = Action("finish", "Give the answer and end the episode.", "finish[{answer}]")

FIREACT = Environment("fireact", (_SEARCH, _FINISH))
"""Question answering with a web search, as FireAct has it."""

HOTPOTQA = Environment(
    "hotpotqa",
    (
        _SEARCH,
        Action("lookup", "Find the next sentence of the page with this keyword.", "lookup[{keyword}]"),
        _FINISH,
    ),
)

WEBSHOP = Environment(
    "webshop",
    (
        Action("search", "Search for products; only where the page has a search bar.", "search[{keywords}]"),
        Action("click", "Click on one of the values that the page offers.", "click[{value}]"),
    ),
    marks=("You are web shopping.",),
    formats=(
        r"An action should be of the following structure:\nsearch\[keywords\]\nclick\[value\]",
        RESPONSE,
    ),
)

ALFWORLD = Environment(
    "alfworld",
    (
        Action("go_to", "Go to a receptacle.", "go to {receptacle}"),
        Action("take", "Take an object out of or off a receptacle.", "take {object} from {receptacle}"),
        Action(
            "put",
            "Put an object that you carry into or onto a receptacle.",
            "put {object} in/on {receptacle}",
            "put {object} in {receptacle}",
            "put {object} on {receptacle}",
            "move {object} to {receptacle}",
        ),
        Action("open", "Open a receptacle.", "open {receptacle}"),
        Action("close", "Close a receptacle.", "close {receptacle}"),
        Action("toggle", "Switch an object on or off.", "toggle {object}"),
        Action("use", "Switch on an object such as a lamp.", "use {object}"),
        Action("clean", "Clean an object with a receptacle.", "clean {object} with {receptacle}"),
        Action("heat", "Heat an object with a receptacle.", "heat {object} with {receptacle}"),
        Action("cool", "Cool an object with a receptacle.", "cool {object} with {receptacle}"),
        Action("slice", "Slice an object with another.", "slice {object} with {tool}"),
        Action("examine", "Look at an object or a receptacle.", "examine {object}"),
        Action("inventory", "Say what you carry.", "inventory"),
        Action("look", "Look around.", "look"),
    ),
    marks=("Interact with a household to solve a task.",),
    formats=(
        r'You should choose from two actions: "THOUGHT" or "ACTION"\..*?'
        r'If you choose "ACTION".*?ACTION: your next action\n"\.',
    ),
)

OPERATING_SYSTEM = Environment(
    "os",
    (
        Action("bash", "Execute bash code.", "bash {code:code}"),
        Action("answer", "Give the answer to the question.", "answer({answer:+})"),
        Action("finish", "Say that the task is done.", "finish"),
    ),
    marks=("I'will play the role of linux(ubuntu) operating system", "linux(ubuntu) operating system"),
    formats=(r"For each of your turn, you should first think.*?pair of parentheses\)",),
    query=r"Now, my problem is:\s*",
    again=r"Now, I will start a new problem in a new OS\. My problem is:\s*",
)

DATABASE = Environment(
    "db",
    (
        Action("operation", "Execute one SQL statement.", "Operation {sql:code}"),
        Action("answer", "Commit the final answer.", "Answer Final Answer: {answer:json}"),
    ),
    marks=("help me operate a MySQL database with SQL",),
    formats=(r"your operation should be like this:.*",),
)

KNOWLEDGE_GRAPH = Environment(
    "kg",
    (
        Action(
            "get_relations", "List the relations of an entity or a variable.", "get_relations({variable:+})"
        ),
        Action(
            "get_neighbors",
            "Return as a variable what a relation connects to an entity or a variable.",
            "get_neighbors({variable:+}, {relation})",
        ),
        Action(
            "intersection",
            "Return as a variable what two variables of the same type share.",
            "intersection({variable1:+}, {variable2})",
        ),
        Action(
            "get_attributes", "List the numeric attributes of a variable.", "get_attributes({variable:+})"
        ),
        Action("argmax", "Return what has most of an attribute.", "argmax({variable:+}, {attribute})"),
        Action("argmin", "Return what has least of an attribute.", "argmin({variable:+}, {attribute})"),
        Action("count", "Count what belongs to a variable.", "count({variable:+})"),
        Action("final_answer", "Name the variable that is the answer.", "Final Answer: {variable}"),
    ),
    marks=("answers questions based on the knowledge stored in a knowledge base",),
    opens=r"Action[ \t]*:|(?=Final Answer[ \t]*:)",
    formats=(
        r"To achieve this, you can use the following tools to query the KB\..*?"
        r"(?=After a variable is produced)",
        r"Once you find the answer, respond with.*?you MUST respond with 'Final Answer: #3'\.",
    ),
    again=r"A new question:\s*",
)

MIND2WEB = Environment(
    "mind2web",
    (
        Action(
            "choose",
            "Choose an element by its letter and say what to do with it; A where the page has none.",
            "Answer: {choice}. Action: {operation:CLICK|TYPE|SELECT} Value: {value}",
            "Answer: {choice}. Action: {operation:CLICK|TYPE|SELECT}",
            "Answer: {choice}.",
        ),
    ),
    marks=("Based on the HTML webpage above, try to complete the following task:",),
    opens=r"(?=Answer[ \t]*:)",
)

SQLGYM = Environment(
    "sqlgym",
    (Action("execute_sql", "Execute one SQL statement.", "{sql:code}"),),
    marks=("Given you a description of a SQlite database system",),
    formats=(r"your response should be like this:.*",),
)

TOOL_FORMATS = (r"Please provide your thought to solve the question\..*",)
MOVIE = Environment("movie", formats=TOOL_FORMATS)
WEATHER = Environment("weather", formats=TOOL_FORMATS)
TODO = Environment("todo", formats=TOOL_FORMATS)
ACADEMIA = Environment("academia", formats=TOOL_FORMATS)
SHEET = Environment("sheet", formats=TOOL_FORMATS)
TOOLS = Environment("tools", marks=("We detail name, description, input(parameters)",), formats=TOOL_FORMATS)
"""Any environment whose prompt describes its tools as those five do."""

ENVIRONMENTS = {
    env.name: env
    for env in (
        WEBSHOP, ALFWORLD, OPERATING_SYSTEM, DATABASE, KNOWLEDGE_GRAPH, MIND2WEB, BABYAI, MAZE, WORDLE,
        SCIWORLD, SQLGYM, TEXTCRAFT, MOVIE, WEATHER, TODO, ACADEMIA, SHEET, TOOLS, FIREACT, HOTPOTQA,
    )
}  # fmt: skip
"""Every environment by name."""

_ID = re.compile(r"(?:lmrlgym_)?([a-z0-9]+)_[\[\d]")


def named(id: object) -> Environment | None:
    """Return the environment that the id of an item or of a data set names, such as ``webshop_330``."""
    if not isinstance(id, str):
        return None
    found = _ID.match(id)
    return ENVIRONMENTS.get(found[1] if found else id)


def described(prompt: str) -> Environment | None:
    """Return the environment whose prompt this is."""
    for env in ENVIRONMENTS.values():
        if any(mark in prompt for mark in env.marks):
            return env
    return None
