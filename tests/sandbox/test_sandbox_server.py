"""The sandbox as a server, as an app in process, and as a part that may be missing."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys
import threading
from urllib.parse import urlsplit

import httpx
import pytest
from broker_calls import EMAIL, HEADERS, PASSWORD, PHONE, Broker

from onboarding import sandbox as room
from onboarding.errors import SettingsError
from onboarding.sandbox import ConnectionDropped, Sandbox, SandboxConfig, SandboxDesk, SandboxServer, create_app, serve


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_two_servers_stand_side_by_side_and_leave_nothing_behind() -> None:
    before = threading.active_count()
    with SandboxServer() as one, SandboxServer() as other:
        SandboxDesk(one.url).create_user("Demo", phone=PHONE, password=PASSWORD)
        assert one.url != other.url
        assert SandboxDesk(other.url).users() == []
    assert threading.active_count() == before
    with pytest.raises(OSError):
        SandboxDesk(one.url, timeout=1).users()


def test_a_server_stops_at_once_while_requests_hang_and_connections_idle() -> None:
    with SandboxServer() as server:
        SandboxDesk(server.url).add_fault("*", "hang")
        errors: list[BaseException] = []

        def call() -> None:
            try:
                Broker(server.url).log_in()
            except OSError as error:
                errors.append(error)

        hanging = threading.Thread(target=call)
        hanging.start()
        while not SandboxDesk(server.url).requests():
            pass
    hanging.join(5)
    assert len(errors) == 1


def test_the_core_is_at_hand_beside_the_server() -> None:
    sandbox = Sandbox(SandboxConfig(seed=1))
    with SandboxServer(sandbox) as server:
        assert server.sandbox is sandbox
        SandboxDesk(server.url).create_user("Demo", phone=PHONE, password=PASSWORD)
        assert [user.name for user in sandbox.users] == ["Demo"]
    with pytest.raises(SettingsError):
        SandboxServer(sandbox, SandboxConfig())


def test_a_seed_makes_codes_and_ids_repeatable() -> None:
    runs = []
    with SandboxServer(config=SandboxConfig(seed=42)) as server:
        broker, desk = Broker(server.url), SandboxDesk(server.url)
        for _ in range(2):
            desk.reset()
            runs.append([broker.mobile_code().data, desk.create_user("Demo", email=EMAIL, password=PASSWORD)])
    assert runs[0] == runs[1]


def test_tenant_and_token_are_settings() -> None:
    config = SandboxConfig(tenant_id="T9", token="another", expired_tokens=frozenset({"sandbox-token"}))
    assert "another" not in repr(config)
    with SandboxServer(config=config) as server:
        broker = Broker(server.url)
        path = f"/v1/api/sys/mobile/code?phone={PHONE}&type=Register"
        good = {**HEADERS, "x-api-tenantId": "T9", "x-api-token": "another"}
        assert broker.send("GET", path, headers=good).mcode == "m0000000"
        assert broker.send("GET", path, headers={**good, "x-api-token": "sandbox-token"}).mcode == "PUB_AUTH_0000018"


PROGRAM = """
from onboarding.sandbox import serve
serve(port=0, on_ready=lambda url: print(url, flush=True))
print("stopped", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serving_ends_cleanly_on_a_signal(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        url = program.stdout.readline().strip()
        Broker(url).mobile_code()
        program.send_signal(number)
        out, err = program.communicate(timeout=10)
    assert (out, err, program.returncode) == ("stopped\n", "", 0)


def test_a_port_that_is_taken_is_a_setting_that_is_wrong() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SettingsError, match="cannot listen"):
        serve("127.0.0.1", taken.getsockname()[1])
    with pytest.raises(SettingsError, match="cannot listen"):
        serve("127.0.0.1", 65_536)


def test_no_log_line_holds_a_number_or_a_code(
    server: SandboxServer, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(0):
        code = broker.mobile_code().data
        broker.verify(code)
    assert PHONE not in caplog.text
    assert code not in caplog.text


@pytest.mark.anyio
async def test_in_process_the_app_answers_and_a_dropped_request_raises() -> None:
    app = create_app(config=SandboxConfig(seed=3))
    sandbox: Sandbox = app.state.sandbox
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox", headers=HEADERS) as client:
        query = {"phone": PHONE, "type": "Register", "sendSms": "true"}
        assert (await client.get("/v1/api/sys/mobile/code", params=query)).json()["mcode"] == "m0000000"
        for kind, seconds in [("drop_before", None), ("drop_after", None), ("hang", 0.01), ("late_landing", 5)]:
            fault = {"endpoint": "2.1", "kind": kind, "times": 1, "seconds": seconds}
            assert (await client.post("/sandbox/faults", json=fault)).status_code == 200
            with pytest.raises(ConnectionDropped):
                await client.get("/v1/api/sys/mobile/code", params=query)
        assert [message.n for message in sandbox.mailbox.messages(PHONE)] == [1, 2]
        sandbox.advance_clock(6)
        assert [message.n for message in sandbox.mailbox.messages(PHONE)] == [1, 2, 3]


def test_an_app_takes_a_sandbox_or_a_config() -> None:
    sandbox = Sandbox()
    assert create_app(sandbox).state.sandbox is sandbox
    with pytest.raises(SettingsError):
        create_app(sandbox, SandboxConfig())


def test_the_map_of_the_room_is_sorted_and_true() -> None:
    assert room.__all__ == sorted(room.__all__)
    for name in room.__all__:
        assert getattr(room, name).__name__ == name
    with pytest.raises(AttributeError):
        room.nothing  # noqa: B018


WITHOUT_THE_EXTRA = """
import sys
from importlib import import_module
from onboarding.errors import MissingExtra
sys.modules.update(dict.fromkeys(("starlette", "starlette.applications", "uvicorn")))
import onboarding.sandbox.client, onboarding.sandbox.core
for part in ("app", "server"):
    try:
        import_module(f"onboarding.sandbox.{part}")
    except MissingExtra as missing:
        print(missing)
"""


def test_the_desks_client_needs_no_extra_and_the_server_says_which() -> None:
    run = subprocess.run([sys.executable, "-c", WITHOUT_THE_EXTRA], capture_output=True, text=True, check=True)
    lines = run.stdout.splitlines()
    assert len(lines) == 2
    assert all("pip install 'onboarding[sandbox]'" in line for line in lines)


def test_answers_do_not_wait_for_the_clients_delayed_acknowledgement(server: SandboxServer, broker: Broker) -> None:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=5)
    try:
        connection.request("GET", "/sandbox/clock")
        connection.getresponse().read()
        open_now = list(server._server._open._transports.values())
        options = [t.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for t in open_now]
        assert options
        assert all(options)
    finally:
        connection.close()
