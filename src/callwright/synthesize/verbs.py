"""Verbs that tools are named after, what people say instead, and their forms.

>>> base_form("Retrieves"), gerund("book"), is_question("look up")
('retrieve', 'booking', True)
"""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_ASK = _words(
    """
    get find look search list check show retrieve fetch view display read query see describe calculate
    compute estimate determine count lookup track provide obtain give browse discover locate measure
    predict tell inspect identify evaluate report summarize
    """
)
_DO = _words(
    """
    accept activate add adjust allocate analyze append apply approve archive arrange assign attach
    authenticate authorize block book borrow build buy call cancel change charge clean clear clone
    close comment commit compare compile complete compose compress configure confirm connect contact
    convert copy crawl create crop deactivate decode decrypt delete deliver deploy detect disable
    disconnect dispatch divide download draw drop edit email enable encode encrypt end enroll
    exchange execute export extend extract file fill filter flag follow forward freeze fund generate
    grant group hide hire import increase initialize insert install invite invoke issue join kill
    label launch lend like lock log make manage mark mention merge modify monitor mount move
    multiply mute navigate notify open optimize order organize parse pause pay perform pin place
    plan play post prepare press print process publish purchase push put rate reactivate rebook
    recommend record recover redeem reduce refill refund register reject release reload remind
    remove rename renew rent repeat replace reply report request reschedule reserve reset resize
    resolve respond restart restore resume return retweet review revoke ring roll rotate round run
    save scale scan schedule scrape select sell send set share ship shorten shuffle sign simulate
    skip solve sort split start stop store submit subscribe subtract suggest switch sync tag take
    test tip toggle top train transcribe transfer transform translate trigger trim turn unblock
    unfollow unlock unsubscribe update upgrade upload use validate verify vote wait water withdraw
    write zip
    """
)

VERBS = frozenset((*_ASK, *_DO))
PHRASAL = (
    "look up", "set up", "check in", "check out", "sign up", "sign in", "log in", "log out", "turn on",
    "turn off",
    "switch on", "switch off", "search for", "look for", "find out", "apply for", "pay for", "call off",
    "clean up",
    "back up", "roll back", "fill in", "shut down",
)  # fmt: skip

SAY: dict[str, tuple[str, ...]] = {
    # what people say for the verb of a description; the first ones more often
    "get": ("get", "find", "look up", "check", "pull up", "find out"),
    "retrieve": ("get", "find", "look up", "pull up"), "fetch": ("get", "fetch", "pull up", "look up"),
    "provide": ("get", "give me"), "obtain": ("get", "find"),
    "lookup": ("look up", "find"), "look up": ("look up", "find", "check"),
    "find": ("find", "look for", "search for", "find me"), "search": ("search", "look through"),
    "search for": ("search for", "look for", "find", "find me"), "list": ("list", "show me", "get",
    "pull up"),
    "show": ("show me", "pull up", "get"), "display": ("show me", "pull up"), "view": ("show me", "open"),
    "check": ("check", "find out", "look up"), "calculate": ("calculate", "work out", "compute",
    "figure out"),
    "compute": ("calculate", "work out", "compute"), "estimate": ("estimate", "work out", "get an idea of"),
    "determine": ("work out", "determine", "figure out"), "track": ("track", "check on"),
    "book": ("book", "reserve", "get me"), "reserve": ("reserve", "book", "get me"),
    "create": ("create", "set up", "make", "add"), "schedule": ("schedule", "set up", "plan in"),
    "cancel": ("cancel", "call off", "cancel"), "delete": ("delete", "remove", "get rid of"),
    "remove": ("remove", "take off", "delete"), "update": ("update", "change"), "modify": ("change",
    "modify"),
    "buy": ("buy", "order", "purchase"), "purchase": ("buy", "purchase"), "rent": ("rent", "hire", "get me"),
    "order": ("order", "get me"), "plan": ("plan", "work out", "map out"), "split": ("split", "divide"),
    "convert": ("convert", "change"), "send": ("send", "send off"), "register": ("register", "sign up"),
    "submit": ("submit", "file", "hand in"), "generate": ("generate", "create", "make"),
    "start": ("start", "kick off"), "play": ("play", "put on"), "compare": ("compare",),
    "transfer": ("transfer", "move"), "renew": ("renew", "extend"), "add": ("add", "put in"),
}  # fmt: skip
_ORDERS_ONLY = {"find me", "show me", "give me", "get me"}
"""Wordings that address the assistant: fine in "please …" and "can you …", wrong after "I need to"."""


def base_form(word: str) -> str:
    """Return the base form of a verb in the third person or of a gerund; "" for no known verb."""
    word = word.lower().strip(".,:;")
    if word in VERBS:
        return word
    tries = [word[:-1] if word.endswith("s") else "", word[:-2] if word.endswith("es") else ""]
    if word.endswith("ies"):
        tries.append(word[:-3] + "y")
    if word.endswith("ing"):
        stem = word[:-3]
        tries += [stem, stem + "e", stem[:-1] if len(stem) > 2 and stem[-1] == stem[-2] else ""]
    return next((t for t in tries if t in VERBS), "")


def is_question(verb: str) -> bool:
    """Tell whether the verb asks for information rather than for a deed."""
    return verb.split(" ")[0] in _ASK


def spoken(verb: str, order: bool) -> tuple[str, ...]:
    """Return what people say for a verb; `order` admits wordings that address the assistant."""
    ways = SAY.get(verb, (verb,))
    fitting = tuple(w for w in ways if order or w not in _ORDERS_ONLY)
    return fitting or ("see",)


def gerund(phrase: str) -> str:
    """Return the -ing form of a verb phrase: "look up" → "looking up"."""
    verb, _, rest = phrase.partition(" ")
    if verb.endswith("ie"):
        form = verb[:-2] + "ying"
    elif verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")):
        form = verb[:-1] + "ing"
    elif verb in _DOUBLING:
        form = verb + verb[-1] + "ing"
    else:
        form = verb + "ing"
    return f"{form} {rest}".strip()


_DOUBLING = {"get", "set", "put", "plan", "split", "run", "stop", "tag", "trim", "pin", "cut", "drop",
"crop", "skip",
             "ship", "zip", "begin", "submit", "commit", "rent out", "log", "map", "tip", "scan"}  # fmt: skip
