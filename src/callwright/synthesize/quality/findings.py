"""What lint can find, how bad it is and what it means; and one finding, with the edit that mends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from callwright.record import Issue, Json, Severity
from callwright.synthesize.quality.places import Place


class Code(NamedTuple):
    """One kind of finding."""

    severity: Severity
    meaning: str


CODES: dict[str, Code] = {
    "duplicate-name": Code("error", "two tools share a name, capitals and signs aside"),
    "illegal-name": Code("error", "a name with other than letters, digits, _ and -, or over 64 long"),
    "vague-name": Code("warning", "a name that says nothing, such as arg1 or data"),
    "derived-name": Code("info", "an operation without an id, named after its method and path"),
    "no-description": Code("error", "a tool that does not say what it does"),
    "undescribed": Code("warning", "a parameter without a description; a note for a field inside an object"),
    "restated-name": Code("warning", "a description that repeats the name; a note where that is a phrase"),
    "no-type": Code("error", "a parameter that may be anything, so that nothing can be checked"),
    "no-item-type": Code("warning", "a list of anything"),
    "free-form-object": Code("warning", "an object without named fields"),
    "no-bounds": Code("warning", "a number whose name says what it is, without bounds"),
    "bounds-in-prose": Code("warning", "bounds that only the description tells"),
    "enum-in-prose": Code("warning", "a closed set of values that only the description tells"),
    "no-format": Code("warning", "a date, e-mail address, URL or code without a format or pattern"),
    "bad-default": Code("error", "a default that its own schema refuses"),
    "required-default": Code("warning", "a required parameter with a default"),
    "no-default": Code("info", "an optional parameter that does not say what holds without it"),
    "bad-example": Code("warning", "an example that its own schema refuses"),
    "contradiction": Code("error", "bounds that cross, choices of another type, fields that do not exist"),
    "deep-nesting": Code("warning", "objects and lists deeper than synthesize looks into"),
    "many-parameters": Code("warning", "more parameters than models handle well"),
    "many-tools": Code("warning", "more tools than a request may offer"),
    "copied-description": Code("warning", "two tools with one and the same description"),
    "confusable-tools": Code("warning", "two tools that say much the same and take much the same"),
    "skipped-operation": Code("info", "an operation of a specification that can not be a tool"),
    "unsamplable": Code("error", "no arguments can be made up, so nothing can be synthesized"),
    "not-answered": Code("warning", "nobody answers: a server is down, or the recording lacks the calls"),
    "not-callable": Code("error", "no call succeeds"),
    "often-fails": Code("warning", "more than half of the legal calls fail"),
    "nondeterministic": Code("warning", "equal calls give different results"),
    "error-result": Code("warning", "an error comes back as a result"),
    "empty-result": Code("warning", "every result is empty"),
    "result-schema": Code("warning", "a result is not what the tool says it returns"),
    "wrong-example": Code("warning", "an example of the tool fails, or gives another result than it says"),
}  # fmt: skip
"""In the order of the checks: what declarations show, then what shows only when tools are called."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding about a tool or one of its parameters.

    Of the issue, `path` is the place in a list of tools, `got` what is wrong and `expected` the edit.
    """

    tool: str
    """Empty for what concerns all tools."""
    parameter: str
    """As people write it, ``driver.age``; empty for what concerns the whole tool."""
    issue: Issue

    @property
    def place(self) -> str:
        """The place as people write it: ``rent_car.driver.age``."""
        return ".".join(filter(None, (self.tool, self.parameter))) or "all tools"

    def within(self, path: str) -> Finding:
        """Return the finding of a tool that stands at `path` of something larger."""
        inner = self.issue.path
        whole = f"{path}.{inner}" if path and inner else path or inner
        return Finding(self.tool, self.parameter, msgspec.structs.replace(self.issue, path=whole))

    def text(self) -> str:
        """Return the finding as one line."""
        issue = self.issue
        edit = f" → {issue.expected}" if issue.expected else ""
        return " ".join(f"{self.place}  {issue.code}  {issue.got}{edit}".split(" ")).replace("\n", " ")

    def to_json(self) -> dict[str, Json]:
        """Return the finding for machines."""
        issue = self.issue
        return {
            "tool": self.tool, "parameter": self.parameter, "code": issue.code, "severity": issue.severity,
            "path": issue.path, "what": issue.got, "edit": issue.expected,
        }  # fmt: skip


def about_tool(
    code: str, tool: str, what: str, edit: str, path: str = "", severity: Severity | None = None
) -> Finding:
    """Return a finding about a tool as a whole, or about the place `path` in it."""
    found = Issue(code=code, path=path, severity=severity or CODES[code].severity, expected=edit, got=what)
    return Finding(tool, "", found)


def about_place(code: str, place: Place, what: str, edit: str, severity: Severity | None = None) -> Finding:
    """Return a finding about one place of a tool; whoever knows the tool adds its name."""
    found = Issue(
        code=code, path=place.path, severity=severity or CODES[code].severity, expected=edit, got=what
    )
    return Finding("", place.parameter, found)
