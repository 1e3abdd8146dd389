"""Credentials are found, placeholders and invented words are not, and the quick look never misses one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright import secrets

# Put together here, so that no scanner of this repository takes them for real.
A, B = "Zk3Qw9Lx7Vb2Nm8Rt5Yp1Hd6", "q8Wn2Ed7Rf4Tg9Yh3Uj6Ik5Olm0Pz1Xc"
LINES = [B + B[::-1], A + B + A[:8], B[:20] + "=="]
PLANTED = {
    "aws-access-key": "AKIA" + "Z7QK2MX9PLW4RT6B",
    "github-token": "ghp_" + B + "Aa7B",
    "gitlab-token": "glpat-" + A,
    "anthropic-key": "sk-ant-api03-" + A + B,
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
    "private-key": "\n".join(["-----BEGIN RSA PRIVATE KEY-----", *LINES, "-----END RSA PRIVATE KEY-----"]),
    "rapidapi-key": "a1b2c3d4e5" + "msh" + "0f9e8d7c6b5a4f3" + "p" + "1a2b3c" + "jsn" + "9f8e7d6c5b4a",
    "rapidapi-header": 'headers: {"X-RapidAPI-Key": "' + A + '"}',
    "aws-secret-key": "aws_secret_access_key = " + A + "/" + B[:15],
    "authorization-header": "Authorization: Bearer " + A,
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
    "sk-learn-pipeline-tutorial-for-beginners",
    "sk-folding-cube-container-large-2",
    "sk-proj-euler-solutions-in-python-3",
    "sk-550e8400-e29b-41d4-a716-446655440000",
    "task-" + A,
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA...\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY----- is the first line of a file that nobody should ever see or send",
    "-----BEGIN PRIVATE KEY-----\n" + "x" * 64 + "\n-----END PRIVATE KEY-----",
    "Authorization: Bearer YOUR_ACCESS_TOKEN_GOES_HERE_1",
    "Authorization: Bearer token-of-the-current-user",
    "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_SECRET_ACCESS_KEY=" + "0f1e2d3c4b5a6978" * 4,
    "x-rapidapi-key: SIGN-UP-FOR-KEY",
    "X-RapidAPI-Key: theKeyOfYourSubscription",
]
ESCAPES = ["\\n", "\\t", "\\\\n", "\\u003c", "\\x0a", "%3D", "\\u001b[32m", "\n", "_", "é", "TOKEN_", "\\/"]
NAMED = [
    "X-RapidAPI-Key", "X-RAPIDAPI-KEY", "x-rapidapi-key", "Authorization", "authorization",
    "aws_secret_access_key", "AWS_SECRET_ACCESS_KEY", "SecretAccessKey", "AWS Secret Access Key",
]  # fmt: skip
UNBOUNDED = {"private-key", "slack-webhook", "password-in-url", "rapidapi-header", "aws-secret-key"} | {
    "authorization-header"
}


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


SPICE = st.text("aé\n\t\"'\\ \u2028:/@-=_%<[m0n\x07", max_size=30) | st.text(max_size=40)


@given(SPICE, st.sampled_from(sorted(PLANTED)), SPICE)
def test_what_is_found_is_never_innocent(before: str, kind: str, after: str) -> None:
    text = f"{before}{PLANTED[kind]}{after}"
    if list(secrets.find(text)):
        assert not secrets.innocent(text)
        quoted = json.dumps(text)
        assert not secrets.innocent(quoted)
        assert not secrets.innocent(json.dumps({"inner": quoted}))


@given(st.lists(st.sampled_from([*PLANTED.values(), *NAMED, "@", "é" * 30]), max_size=4), SPICE)
def test_what_is_found_in_a_value_is_never_innocent(parts: list[str], between: str) -> None:
    value = {between: [{part: between.join(parts)} for part in parts]}
    if list(secrets.find_in(value)):
        assert not secrets.innocent(json.dumps(value))


@given(st.lists(st.sampled_from(sorted(PLANTED.values())), max_size=3), SPICE)
def test_nothing_is_found_in_what_is_redacted(parts: list[str], between: str) -> None:
    value = {"text": between.join(parts), "Authorization": ["Bearer " + A]}
    assert not list(secrets.find_in(secrets.redact(value)))


@given(SPICE)
def test_a_password_of_any_letters_is_never_innocent(password: str) -> None:
    text = f"amqp://{'ü' * 30}:{password}@host"
    if list(secrets.find(text)):
        assert not secrets.innocent(json.dumps(json.dumps(text)))


@pytest.mark.parametrize("kind", PLANTED)
@pytest.mark.parametrize("before", ESCAPES)
def test_a_credential_behind_an_escape_is_found_and_nothing_else_is_replaced(kind: str, before: str) -> None:
    text = f'{{"body": "token{before}{PLANTED[kind]}"}}'
    assert kind in {found.kind for found in secrets.find(text)}
    assert not secrets.innocent(text)
    redacted = secrets.redact(text)
    assert redacted.startswith(f'{{"body": "token{before}'[: -1 if kind.endswith("url") else None])
    assert redacted.endswith('"}')
    assert not [part for part in (A, B, LINES[0]) if part in redacted]


@pytest.mark.parametrize("kind", sorted(PLANTED.keys() - UNBOUNDED))
def test_a_word_that_ends_like_a_credential_is_none(kind: str) -> None:
    assert kind not in {found.kind for found in secrets.find("Z" + PLANTED[kind])}


@pytest.mark.parametrize("depth", range(4))
@pytest.mark.parametrize("head", ["", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A1B2C3D\n\n"])
@pytest.mark.parametrize("end", ["\n-----END RSA PRIVATE KEY-----", ""])
def test_a_private_key_is_redacted_whole_however_often_quoted(depth: int, head: str, end: str) -> None:
    text = '{"pem": "' + f"-----BEGIN RSA PRIVATE KEY-----\n{head}" + "\n".join(LINES) + end + '"}'
    for _ in range(depth):
        text = json.dumps({"pem": text})
    redacted = secrets.redact(text)
    assert not [line for line in LINES if line in redacted]
    assert "PRIVATE" not in redacted
    for _ in range(depth):
        redacted = json.loads(redacted)["pem"]
    assert redacted == f'{{"pem": "{secrets.REDACTED}"}}'


def test_a_word_inside_a_private_key_does_not_make_it_a_placeholder() -> None:
    assert list(secrets.find(PLANTED["private-key"].replace(B[::-1], "yourDummyExample" + "A" * 16)))


@pytest.mark.parametrize("name", NAMED)
def test_a_field_and_its_value_are_seen_together(name: str) -> None:
    secret = "Bearer " + A if "uth" in name else A + "/" + B[:15] if "ccess" in name.lower() else B
    for value in (
        {"headers": {name: secret}},
        {"headers": {name: [secret]}},
        {"headers": [{"name": name, "value": secret}]},
        {"headers": [["Accept", "*/*"], [name, secret]]},
        {"attributes": [{"key": f"http.request.header.{name}", "value": {"stringValue": secret}}]},
        [{"key": name, "value": {"arrayValue": {"values": [{"stringValue": "-"}, {"stringValue": secret}]}}}],
    ):
        assert len(list(secrets.find_in(value))) == 1
        redacted = secrets.redact(value)
        assert name in json.dumps(redacted)
        assert secret not in json.dumps(redacted)
        assert secrets.REDACTED in json.dumps(redacted)
    assert list(secrets.find(f"{name}: {secret}"))
    assert list(secrets.find(json.dumps(json.dumps({name: secret}))))
    assert not list(secrets.find_in({"other": secret}))
    assert not list(secrets.find_in([{"key": "other", "value": {"stringValue": secret}}, ["other", secret]]))
    assert not list(secrets.find_in([[name, "none", secret], {name: "none", "value": secret}]))


def test_a_path_shows_no_credential() -> None:
    token = PLANTED["github-token"]
    value = {"a": {token: {token: token}}}
    paths = [path for _, path in secrets.find_in(value)]
    assert paths == ["a.[REDACTED]", "a.[REDACTED].[REDACTED]", "a.[REDACTED].[REDACTED]"]


def test_a_credential_in_the_name_of_a_field_is_told_once() -> None:
    assert len(list(secrets.find_in({f"Authorization of {PLANTED['github-token']}": "none"}))) == 1


@pytest.mark.parametrize("kind", ["slack-webhook", "password-in-url"])
def test_addresses_with_escaped_slashes_are_found_and_never_innocent(kind: str) -> None:
    text = f"Please use {PLANTED[kind]} for this.".replace("/", "\\/")
    for _ in range(3):
        assert kind in {found.kind for found in secrets.find(text)}
        assert not secrets.innocent(text)
        text = json.dumps(text)


def test_two_keys_that_are_credentials_stay_two() -> None:
    value = {PLANTED["github-token"]: 1, PLANTED["gitlab-token"]: 2, secrets.REDACTED: 3}
    assert sorted(secrets.redact(value).values()) == [1, 2, 3]


@given(st.integers(8, 100), st.sampled_from(["github-token", "openai-key", "private-key"]))
def test_a_quotation_that_is_cut_shows_nothing(size: int, kind: str) -> None:
    secret = PLANTED[kind]
    told = secrets.without_quotes(f"got {secret[:size]}", {"text": ["so", f"Use {secret}."]})
    assert told == f"got {secrets.REDACTED}"


def test_the_place_inside_a_value_is_told() -> None:
    value = {
        "messages": [{"content": "hi"}, {"tool_calls": [{"arguments": {"key": PLANTED["gitlab-token"]}}]}]
    }
    assert list(secrets.find_in(value)) == [("gitlab-token", "messages[1].tool_calls[0].arguments.key")]
