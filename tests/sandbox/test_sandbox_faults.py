"""Each fault: what the client sees on the wire, and what the ledger says happened."""

from __future__ import annotations

import http.client
import json
import socket
import time
from urllib.parse import urlsplit

import pytest
from broker_calls import HEADERS, PHONE, Broker

from onboarding.sandbox import DeskRefused, SandboxDesk, SandboxServer


def avatar(broker: Broker, user_id: str, timeout: float = 5) -> int:
    body = json.dumps({"avatar": "a"}).encode()
    return broker.send("POST", f"/v1/api/user/{user_id}/avatar", body, timeout=timeout).status


def happened(desk: SandboxDesk) -> int:
    return len(desk.ledger(effect="avatar_set"))


def test_a_delayed_answer_comes_late_and_whole(broker: Broker, desk: SandboxDesk, user_id: str) -> None:
    desk.add_fault("2.10", "delay", seconds=0.3)
    started = time.monotonic()
    assert avatar(broker, user_id) == 200
    assert time.monotonic() - started >= 0.3
    assert happened(desk) == 1


def test_a_delayed_request_took_effect_before_its_client_gave_up(
    broker: Broker, desk: SandboxDesk, user_id: str
) -> None:
    desk.add_fault("2.10", "delay", seconds=60)
    with pytest.raises(TimeoutError):
        avatar(broker, user_id, timeout=0.2)
    assert happened(desk) == 1


@pytest.mark.parametrize(("kind", "effects"), [("drop_before", 0), ("drop_after", 1)])
def test_a_dropped_connection_brings_not_one_byte(
    server: SandboxServer, desk: SandboxDesk, user_id: str, kind: str, effects: int
) -> None:
    desk.add_fault("2.10", kind)
    address = urlsplit(server.url)
    body = b'{"avatar":"a"}'
    head = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    with socket.create_connection((address.hostname, address.port), timeout=5) as raw:
        start = f"POST /v1/api/user/{user_id}/avatar HTTP/1.1\r\nhost: x\r\n"
        raw.sendall(f"{start}{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        assert raw.recv(1) == b""
    assert happened(desk) == effects
    assert desk.requests()[-1].status is None
    assert desk.requests()[-1].fault == kind


def test_a_late_request_lands_when_its_time_has_come_and_not_before(
    broker: Broker, desk: SandboxDesk, user_id: str
) -> None:
    desk.add_fault("2.10", "late_landing", seconds=100)
    with pytest.raises(http.client.RemoteDisconnected):
        avatar(broker, user_id)
    desk.advance_clock(50)
    assert happened(desk) == 0
    due = desk.now()
    desk.advance_clock(1000)
    (entry,) = desk.ledger(effect="avatar_set")
    assert entry.at < desk.now().isoformat()
    assert entry.at > due.isoformat()


def test_a_late_request_lands_by_itself_in_real_time(broker: Broker, desk: SandboxDesk, user_id: str) -> None:
    desk.add_fault("2.10", "late_landing", seconds=0.2, times=1)
    with pytest.raises(http.client.RemoteDisconnected):
        avatar(broker, user_id)
    deadline = time.monotonic() + 5
    while not happened(desk):
        assert time.monotonic() < deadline


def test_a_late_request_acts_as_of_the_moment_it_lands(broker: Broker, desk: SandboxDesk) -> None:
    code = broker.mobile_code().data
    desk.add_fault("2.2", "late_landing", seconds=30, times=1)
    with pytest.raises(http.client.RemoteDisconnected):
        broker.verify(code)
    desk.advance_clock(3600)  # the code has expired by now, but not when the request landed
    assert len(desk.ledger(effect="code_used")) == 1


def test_a_reset_sandbox_forgets_requests_that_have_not_landed(broker: Broker, desk: SandboxDesk, user_id: str) -> None:
    desk.add_fault("2.10", "late_landing", seconds=10)
    with pytest.raises(http.client.RemoteDisconnected):
        avatar(broker, user_id)
    desk.reset()
    desk.advance_clock(100)
    assert desk.ledger() == []


@pytest.mark.parametrize(("effect", "effects"), [(None, 0), (False, 0), (True, 1)])
def test_a_hanging_request_is_never_answered(
    broker: Broker, desk: SandboxDesk, user_id: str, effect: bool | None, effects: int
) -> None:
    desk.add_fault("2.10", "hang", effect=effect)
    with pytest.raises(TimeoutError):
        avatar(broker, user_id, timeout=0.2)
    assert happened(desk) == effects


def test_a_hanging_request_is_dropped_in_the_end(broker: Broker, desk: SandboxDesk, user_id: str) -> None:
    desk.add_fault("2.10", "hang", seconds=0.2)
    with pytest.raises(http.client.RemoteDisconnected):
        avatar(broker, user_id)


@pytest.mark.parametrize("effect", [None, False, True])
def test_an_internal_error_may_have_had_an_effect(
    broker: Broker, desk: SandboxDesk, user_id: str, effect: bool | None
) -> None:
    desk.add_fault("2.10", "error_500", effect=effect, retry_after=7)
    reply = broker.post(f"/v1/api/user/{user_id}/avatar", {"avatar": "a"})
    assert (reply.status, reply.headers["retry-after"]) == (500, "7")
    assert happened(desk) == (1 if effect else 0)


@pytest.mark.parametrize("effect", [None, False, True])
def test_a_bad_gateway_speaks_html(broker: Broker, desk: SandboxDesk, user_id: str, effect: bool | None) -> None:
    desk.add_fault("2.10", "html_502", effect=effect)
    reply = broker.post(f"/v1/api/user/{user_id}/avatar", {"avatar": "a"})
    assert (reply.status, reply.headers["content-type"]) == (502, "text/html")
    assert reply.body.startswith(b"<html>")
    assert happened(desk) == (1 if effect else 0)


@pytest.mark.parametrize("effect", [None, False, True])
def test_a_broken_answer_is_an_envelope_cut_short(
    broker: Broker, desk: SandboxDesk, user_id: str, effect: bool | None
) -> None:
    desk.add_fault("2.10", "broken_json", effect=effect)
    reply = broker.post(f"/v1/api/user/{user_id}/avatar", {"avatar": "a"})
    assert reply.status == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(reply.body)
    assert json.loads(reply.body + b"}")["mcode"] == "m0000000"
    assert happened(desk) == (0 if effect is False else 1)


@pytest.mark.parametrize("effect", [None, False, True])
def test_a_system_error_does_not_prove_that_nothing_happened(
    broker: Broker, desk: SandboxDesk, user_id: str, effect: bool | None
) -> None:
    desk.add_fault("2.10", "system_error", effect=effect)
    assert broker.post(f"/v1/api/user/{user_id}/avatar", {"avatar": "a"}).mcode == "-1"
    assert happened(desk) == (1 if effect else 0)


@pytest.mark.parametrize("wait", [3, "Wed, 21 Oct 2026 07:28:00 GMT", None])
def test_a_throttled_request_has_no_effect_and_is_told_when(
    broker: Broker, desk: SandboxDesk, user_id: str, wait: float | str | None
) -> None:
    desk.add_fault("2.10", "throttle_429", retry_after=wait)
    reply = broker.post(f"/v1/api/user/{user_id}/avatar", {"avatar": "a"})
    assert (reply.status, reply.headers.get("retry-after")) == (429, None if wait is None else str(wait))
    assert happened(desk) == 0


def test_a_fault_skips_then_happens_a_number_of_times_and_counts(
    broker: Broker, desk: SandboxDesk, user_id: str
) -> None:
    desk.add_fault("2.10", "error_500", skip=1, times=2)
    assert [avatar(broker, user_id) for _ in range(5)] == [200, 500, 500, 200, 200]
    (fault,) = desk.faults()
    assert (fault["fired"], fault["skip"], fault["times"]) == (2, 1, 2)


def test_a_seeded_rate_befalls_the_same_requests_every_time(broker: Broker, desk: SandboxDesk, user_id: str) -> None:
    runs = []
    for _ in range(2):
        desk.add_fault("2.10", "error_500", rate=0.5, seed=7)
        runs.append([avatar(broker, user_id) for _ in range(20)])
        desk.clear_faults()
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 500}


def test_a_fault_befalls_its_endpoint_alone_or_all(broker: Broker, desk: SandboxDesk, user_id: str) -> None:
    fault = desk.add_fault("2.6", "error_500")
    assert avatar(broker, user_id) == 200
    assert broker.log_in().status == 500
    desk.remove_fault(fault)
    desk.add_fault("*", "error_500")
    assert avatar(broker, user_id) == 500
    assert broker.log_in().status == 500
    assert desk.users()  # the desk is never befallen


def test_the_first_fault_that_happens_is_the_only_one(broker: Broker, desk: SandboxDesk, user_id: str) -> None:
    desk.add_fault("2.10", "error_500", times=1)
    desk.add_fault("*", "html_502")
    assert [avatar(broker, user_id) for _ in range(2)] == [500, 502]


@pytest.mark.parametrize(
    ("endpoint", "kind", "options"),
    [
        ("2.16", "delay", {"seconds": 1}),
        ("2.3", "explode", {}),
        ("2.3", "delay", {}),
        ("2.3", "late_landing", {}),
        ("2.3", "delay", {"seconds": -1}),
        ("2.3", "drop_after", {"seconds": 1}),
        ("2.3", "drop_after", {"effect": True}),
        ("2.3", "drop_after", {"retry_after": 1}),
        ("2.3", "error_500", {"retry_after": "a\r\nb: c"}),
        ("2.3", "error_500", {"rate": 1.5}),
        ("2.3", "error_500", {"times": 0}),
    ],
)
def test_a_fault_that_cannot_be_is_refused(
    desk: SandboxDesk, endpoint: str, kind: str, options: dict[str, int]
) -> None:
    with pytest.raises(DeskRefused) as refused:
        desk.add_fault(endpoint, kind, **options)  # type: ignore[arg-type]
    assert refused.value.status == 400
    assert desk.faults() == []


def test_a_connection_that_is_kept_alive_is_dropped_as_well(server: SandboxServer, desk: SandboxDesk) -> None:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=5)
    path = f"/v1/api/sys/mobile/code?phone={PHONE}&type=Register"
    try:
        connection.request("GET", path, headers=HEADERS)
        assert connection.getresponse().read()
        desk.add_fault("2.1", "drop_after")
        connection.request("GET", path, headers=HEADERS)
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            connection.getresponse()
    finally:
        connection.close()
    assert len(desk.messages(PHONE)) == 2
