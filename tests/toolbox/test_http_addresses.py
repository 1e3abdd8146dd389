"""Which hosts and addresses a live call may reach, whatever a specification or a name server says."""

import ipaddress
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from http_server import GET, Reply, api_of, serving
from hypothesis import given
from hypothesis import strategies as st

from callwright.errors import ConfigError
from callwright.record import Observation, ToolCall
from callwright.toolbox.http import HttpExecutor
from callwright.toolbox.http.addresses import why_not_public
from callwright.toolbox.http.allowlist import read_allowed, read_endpoint
from callwright.toolbox.http.live import Live
from callwright.toolbox.http.request import compose
from callwright.toolbox.http.wire import Network
from callwright.toolbox.openapi import Api

PRIVATE_4 = [
    "10.0.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "169.254.169.254",
    "169.254.1.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.7",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.9",
    "192.88.99.1",
    "224.0.0.1",
    "239.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
]
PRIVATE_6 = [
    "::",
    "::1",
    "::7f00:1",
    "::10.0.0.1",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
    "2001::1",
    "64:ff9b:1::1",
    "100::1",
    "3fff::1",
    "5f00::1",
    "4000::1",
    "e000::1",
    "fe80::5efe:8.8.8.8",
]
PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "172.32.0.1",
    "100.128.0.1",
    "192.0.1.1",
    "2606:4700:4700::1111",
    "2a00:1450:4001::1",
]


@pytest.mark.parametrize("text", [*PRIVATE_4, *PRIVATE_6])
def test_addresses_inside_are_known_as_such(text: str) -> None:
    assert why_not_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_pass(text: str) -> None:
    assert why_not_public(ipaddress.ip_address(text)) == ""


def disguises(address: ipaddress.IPv4Address) -> list[ipaddress.IPv6Address]:
    number = int(address)
    return [
        ipaddress.IPv6Address(base | number << shift)
        for base, shift in (
            (0xFFFF << 32, 0),  # mapped
            (0x64FF9B << 96, 0),  # NAT64
            (0x2A00 << 112 | 0x5EFE << 32, 0),  # ISATAP
        )
    ]


@given(st.ip_addresses(v=4) | st.sampled_from([*PRIVATE_4, *PUBLIC[:4]]).map(ipaddress.ip_address))
def test_an_ipv4_address_is_judged_alike_in_every_disguise(address: ipaddress.IPv4Address) -> None:
    assert {why_not_public(other) for other in disguises(address)} == {why_not_public(address)}


@given(st.ip_addresses(v=4))
def test_no_address_is_reached_by_6to4(address: ipaddress.IPv4Address) -> None:
    assert why_not_public(ipaddress.IPv6Address(0x2002 << 112 | int(address) << 80))


@given(st.ip_addresses())
def test_what_the_standard_library_calls_private_is_never_public(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    # Releases of Python differ in what they say of an IPv4 address in its IPv6 form.
    plain = getattr(address, "ipv4_mapped", None) or address
    if plain.is_private or plain.is_loopback or plain.is_link_local or plain.is_multicast:
        assert why_not_public(address)


@pytest.mark.parametrize(
    "entry",
    ["*", "*.example.com", "", "  ", "https://api.example.com", "api.example.com/v1", "user@host", "host:0",
     "host:99999", "host:x", "GRAB host", "GET POST host", "TRACE host", "0.0.0.0:80", "[::]:80", "224.0.0.1",
     "169.254.169.254", "169.254.169.254:80", "[::ffff:169.254.169.254]:80", "[fd00:ec2::254]", "a b", "-x",
     "a..b", "[::1", "::1", "host:80:80", "ho\nst", "x" * 64 + ".com"],
)  # fmt: skip
def test_entries_that_are_no_host(entry: str) -> None:
    with pytest.raises(ConfigError, match="is no entry of the list of hosts"):
        read_allowed([entry])


@pytest.mark.parametrize(
    ("entry", "url", "method", "is_permitted"),
    [
        ("api.example.com", "https://api.example.com/v1", "GET", True),
        ("api.example.com", "https://API.Example.com.:443", "HEAD", True),
        ("api.example.com", "https://api.example.com/v1", "POST", False),
        ("POST api.example.com", "https://api.example.com/v1", "POST", True),
        ("post api.example.com", "https://api.example.com/v1", "GET", True),
        ("POST api.example.com", "https://api.example.com/v1", "DELETE", False),
        ("api.example.com", "http://api.example.com/v1", "GET", False),
        ("api.example.com:80", "http://api.example.com/v1", "GET", True),
        ("api.example.com:8443", "https://api.example.com:8443", "GET", True),
        ("api.example.com:8443", "https://api.example.com", "GET", False),
        ("example.com", "https://api.example.com", "GET", False),
        ("api.example.com", "https://api.example.com.evil.com", "GET", False),
        ("bücher.example", "https://xn--bcher-kva.example", "GET", True),
        ("[::1]:8000", "http://[0:0:0:0:0:0:0:1]:8000", "GET", True),
        ("127.0.0.1:8000", "http://127.0.0.1:8000/x", "GET", True),
        ("127.0.0.1:8000", "http://localhost:8000/x", "GET", False),
        ("127.0.0.1:8000", "http://127.1:8000/x", "GET", False),
        ("127.0.0.1:8000", "http://[::ffff:127.0.0.1]:8000/x", "GET", False),
    ],
)
def test_an_entry_allows_what_it_says(entry: str, url: str, method: str, is_permitted: bool) -> None:
    endpoint = read_endpoint(url)
    assert endpoint
    assert read_allowed([entry]).permits(endpoint, method) is is_permitted


@pytest.mark.parametrize(
    "url",
    ["/v1", "v1", "", "ftp://host", "file:///etc/passwd", "https://", "https://a@host/", "https://host:99999",
     "https://ho st/", "https://host:0", "https://[::1", "https://{host}/", "//host"],
)  # fmt: skip
def test_urls_that_name_no_host_to_call(url: str) -> None:
    assert read_endpoint(url) is None


class Names:
    """A name server of our own, and connections that end at one local server; both remember what they did."""

    def __init__(self, *answers: Sequence[str], port: int = 0) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.connected: list[str] = []
        self.port = port

    def resolve(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0)

    def connect(self, address: tuple[str, int], timeout: float) -> socket.socket:
        self.connected.append(address[0])
        return socket.create_connection(("127.0.0.1", self.port), timeout)


def call(api: Api, allow: str, names: Names, timeout: float = 5.0) -> Observation:
    operation = api.operations["ask"]
    live = Live(read_allowed([allow]), (), timeout, 65536, Network(names.resolve, names.connect))
    return live(operation, compose(operation, {}, ()))


@pytest.mark.parametrize("inside", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:192.168.0.1"])
@pytest.mark.parametrize("order", [1, -1])
def test_a_name_with_one_address_inside_is_refused_whole(tmp_path: Path, inside: str, order: int) -> None:
    names = Names(["8.8.8.8", inside][::order])
    seen = call(api_of(tmp_path, {"/": {"get": GET}}, "https://api.example.com"), "api.example.com", names)
    assert (seen.ok, seen.kind) == (False, "refused")
    assert f"leads to {ipaddress.ip_address(inside)}, which is not public" in seen.error
    assert names.connected == []


def test_the_connection_goes_to_the_address_that_was_judged(tmp_path: Path) -> None:
    """A name server that changes its mind (rebinding) is not asked a second time."""
    with serving(lambda asked: Reply(200, b'"public"')) as server:
        api = api_of(tmp_path, {"/": {"get": GET}}, "http://api.example.com:80")
        names = Names(["93.184.216.34"], ["127.0.0.1"], port=int(server.host.rpartition(":")[2]))
        seen = call(api, "api.example.com:80", names)
    assert seen.value == "public"
    assert (names.asked, names.connected) == (["api.example.com"], ["93.184.216.34"])
    assert server.asked[0].headers["Host"] == "api.example.com"


def test_the_next_address_is_tried_when_one_does_not_answer(tmp_path: Path) -> None:
    class Halting(Names):
        def connect(self, address: tuple[str, int], timeout: float) -> socket.socket:
            if address[0] == "2606:4700::1":
                self.connected.append(address[0])
                raise TimeoutError
            return super().connect(address, timeout)

    with serving(lambda asked: Reply(200, b"1")) as server:
        api = api_of(tmp_path, {"/": {"get": GET}}, "http://api.example.com:80")
        names = Halting(["2606:4700::1", "93.184.216.34"], port=int(server.host.rpartition(":")[2]))
        assert call(api, "api.example.com:80", names).value == 1
    assert names.connected == ["2606:4700::1", "93.184.216.34"]


def test_localhost_is_a_name_and_the_hint_says_what_to_write(tmp_path: Path) -> None:
    with serving(lambda asked: Reply()) as server:
        port = server.host.rpartition(":")[2]
        api = api_of(tmp_path, {"/": {"get": GET}}, f"http://localhost:{port}")
        with HttpExecutor(api, mode="live", allow=[f"localhost:{port}"]) as execute:
            seen = execute(ToolCall(name="ask"))
    assert seen.kind == "refused"
    assert "which is not public but loopback (name the address itself" in seen.error
    assert server.asked == []


def test_a_resolver_that_hangs_or_fails_is_an_outage(tmp_path: Path) -> None:
    released = threading.Event()

    class Hanging(Names):
        def resolve(self, host: str, port: int) -> Sequence[str]:
            released.wait()
            return []

    class Failing(Names):
        def resolve(self, host: str, port: int) -> Sequence[str]:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")

    api = api_of(tmp_path, {"/": {"get": GET}}, "https://api.example.com")
    seen = call(api, "api.example.com", Hanging(), timeout=0.2)
    released.set()
    assert (seen.kind, seen.error) == ("timeout", "no answer within 0.2 s")
    seen = call(api, "api.example.com", Failing())
    assert (seen.kind, seen.error) == ("timeout", "the name api.example.com can not be resolved")
    assert call(api, "api.example.com", Names(["not an address"])).kind == "timeout"


@pytest.mark.parametrize(
    ("servers", "allow", "error"),
    [
        (
            ["https://api.example.com"],
            "other.example.com",
            "the host api.example.com is not allowed (allow 'api",
        ),
        (["https://api.example.com:99"], "api.example.com", "the host api.example.com:99 is not allowed"),
        (["/v1"], "api.example.com", "the specification has to name a server with a host ('/v1' is none)"),
        ([], "api.example.com", "the specification has to name a server with a host (it names none)"),
    ],
)
def test_hosts_that_nobody_allowed(tmp_path: Path, servers: list[str], allow: str, error: str) -> None:
    api = api_of(tmp_path, {"/": {"get": {**GET, "servers": [{"url": url} for url in servers]}}}, "")
    seen = call(api, allow, Names())
    assert seen.kind == "refused"
    assert seen.error.startswith(error)


def test_a_method_that_nobody_allowed_is_named(tmp_path: Path) -> None:
    api = api_of(tmp_path, {"/": {"post": GET}}, "https://api.example.com")
    seen = call(api, "api.example.com", Names())
    assert seen.error == "POST is not allowed for api.example.com (allow 'POST api.example.com')"


def test_the_first_server_that_is_allowed_is_called(tmp_path: Path) -> None:
    with serving(lambda asked: Reply(200, b"1")) as server:
        more = {"servers": [{"url": "https://elsewhere.example"}, {"url": server.url}]}
        api = api_of(tmp_path, {"/": {"get": {**GET, **more}}})
        assert call(api, server.host, Names(port=int(server.host.rpartition(":")[2]))).value == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a certificate for api.example.com and 127.0.0.1, signed by itself."""
    if not shutil.which("openssl"):
        pytest.skip("openssl makes the certificate")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "2", "-subj", "/CN=test", "-keyout", folder / "key.pem", "-out", folder / "cert.pem",
         "-addext", "subjectAltName=DNS:api.example.com,IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    both = folder / "both.pem"
    both.write_bytes((folder / "key.pem").read_bytes() + (folder / "cert.pem").read_bytes())
    return both


@pytest.mark.parametrize(
    ("name", "is_trusted", "error"),
    [
        ("api.example.com", True, ""),
        ("www.example.com", True, "the certificate of www.example.com is not accepted: Hostname mismatch"),
        ("api.example.com", False, "the certificate of api.example.com is not accepted: self"),
    ],
)
def test_tls_is_verified_for_the_name_and_not_for_the_address(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    certificate: Path,
    name: str,
    is_trusted: bool,
    error: str,
) -> None:
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)

        def answer() -> None:
            plain, _ = listener.accept()
            try:
                with context.wrap_socket(plain, server_side=True) as connection:
                    connection.recv(65536)
                    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n"safe"')
            except OSError:
                plain.close()  # the client does not trust us

        thread = threading.Thread(target=answer)
        thread.start()
        api = api_of(tmp_path, {"/": {"get": GET}}, f"https://{name}")
        seen = call(api, name, Names(["93.184.216.34"], port=listener.getsockname()[1]), timeout=15)
        thread.join()
    assert (seen.value, seen.kind) == (("safe", "result") if not error else (None, "timeout"))
    assert seen.error.startswith(error)


def test_a_server_without_tls_gets_nothing(tmp_path: Path) -> None:
    with serving(lambda asked: Reply()) as server:
        api = api_of(tmp_path, {"/": {"get": GET}}, server.url.replace("http:", "https:"))
        with HttpExecutor(api, mode="live", allow=[server.host], timeout=10) as execute:
            seen = execute(ToolCall(name="ask"))
    assert (seen.kind, seen.error.partition(":")[0]) == ("timeout", "no TLS with 127.0.0.1")
    assert server.asked == []
