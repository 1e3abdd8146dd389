"""The grammars of games and of simulated rooms; the other environments are in `environment_grammars`."""

from __future__ import annotations

from callwright.unify.notations.environments import Action, Environment

RESPONSE = r"Your response should use the following format:.*"
"""Pattern of the end of a prompt, where most tell how to answer."""

BABYAI = Environment(
    "babyai",
    (
        Action("turn", "Turn to one side.", "turn {direction:left|right}"),
        Action("move_forward", "Take a step forward.", "move forward"),
        Action("go_to", "Go to an object.", "go to {object}"),
        Action("pick_up", "Pick up an object.", "pick up {object}", "pickup {object}"),
        Action("drop", "Drop what you carry.", "drop", "drop {object}"),
        Action("go_through", "Go through an open door.", "go through {door}"),
        Action("toggle_and_go_through", "Open a door and go through it.", "toggle and go through {door}"),
        Action("toggle", "Open or close the door in front of you.", "toggle"),
        Action("check_available_actions", "List the actions.", "check available actions"),
    ),
    marks=("You are an exploration master that wants to finish every goal you are given.",),
    formats=(r"You can use the following actions:.*",),
)

MAZE = Environment(
    "maze",
    (Action("move", "Move by one field.", "move {direction:up|down|left|right}"),),
    marks=("You are an expert maze solver.",),
)

WORDLE = Environment(
    "wordle",
    (Action("guess", "Guess the hidden word; letters are separated by blanks.", "{word:letters}"),),
    marks=("You are an expert wordle player.",),
)

SCIWORLD = Environment(
    "sciworld",
    (
        Action("open", "Open a container or a door.", "open {object}"),
        Action("close", "Close a container or a door.", "close {object}"),
        Action("activate", "Switch a device on.", "activate {object}"),
        Action("deactivate", "Switch a device off.", "deactivate {object}"),
        Action("connect", "Connect electrical parts.", "connect {object} to {target}"),
        Action("disconnect", "Disconnect an electrical part.", "disconnect {object}"),
        Action("use", "Use a device or an item.", "use {object} on {target}", "use {object}"),
        Action("look_around", "Describe the room.", "look around"),
        Action("look_in", "Describe what a container holds.", "look in {object}"),
        Action("look_at", "Describe an object.", "look at {object}", "examine {object}"),
        Action("read", "Read a note or a book.", "read {object}"),
        Action("move", "Move an object to a container.", "move {object} to {target}"),
        Action("pick_up", "Take an object.", "pick up {object}"),
        Action("put_down", "Drop an object that you carry.", "put down {object}", "drop {object}"),
        Action("pour", "Pour a liquid into a container.", "pour {object} into {target}"),
        Action("dunk", "Dunk a container into a liquid.", "dunk {object} into {target}"),
        Action("mix", "Mix what a container holds.", "mix {object}"),
        Action("go_to", "Go to another place.", "go to {location}"),
        Action("teleport_to", "Be at another place at once.", "teleport to {location}"),
        Action("eat", "Eat a food.", "eat {object}"),
        Action("flush", "Flush a toilet.", "flush {object}"),
        Action("focus_on", "Say that this object is what the task is about.", "focus on {object}"),
        Action("wait", "Do nothing for ten steps.", "wait"),
        Action("wait1", "Do nothing for one step.", "wait1"),
        Action("task", "Describe the task.", "task"),
        Action("inventory", "Say what you carry.", "inventory"),
        Action("choose", "Answer a question about what was meant.", "{number:integer}"),
    ),
    marks=("You are an agent for science world.",),
    formats=(r"Here are the actions you may take:.*",),
)

TEXTCRAFT = Environment(
    "textcraft",
    (
        Action("get", "Take objects from the environment.", "get {count:integer} {object}", "get {object}"),
        Action(
            "craft", "Craft an object with one of the given commands.", "craft {target} using {ingredients}"
        ),
        Action("inventory", "Say what you carry.", "inventory"),
    ),
    marks=("You are given few useful crafting recipes to craft items in Minecraft.",),
    formats=(RESPONSE,),
)
