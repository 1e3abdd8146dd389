"""Requests that no offered tool can serve, and how an assistant says so.

Three kinds: the tool that would be needed has been taken away, the request is about something else entirely,
or the user just talks. The pseudo tools of `ELSEWHERE` are never offered: they only give the grammar
something
to ask for.
"""

from __future__ import annotations

import random
import re

from callwright.record import Tool
from callwright.synthesize.verbs import gerund


def _elsewhere(name: str, description: str, required: str = "", optional: str = "") -> Tool:
    types = {"copies": "integer", "temperature": "integer", "amount": "number", "minutes": "integer"}
    names = [*required.split(), *optional.split()]
    properties = {
        n: {"type": types.get(n, "string"), **({"format": "date"} if n == "date" else {})} for n in names
    }
    return Tool(
        name=name,
        description=description,
        parameters={"type": "object", "properties": properties, "required": required.split()},
    )


ELSEWHERE: tuple[Tool, ...] = (
    _elsewhere("order_taxi", "Order a taxi to an address.", "address", "time"),
    _elsewhere("start_dishwasher", "Start the dishwasher.", "", "time"),
    _elsewhere("mow_lawn", "Mow the lawn.", "", "date"),
    _elsewhere("print_document", "Print a file.", "file", "copies"),
    _elsewhere("find_plumber", "Find a plumber.", "city", "date"),
    _elsewhere("tune_piano", "Tune the piano.", "date"),
    _elsewhere("design_logo", "Design a logo.", "company", "color"),
    _elsewhere("paint_bedroom", "Paint the bedroom.", "color", "date"),
    _elsewhere("deliver_flowers", "Deliver flowers to someone.", "recipient", "date"),
    _elsewhere("unlock_door", "Unlock the front door."),
    _elsewhere("set_thermostat", "Set the thermostat.", "temperature"),
    _elsewhere("record_broadcast", "Record a movie on TV.", "movie", "time"),
    _elsewhere("wash_windows", "Wash the windows.", "", "date"),
    _elsewhere("write_poem", "Write a poem.", "topic"),
    _elsewhere("transcribe_recording", "Transcribe the recording.", "file"),
    _elsewhere("compose_melody", "Compose a melody.", "genre"),
    _elsewhere("vacuum_hallway", "Vacuum the hallway.", "", "time"),
    _elsewhere("predict_lottery", "Predict the lottery numbers.", "date"),
    _elsewhere("repair_gadget", "Repair my broken gadget.", "", "date"),
    _elsewhere("solve_crossword", "Solve the crossword."),
    _elsewhere("draw_portrait", "Draw a portrait of someone.", "person"),
    _elsewhere("find_babysitter", "Find a babysitter.", "date", "time"),
    _elsewhere("charge_scooter", "Charge the scooter.", "", "time"),
    _elsewhere("donate_blood", "Find a place to donate blood.", "city"),
    _elsewhere("adopt_puppy", "Adopt a puppy.", "city"),
    _elsewhere("sharpen_knives", "Sharpen the kitchen knives."),
    _elsewhere("measure_heartbeat", "Measure my heartbeat."),
    _elsewhere("explain_proverb", "Explain a proverb.", "language"),
    _elsewhere("trim_hedge", "Trim the hedge.", "", "date"),
    _elsewhere("identify_mushroom", "Identify a mushroom."),
)

SMALL_TALK: tuple[tuple[str, str], ...] = (
    ("Hi, how are you today?", "I'm well, thank you! What can I do for you?"),
    ("Hello!", "Hello! What can I do for you?"),
    ("thanks, that was really helpful", "You're welcome! Let me know if there is anything else."),
    ("Thank you so much!", "You're welcome!"),
    ("Good morning", "Good morning! How can I help?"),
    ("What do you think about Mondays?", "I have no feelings about Mondays, but I'm ready when you are."),
    ("Do you ever get tired?", "No, I don't get tired. What can I do for you?"),
    ("haha that's funny", "Glad you liked it! Is there anything I can do for you?"),
    ("Are you a robot?", "I'm an AI assistant that works with a set of tools. How can I help?"),
    ("What's your favourite colour?", "I don't have one, but I'm happy to help with a task."),
    ("I'm bored.", "Sorry to hear that! If you have a task for my tools, I'm here."),
    ("never mind, I figured it out", "Great! I'm here if you need anything else."),
    ("Who made you?", "I'm an AI assistant. I can't tell you more than that, but I can help with a task."),
    ("How old are you?", "I don't have an age. Is there something I can do for you?"),
    ("you are great", "Thank you! Let me know what you need."),
    ("Can you keep a secret?", "I only work with what you tell me here. What do you need?"),
    ("Tell me a joke.", "Why did the scarecrow get a prize? He was outstanding in his field."),
    ("Sing me something", "I can't sing, I'm afraid, but I can help with a task."),
    ("Do you dream?", "I don't. What can I help you with?"),
    ("Sorry, wrong chat.", "No problem!"),
    ("Give me a second, I'm looking for my notes.", "Take your time, I'm here."),
    ("What's the meaning of life?", "That one is beyond my tools. Is there anything else I can do?"),
    ("ok cool", "Good! Tell me if you need anything else."),
    ("Bye, see you tomorrow!", "Goodbye, see you!"),
    ("I had such a long day...", "I'm sorry to hear it. Let me know if I can take a task off your hands."),
    ("Who would win, a lion or a tiger?", "My tools have no answer to that one, but it would be close."),
)

_REFUSALS = (
    "I'm sorry, I can't {do}: none of my tools does that.",
    "I don't have a tool to {do}.",
    "None of the tools I have can {do}.",
    "Unfortunately I'm not able to {do} with the tools available to me.",
    "Sorry, {doing} is not something my tools can do.",
    "I can't help with that one, because I have no tool to {do}.",
    "{Doing} is outside of what I can do here.",
    "My tools don't cover that: I can't {do}.",
    "I would need a tool to {do}, and I don't have one.",
    "That isn't possible with my current tools; I can't {do}.",
    "I'm afraid there is no way for me to {do} right now.",
    "No tool of mine can {do}, so I have to pass on this.",
)


def refusal(capability: str, rng: random.Random) -> str:
    """Return a short answer that says which capability is missing."""
    do = re.sub(r"\bmy\b", "your", capability)
    do = re.sub(r"\bme\b", "you", do)
    doing = gerund(do)
    template = rng.choice(_REFUSALS)
    return template.format(do=do, doing=doing, Doing=doing[:1].upper() + doing[1:])
