"""In and out without a browser: hostile callbacks, logout tokens, addresses and files."""

import json
import socket
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.admin.conftest import ConsoleServer
from tests.servers.hub import free_port


@pytest.fixture
def visitor(console: ConsoleServer):
    with httpx.Client(base_url=console.address, trust_env=False) as client:
        yield client


@pytest.mark.parametrize(
    "query",
    ["", "code=x", "code=x&state=y", "error=access_denied&state=y", "state=%00", "state=a&state=b", "iss=x"],
)
def test_a_callback_that_nobody_asked_for_is_an_expired_page(visitor: httpx.Client, query: str) -> None:
    answer = visitor.get(f"/callback?{query}")

    assert answer.status_code == 400
    assert '<code id="error_code">expired_page</code>' in answer.text


def test_an_answer_of_another_issuer_is_refused(visitor: httpx.Client) -> None:
    begun = visitor.get("/sign-in")
    state = httpx.URL(begun.headers["Location"]).params["state"]

    answer = visitor.get(f"/callback?code=x&state={state}&iss=https://evil.example")

    assert "issuer_mismatch" in answer.text


def test_the_request_uses_pkce_nonce_and_the_pages_language(visitor: httpx.Client) -> None:
    parameters = httpx.URL(visitor.get("/sign-in?lang=zh-CN").headers["Location"]).params

    assert parameters["code_challenge_method"] == "S256"
    assert parameters["nonce"]
    assert parameters["ui_locales"] == "zh-CN"


def test_the_cookie_names_the_port_and_holds_no_verifier(
    console: ConsoleServer, visitor: httpx.Client
) -> None:
    cookie = visitor.get("/sign-in").headers["Set-Cookie"]

    assert cookie.startswith(f"sso-console-{console.port}-session=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "code_verifier" not in cookie


@pytest.mark.parametrize("token", ["", "a.b.c", "x" * 20_000, "é", "eyJhbGciOiJub25lIn0.e30."])
def test_a_logout_token_that_is_none_is_refused(visitor: httpx.Client, token: str) -> None:
    answer = visitor.post("/backchannel-logout", data={"logout_token": token})

    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_request"}


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/%0d%0aX: y",
        "javascript:alert(1)",
        "/sign-out",
    ],
)
def test_the_way_back_is_never_an_address_elsewhere(
    console: ConsoleServer, visitor: httpx.Client, wanted: str
) -> None:
    answer = visitor.get("/sign-in", params={"next": wanted})

    assert answer.headers["Location"].startswith(f"{console.hub.issuer}/oauth2/authorize?")
    assert "evil" not in answer.headers["Location"]


@pytest.mark.parametrize("path", ["/overview", "/search?x=1", "/events/x", "/clients", "/clients/x/edit"])
def test_every_room_needs_a_sign_in(visitor: httpx.Client, path: str) -> None:
    answer = visitor.get(path)

    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/sign-in?next=%2F")


@pytest.mark.parametrize("path", ["/sign-out", "/clients/new", "/clients/x/remove", "/clients/x/secret"])
def test_no_form_works_without_a_session(visitor: httpx.Client, path: str) -> None:
    answer = visitor.post(path, data={"csrf_token": "x"})

    assert answer.status_code == 303
    assert answer.headers["Location"] == "/sign-in"


@pytest.mark.parametrize("path", ["/nowhere", "/static/../admin.py", "/events/", "/%00", "/clients//x"])
def test_what_is_not_there_is_a_page_with_a_code(visitor: httpx.Client, path: str) -> None:
    answer = visitor.get(path)

    assert answer.status_code in {303, 308, 404}
    if answer.status_code == 404:
        assert "not_found" in answer.text


def test_every_answer_has_a_strict_policy(visitor: httpx.Client) -> None:
    for path in ("/", "/nowhere", "/static/govuk/app.css", "/healthz"):
        policy = visitor.get(path).headers["Content-Security-Policy"]

        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


def test_a_form_that_is_too_large_is_refused(visitor: httpx.Client) -> None:
    assert visitor.post("/backchannel-logout", data={"logout_token": "x" * 1_000_000}).status_code == 413


def test_init_again_keeps_the_key_and_the_settings(console: ConsoleServer) -> None:
    key = console.folder / "console.key.pem"
    before, settings = key.read_bytes(), (console.folder / "console.toml").read_bytes()

    done = console.run(
        "init", "--issuer", console.hub.issuer, "--base-url", console.address, "--folder", str(console.folder)
    )

    assert done.returncode == 0
    assert key.read_bytes() == before
    assert (console.folder / "console.toml").read_bytes() == settings
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    published = json.loads((console.folder / "console.jwks.json").read_text())
    assert "d" not in published["keys"][0]


def test_a_taken_port_is_a_sentence(console: ConsoleServer, tmp_path: Path) -> None:
    port = free_port()
    console.run(
        "init",
        "--issuer",
        console.hub.issuer,
        "--base-url",
        f"http://127.0.0.1:{port}",
        "--folder",
        str(tmp_path),
    )
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()

        done = console.run("serve", "--config", str(tmp_path / "console.toml"))

    assert done.returncode == 1
    assert f"port {port}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        'issuer = "x"',
        'unknown = "x"',
        'issuer = 7\nbase_url = "x"\nclient_id = "x"\nprivate_key_file = "x"',
    ],
)
def test_wrong_settings_are_exit_78_and_a_sentence(console: ConsoleServer, tmp_path: Path, text: str) -> None:
    file = tmp_path / "console.toml"
    file.write_text(text)

    done = console.run("serve", "--config", str(file))

    assert done.returncode == 78
    assert "console.toml" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("address", ["http://console.example", "https://console.example/", "ftp://x", "x"])
def test_an_address_must_be_https_or_loopback(console: ConsoleServer, tmp_path: Path, address: str) -> None:
    done = console.run(
        "init", "--issuer", console.hub.issuer, "--base-url", address, "--folder", str(tmp_path)
    )

    assert done.returncode == 78
    assert list(tmp_path.iterdir()) == []


def test_without_the_hub_the_console_says_so(console: ConsoleServer, tmp_path: Path) -> None:
    lonely = ConsoleServer(console.hub, tmp_path, free_port())
    lonely.run(
        "init", "--issuer", "http://127.0.0.1:1", "--base-url", lonely.address, "--folder", str(tmp_path)
    )
    lonely.start()
    try:
        answer = httpx.get(f"{lonely.address}/sign-in", trust_env=False)
    finally:
        code = lonely.stop()

    assert answer.status_code == 503
    assert "temporarily_unavailable" in answer.text
    assert code == 0


def test_the_log_says_nothing_of_what_is_looked_for(console: ConsoleServer, visitor: httpx.Client) -> None:
    visitor.get("/search?login_name=secret-name")

    assert "secret-name" not in console.log


def test_the_script_is_installed() -> None:
    program = Path(sys.executable).with_name("sso-console")

    done = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=30, check=False)

    assert done.returncode == 0
