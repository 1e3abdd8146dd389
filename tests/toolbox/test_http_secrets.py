"""A credential reaches the one host that it is for, and is seen nowhere else."""

import base64
import json
import pickle
from pathlib import Path

import pytest
from http_server import GET, Asked, Reply, api_of, scripted, serving
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callwright.record import Json, Observation, ToolCall
from callwright.toolbox.http import HttpExecutor
from callwright.toolbox.http.credentials import Veil, variable
from callwright.toolbox.openapi import Api, Scheme

SECRET = "s3cr/et+key=42"
SCHEMES: dict[str, Json] = {
    "inHeader": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "inQuery": {"type": "apiKey", "in": "query", "name": "api key"},
    "inCookie": {"type": "apiKey", "in": "cookie", "name": "session"},
    "token": {"type": "http", "scheme": "Bearer"},
    "pair": {"type": "http", "scheme": "basic"},
    "grant-2": {"type": "oauth2", "flows": {}},
    "digest": {"type": "http", "scheme": "digest"},
}


def secured(folder: Path, url: str, *alternatives: Json, method: str = "get") -> Api:
    operation = {**GET, "security": list(alternatives)}
    return api_of(folder, {"/it": {method: operation}}, url, components={"securitySchemes": SCHEMES})


def ask(api: Api, host: str, **arguments: Json) -> Observation:
    with HttpExecutor(api, mode="live", allow=[host], timeout=10) as execute:
        return execute(ToolCall(name="ask", arguments=arguments))


@pytest.mark.parametrize(
    ("scheme", "value", "where", "sent"),
    [
        ("inHeader", SECRET, "X-Key", SECRET),
        ("token", f" {SECRET}\n", "Authorization", f"Bearer {SECRET}"),
        ("grant-2", SECRET, "Authorization", f"Bearer {SECRET}"),
        ("pair", f"ada:{SECRET}", "Authorization",
         "Basic " + base64.b64encode(f"ada:{SECRET}".encode()).decode()),
        ("inCookie", SECRET, "Cookie", "session=s3cr%2Fet%2Bkey%3D42"),
        ("inQuery", SECRET, "", "/it?api%20key=s3cr%2Fet%2Bkey%3D42"),
    ],
)  # fmt: skip
def test_each_scheme_sends_its_secret_and_the_echo_of_it_is_taken_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, value: str, where: str, sent: str
) -> None:
    monkeypatch.setenv(variable(scheme), value)

    def echo(asked: Asked) -> Reply:
        return Reply(
            200, json.dumps({"headers": dict(asked.headers), "at": asked.target, SECRET: 1}).encode()
        )

    with serving(echo) as server:
        api = secured(tmp_path, server.url, {scheme: []})
        seen = ask(api, server.host)
    (asked,) = server.asked
    assert (asked.headers[where] if where else asked.target) == sent
    assert seen.ok
    shown = json.dumps(seen.value) + repr(seen)
    for form in (SECRET, "s3cr%2Fet", sent, base64.b64encode(f"ada:{SECRET}".encode()).decode()):
        assert form not in shown
    assert "[REDACTED]" in shown


def test_the_name_of_the_variable() -> None:
    assert variable("grant-2") == "CALLWRIGHT_AUTH_GRANT_2"
    assert variable("schlüssel.ö") == "CALLWRIGHT_AUTH_SCHL_SSEL__"


@pytest.mark.parametrize("status", [401, 302, 503])
def test_errors_that_quote_the_secret_do_not_show_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setenv(variable("token"), "Verysecret.Value")
    body = json.dumps({"message": "bad token Verysecret.Value given"}).encode()
    with serving(lambda asked: Reply(status, body, {"Location": "https://verysecret.value/x"})) as server:
        seen = ask(secured(tmp_path, server.url, {"token": []}), server.host)
    assert not seen.ok
    assert "verysecret.value" not in seen.error.lower()


def test_a_broken_connection_does_not_show_what_was_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable("inQuery"), SECRET)
    with scripted(lambda connection, ended: connection.sendall(f"oops {SECRET}\r\n\r\n".encode())) as server:
        seen = ask(secured(tmp_path, server.url, {"inQuery": []}), server.host)
    assert b"s3cr%2Fet" in server.asked[0].body
    assert seen.kind == "raised"
    assert "s3cr" not in seen.error


@pytest.mark.parametrize(
    ("alternatives", "have", "error"),
    [
        ([{"token": []}], {}, "it needs a credential (set CALLWRIGHT_AUTH_TOKEN)"),
        ([{"token": [], "inHeader": []}], {"token": SECRET},
         "it needs a credential (set CALLWRIGHT_AUTH_TOKEN and CALLWRIGHT_AUTH_INHEADER)"),
        ([{"digest": []}], {"digest": SECRET}, "its security scheme 'digest' is of a kind that is not known"),
        ([{"nowhere": []}], {}, "its security scheme 'nowhere' is of a kind that is not known"),
        ([{"token": []}], {"token": "short"}, "the value of CALLWRIGHT_AUTH_TOKEN is no credential"),
        ([{"token": []}], {"token": "two\r\nlines"}, "the value of CALLWRIGHT_AUTH_TOKEN is no credential"),
    ],
)  # fmt: skip
def test_without_a_usable_credential_nothing_is_sent(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    alternatives: list[Json],
    have: dict[str, str],
    error: str,
) -> None:
    for name, value in have.items():
        monkeypatch.setenv(variable(name), value)
    with serving(lambda asked: Reply()) as server:
        seen = ask(secured(tmp_path, server.url, *alternatives), server.host)
    assert (seen.kind, server.asked) == ("refused", [])
    assert seen.error.startswith(error)
    assert not any(value in seen.error for value in have.values())


def test_the_first_alternative_that_the_environment_has_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(lambda asked: Reply(200, b"1")) as server:
        api = secured(tmp_path, server.url, {"token": []}, {"inHeader": []}, {})
        assert ask(api, server.host).value == 1
        monkeypatch.setenv(variable("inHeader"), SECRET)
        assert ask(api, server.host).value == 1
    first, second = server.asked
    assert "X-Key" not in first.headers
    assert second.headers["X-Key"] == SECRET
    assert "Authorization" not in second.headers


def test_a_secret_goes_to_the_allowed_host_only_and_not_without_tls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable("token"), SECRET)
    with serving(lambda asked: Reply(307, b"", {"Location": server.url + "/elsewhere"})) as server:
        ask(secured(tmp_path, server.url, {"token": []}), server.host)
        refused = ask(secured(tmp_path, server.url, {"token": []}), "api.example.com")
    assert [asked.target for asked in server.asked] == ["/it"]
    assert refused.kind == "refused"
    plain = ask(secured(tmp_path, "http://1.1.1.1", {"token": []}), "1.1.1.1:80")
    assert (plain.kind, plain.error) == ("refused", "a credential is not sent to 1.1.1.1:80 without TLS")


def test_no_argument_can_set_what_proves_who_asks(tmp_path: Path) -> None:
    api = secured(tmp_path, "http://127.0.0.1:9", {"inHeader": []}, {"inQuery": []}, {"inCookie": []})
    scattered = {"name": "more", "in": "query", "schema": {"type": "object"}}
    proofs = {"x-key": "header", "api key": "query", "session": "cookie", "Authorization": "header"}
    ours = [{"name": name, "in": place, "schema": {}} for name, place in proofs.items()]
    operation = {**GET, "security": [{"inHeader": []}, {"inQuery": []}], "parameters": [scattered, *ours]}
    api = api_of(tmp_path, {"/it": {"get": operation}}, components={"securitySchemes": SCHEMES})
    assert list(api.tools[0].parameters["properties"]) == ["more"]
    with HttpExecutor(api) as execute:
        seen = execute(ToolCall(name="ask", arguments={"more": {"api key": "mine"}}))
    assert seen.error == "an argument must not set api key, by which the caller proves who asks"


def test_settings_and_pickles_hold_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable("token"), SECRET)
    executor = HttpExecutor(secured(tmp_path, "http://127.0.0.1:9", {"token": []}))
    assert SECRET.encode() not in pickle.dumps(executor)
    assert SECRET not in repr(executor) + repr(vars(executor))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, st.text('abc/+=%&"\\ é0123456789', min_size=6, max_size=12), st.text(max_size=5))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_no_secret_is_left_in_any_value(value: Json, secret: str, around: str) -> None:
    secret = secret.strip() or "secret"
    if len(secret) < 6:
        secret += "-padded"
    veil = Veil([Scheme("s", "bearer")], {variable("s"): secret})
    spoiled = {around + secret: [value, f"{around}{secret}{around}", {"x": secret}]}
    found: list[str] = []

    def texts(part: Json) -> None:
        if isinstance(part, dict):
            for key, item in part.items():
                found.append(key)
                texts(item)
        elif isinstance(part, list):
            for item in part:
                texts(item)
        else:
            found.append(part if isinstance(part, str) else repr(part))

    texts(veil.value(spoiled))
    assert not any(secret in text.replace("[REDACTED]", "\0") for text in found)


def test_a_number_that_is_the_secret_is_taken_out() -> None:
    veil = Veil([Scheme("s", "bearer")], {variable("s"): "12345678"})
    assert veil.value([12345678, 5, 1.5, True]) == ["[REDACTED]", 5, 1.5, True]
