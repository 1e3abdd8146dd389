"""Credentials are found, placeholders and invented words are not, and the quick look never misses one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright import secrets

# Put together here, so that no scanner of this repository takes them for real.
A, B = "Zk3Qw9Lx7Vb2Nm8Rt5Yp1Hd6", "q8Wn2Ed7Rf4Tg9Yh3Uj6Ik5Olm0Pz1Xc"
PLANTED = {
    "aws-access-key": "AKIA" + "Z7QK2MX9PLW4RT6B",
    "github-token": "ghp_" + B + "Aa7B",
    "gitlab-token": "glpat-" + A,
    "openai-key": "sk-proj-" + A + B,
    "huggingface-token": "hf_" + B,
    "google-api-key": "AIza" + B + "Q7z",
    "slack-token": "xoxb-" + "4831-7265-" + A,
    "slack-webhook": "https://hooks.slack.com/services/T0Q7K2M9P/B4W6R8T1L/" + A,
    "stripe-key": "sk_live_" + A,
    "sendgrid-key": "SG." + A + "." + B,
    "npm-token": "npm_" + B + "Aa7B",
    "pypi-token": "pypi-" + A + B,
    "telegram-token": "7483920156:AA" + B + "Z",
    "json-web-token": "eyJ" + A + ".eyJ" + B + "." + A + "Q",
    "private-key": "-----BEGIN RSA PRIVATE KEY-----\n" + B + B + "\n-----END RSA PRIVATE KEY-----",
    "rapidapi-key": "a1b2c3d4e5" + "msh" + "0f9e8d7c6b5a4f3" + "p" + "1a2b3c" + "jsn" + "9f8e7d6c5b4a",
    "rapidapi-header": 'headers: {"X-RapidAPI-Key": "' + A + '"}',
    "password-in-url": "postgres://admin:" + "Tr0ub4dor3" + "@db.host.net/app",
}
INNOCENT = [
    "AKIAIOSFODNN7EXAMPLE",
    "sk-YOUR_API_KEY_GOES_IN_HERE",
    "ghp_" + "x" * 36,
    "the api_key is 1234567890 and the password is hunter2",
    '{"X-RapidAPI-Key": "REDACTED"}',
    "postgres://user:password@localhost/db",
    "a task-oriented sk-learn pipeline",
    "-----BEGIN PUBLIC KEY-----",
    "https://example.com/@handle:port",
]


def test_every_kind_has_an_example() -> None:
    assert PLANTED.keys() == secrets.RULES.keys()


@pytest.mark.parametrize("kind", PLANTED)
def test_a_credential_is_found_inside_text_and_redacted(kind: str) -> None:
    text = f"Please use {PLANTED[kind]} for this."
    assert kind in {found.kind for found in secrets.find(text)}
    redacted = secrets.redact({"a": [text, 1, None], text: True})
    assert not list(secrets.find_in(redacted))
    assert secrets.REDACTED in redacted["a"][0]
    assert redacted["a"][0].endswith("for this.")


@pytest.mark.parametrize("kind", PLANTED)
def test_the_quick_look_sees_it_in_a_line_of_json_at_every_depth_of_quoting(kind: str) -> None:
    value: object = {"text": f"Please use {PLANTED[kind]} for this."}
    for _ in range(3):
        line = json.dumps(value)
        assert not secrets.innocent(line)
        value = {"inner": line}


@pytest.mark.parametrize("text", INNOCENT)
def test_placeholders_and_words_are_no_credentials(text: str) -> None:
    assert not list(secrets.find(text))


@given(st.text(max_size=40), st.sampled_from(sorted(PLANTED)), st.text(max_size=40))
def test_what_is_found_is_never_innocent(before: str, kind: str, after: str) -> None:
    text = f"{before}{PLANTED[kind]}{after}"
    if list(secrets.find(text)):
        assert not secrets.innocent(text)


def test_the_place_inside_a_value_is_told() -> None:
    value = {
        "messages": [{"content": "hi"}, {"tool_calls": [{"arguments": {"key": PLANTED["gitlab-token"]}}]}]
    }
    assert list(secrets.find_in(value)) == [("gitlab-token", "messages[1].tool_calls[0].arguments.key")]
