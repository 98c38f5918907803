"""The desk: mailbox, people, review, time, records."""

from __future__ import annotations

import http.client
import json
import threading

import pytest
from broker_calls import EMAIL, PASSWORD, PHONE, Broker

from onboarding.errors import SettingsError
from onboarding.sandbox import DeskRefused, SandboxDesk
from onboarding.sandbox.desk import _ROUTES

OPEN = "JOB_TYPE_TA_OPEN"


def state(broker: Broker, user_id: str, task_type: str = OPEN) -> str:
    return str(broker.task(user_id, task_type).data["state"])


def test_the_index_lists_every_route(broker: Broker) -> None:
    reply = broker.send("GET", "/sandbox/", headers={})
    routes = json.loads(reply.body)["routes"]
    assert set(routes) == {f"{route.method} {route.path}" for route in _ROUTES}
    assert all(routes.values())


def test_the_newest_message_is_the_last_and_the_latest(broker: Broker, desk: SandboxDesk) -> None:
    broker.mobile_code(send_sms="true")
    first = desk.latest_message(PHONE)
    broker.mobile_code(send_sms="true")
    broker.email_code()
    assert first is not None
    assert [message.n for message in desk.messages()] == [1, 2, 3]
    assert [message.n for message in desk.messages(PHONE)] == [1, 2]
    assert desk.latest_code(PHONE) == desk.messages(PHONE)[-1].code
    assert desk.latest_message(PHONE, after=2) is None
    assert desk.wait_for_code(PHONE, after=first.n) == desk.latest_code(PHONE)


def test_an_empty_mailbox_says_so(broker: Broker, desk: SandboxDesk) -> None:
    broker.mobile_code()
    desk.clear_mailbox()
    assert desk.messages() == []
    with pytest.raises(DeskRefused) as refused:
        desk.latest_code(PHONE)
    assert refused.value.status == 404
    with pytest.raises(TimeoutError):
        desk.wait_for_code(PHONE, timeout=0)


def test_waiting_for_a_code_ends_when_it_comes(broker: Broker, desk: SandboxDesk) -> None:
    got: list[str] = []
    waiting = threading.Thread(target=lambda: got.append(desk.wait_for_code(PHONE)))
    waiting.start()
    broker.mobile_code(send_sms="true")
    waiting.join(5)
    assert got == [desk.latest_code(PHONE)]


def test_no_message_and_no_ledger_entry_shows_a_person_in_its_repr(broker: Broker, desk: SandboxDesk) -> None:
    code = broker.mobile_code(send_sms="true").data or desk.latest_code(PHONE)
    for thing in (desk.messages()[-1], desk.ledger()[-1], desk.requests()[-1]):
        assert PHONE not in repr(thing)
        assert code not in repr(thing)


def test_a_user_of_the_desk_is_a_user_of_the_api(broker: Broker, desk: SandboxDesk) -> None:
    user_id = desk.create_user(
        "Demo", email=EMAIL, password="any", language="zh-CN", account={"base": {"gender": "1"}, "own": {"x": [1]}}
    )
    assert broker.log_in("any", EMAIL).data["language"] == "zh-CN"
    info = broker.account(user_id).data
    assert (info["base"]["gender"], info["base"]["accountName"], info["own"]) == ("1", "Demo", {"x": [1]})
    assert desk.user(user_id)["account"] == info
    assert [(e.effect, e.endpoint) for e in desk.ledger()][:1] == [("user_registered", "desk")]


def test_a_user_of_the_api_is_seen_at_the_desk_without_a_password(broker: Broker, desk: SandboxDesk) -> None:
    broker.register(broker.mobile_code().data, password="Canary99")
    (user,) = desk.users()
    assert (user["name"], user["phone"], user["email"], user["locked"]) == ("Demo", PHONE, None, False)
    assert desk.check_password(user["userId"], "Canary99")
    everything = repr([desk.user(user["userId"]), desk.users(), [e.detail for e in desk.ledger()]])
    assert "Canary99" not in everything


def test_users_that_cannot_be_are_refused(desk: SandboxDesk, user_id: str) -> None:
    for status, fields in [
        (409, {"phone": PHONE}),
        (409, {"email": EMAIL}),
        (409, {"phone": "x"}),
        (409, {"email": "x"}),
        (400, {}),
        (400, {"phone": ""}),
    ]:
        with pytest.raises(DeskRefused) as refused:
            desk.create_user("Demo", password="any", **fields)  # type: ignore[arg-type]
        assert refused.value.status == status
    assert len(desk.users()) == 1


@pytest.mark.parametrize(
    "path", ["users/x", "users/x/unlock", "users/x/check-password", "tasks/x/move", "faults/7", "x"]
)
def test_what_is_not_there_is_not_found(broker: Broker, path: str) -> None:
    method = {"users/x": "GET", "faults/7": "DELETE"}.get(path, "POST")
    reply = broker.send(method, f"/sandbox/{path}", b'{"password": "x", "state": "x"}')
    assert reply.status == 404
    assert reply.reason


def test_a_body_that_does_not_fit_is_refused_by_field_and_not_by_value(broker: Broker) -> None:
    reply = broker.post("/sandbox/users", {"name": "Canary", "password": "Canary", "phone": 15, "Canarx": 1})
    assert reply.status == 400
    assert "phone" in reply.reason
    assert "Canary" not in reply.reason
    assert broker.send("POST", "/sandbox/users", b"Canary").status == 400
    assert broker.send("PUT", "/sandbox/users", b"{}").status == 405


def test_the_review_desk_creates_and_moves_tasks(broker: Broker, desk: SandboxDesk, user_id: str) -> None:
    first = desk.create_task(user_id, OPEN)
    second = desk.create_task(user_id, OPEN, state="Handling")
    assert state(broker, user_id) == "Handling"
    desk.move_task(second, "Something new")
    assert state(broker, user_id) == "Something new"
    assert [task["id"] for task in desk.tasks(user_id)] == [first, second]
    assert [e.effect for e in desk.ledger(subject=user_id)] == [
        "user_registered",
        "task_created",
        "task_created",
        "task_moved",
    ]
    for wrong in [("nobody", OPEN), (user_id, "JOB")]:
        with pytest.raises(DeskRefused):
            desk.create_task(*wrong)


def test_tasks_move_along_their_course_by_the_sandboxs_clock(broker: Broker, desk: SandboxDesk, user_id: str) -> None:
    desk.set_course(OPEN, [(86_400, "Finished"), (60, "Handling")])
    desk.create_task(user_id, OPEN)
    seen = [state(broker, user_id)]
    for seconds in (30, 40, 86_000, 400):
        desk.advance_clock(seconds)
        seen.append(state(broker, user_id))
    assert seen == ["Submited", "Submited", "Handling", "Handling", "Finished"]
    assert [(e.endpoint, e.detail["state"]) for e in desk.ledger(effect="task_moved")] == [
        ("course", "Handling"),
        ("course", "Finished"),
    ]


def test_a_week_that_is_skipped_is_played_in_its_order(desk: SandboxDesk, user_id: str) -> None:
    desk.set_course(OPEN, [(60, "Handling"), (120, "Finished")])
    desk.create_task(user_id, OPEN)
    created = desk.ledger(effect="task_created")[0].at
    desk.advance_clock(7 * 86_400)
    handling, finished = desk.ledger(effect="task_moved")
    assert created < handling.at < finished.at < desk.now().isoformat()


def test_a_course_holds_for_tasks_that_exist_already(broker: Broker, desk: SandboxDesk, user_id: str) -> None:
    desk.create_task(user_id, OPEN)
    desk.advance_clock(100)
    desk.set_course(OPEN, [(50, "Handling"), (150, "Finished")])
    assert state(broker, user_id) == "Handling"
    desk.advance_clock(51)
    assert state(broker, user_id) == "Finished"


def test_a_course_for_one_user_beats_the_one_for_all(broker: Broker, desk: SandboxDesk, user_id: str) -> None:
    other = desk.create_user("Other", phone="15900000000", password=PASSWORD)
    for user in (user_id, other):
        desk.create_task(user, OPEN)
    desk.set_course(OPEN, [(10, "Rejected")], user_id=other)
    desk.set_course(OPEN, [(10, "Finished")])
    desk.advance_clock(11)
    assert (state(broker, user_id), state(broker, other)) == ("Finished", "Rejected")


def test_a_task_moved_by_hand_leaves_its_course(broker: Broker, desk: SandboxDesk, user_id: str) -> None:
    desk.set_course(OPEN, [(10, "Finished")])
    desk.move_task(desk.create_task(user_id, OPEN), "Handling")
    desk.advance_clock(11)
    assert state(broker, user_id) == "Handling"


def test_a_forgotten_course_moves_nothing(broker: Broker, desk: SandboxDesk, user_id: str) -> None:
    desk.set_course(OPEN, [(10, "Finished")])
    desk.create_task(user_id, OPEN)
    desk.clear_courses()
    desk.advance_clock(11)
    assert state(broker, user_id) == "Submited"


def test_a_replaced_course_is_followed_from_then_on(broker: Broker, desk: SandboxDesk, user_id: str) -> None:
    desk.set_course(OPEN, [(10, "Finished")])
    desk.create_task(user_id, OPEN)
    desk.set_course(OPEN, [(20, "Rejected")])
    desk.advance_clock(11)
    assert state(broker, user_id) == "Submited"
    desk.advance_clock(10)
    assert state(broker, user_id) == "Rejected"


def test_a_course_moves_the_task_that_an_update_created(broker: Broker, desk: SandboxDesk, user_id: str) -> None:
    desk.set_course("JOB_TYPE_TA_UPDATE_OWNER", [(0, "Finished")])
    broker.update(user_id, {"base": {"gender": "1"}})
    assert state(broker, user_id, "JOB_TYPE_TA_UPDATE_OWNER") == "Finished"


def test_the_clock_moves_forward_only(broker: Broker, desk: SandboxDesk) -> None:
    before = desk.now()
    desk.advance_clock(3600)
    assert (desk.now() - before).total_seconds() >= 3600
    with pytest.raises(DeskRefused):
        desk.advance_clock(-1)
    assert broker.send("POST", "/sandbox/clock/advance", b'{"seconds": NaN}').status == 400


def test_the_ledger_is_asked_from_a_number_on(broker: Broker, desk: SandboxDesk, user_id: str) -> None:
    broker.log_in()
    broker.log_in("Wrong123")
    assert [entry.n for entry in desk.ledger()] == [1, 2, 3]
    assert [entry.effect for entry in desk.ledger(since=2)] == ["login_failed"]
    assert desk.ledger(since=99) == []
    assert broker.send("GET", "/sandbox/ledger?since=x").status == 400


def test_a_reset_forgets_everything(broker: Broker, desk: SandboxDesk, user_id: str) -> None:
    broker.mobile_code("15900000000")
    desk.create_task(user_id, OPEN)
    desk.set_course(OPEN, [(1, "Finished")])
    desk.add_fault("*", "error_500")
    desk.advance_clock(1e6)
    ahead = desk.now()
    desk.reset()
    assert (desk.users(), desk.tasks(), desk.messages(), desk.ledger(), desk.requests(), desk.faults()) == (
        [],
        [],
        [],
        [],
        [],
        [],
    )
    assert desk.now() < ahead
    assert json.loads(broker.send("GET", "/sandbox/courses").body) == []


def test_the_desks_address_is_checked_and_nobody_there_is_an_os_error() -> None:
    with pytest.raises(SettingsError):
        SandboxDesk("127.0.0.1:80")
    with pytest.raises(OSError):
        SandboxDesk("http://127.0.0.1:1", timeout=1).users()
    assert http.client.NOT_FOUND == 404
