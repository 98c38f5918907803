"""Contract 2.3, 2.6 and 2.9, and the password rule."""

from __future__ import annotations

import pytest
from broker_calls import EMAIL, PASSWORD, PHONE, Broker

from onboarding.sandbox import SandboxConfig, SandboxDesk, SandboxServer, Strength


def ticket_for(broker: Broker, phone: str = PHONE, purpose: str = "ResetPassword") -> str:
    return str(broker.verify(broker.mobile_code(phone, purpose).data, phone).data)


def test_a_ticket_resets_the_password_once(broker: Broker, desk: SandboxDesk, user_id: str) -> None:
    ticket = ticket_for(broker)
    assert broker.reset(ticket, "Newpass1").envelope == {"mcode": "m0000000", "result": True}
    assert desk.check_password(user_id, "Newpass1")
    assert not desk.check_password(user_id, PASSWORD)
    assert broker.reset(ticket, "Newpass2").mcode == "SANDBOX_TICKET_STALE"
    assert len(desk.ledger(effect="password_reset", subject=user_id)) == 1


def test_a_refused_password_leaves_the_ticket_unused(broker: Broker, desk: SandboxDesk, user_id: str) -> None:
    ticket = ticket_for(broker)
    assert broker.reset(ticket, "Newpass1", "Newpass2").mcode == "PUB_AUTH_0000055"
    assert broker.reset(ticket, "weak").mcode == "PUB_AUTH_0000051"
    assert desk.check_password(user_id, PASSWORD)
    assert broker.reset(ticket, "Newpass1").mcode == "m0000000"


def test_a_ticket_is_stale_after_ten_minutes(broker: Broker, desk: SandboxDesk, user_id: str) -> None:
    ticket = ticket_for(broker)
    desk.advance_clock(600)
    assert broker.reset(ticket, "Newpass1").mcode == "SANDBOX_TICKET_STALE"


def test_a_foreign_or_invented_ticket_resets_nothing(broker: Broker, desk: SandboxDesk, user_id: str) -> None:
    other = desk.create_user("Other", phone="15900000000", password=PASSWORD)
    ticket = ticket_for(broker)
    assert broker.reset(ticket, "Newpass1", phone="15900000000").mcode == "SANDBOX_TICKET_STALE"
    assert broker.reset("VDAwMTExN1RX", "Newpass1").mcode == "SANDBOX_TICKET_STALE"
    assert desk.check_password(other, PASSWORD)


def test_a_ticket_out_of_any_code_of_the_number_will_do(broker: Broker, user_id: str) -> None:
    assert broker.reset(ticket_for(broker, purpose="UpdatePhoneNumber"), "Newpass1").mcode == "m0000000"


def test_a_ticket_of_a_number_without_a_user_resets_nothing(broker: Broker, desk: SandboxDesk) -> None:
    assert broker.reset(ticket_for(broker, purpose="Register"), "Newpass1").mcode == "SANDBOX_TICKET_STALE"


def test_a_user_logs_in_by_number_and_by_address(broker: Broker, desk: SandboxDesk, user_id: str) -> None:
    by_phone = broker.log_in().data
    assert by_phone == {
        "language": "en-US",
        "lastLoginTime": by_phone["lastLoginTime"],
        "phone": PHONE,
        "userId": user_id,
    }
    assert abs(by_phone["lastLoginTime"] - desk.now().timestamp() * 1000) < 60_000
    assert broker.log_in(name=EMAIL.upper()).data["userId"] == user_id
    assert len(desk.ledger(effect="logged_in", subject=user_id)) == 2


def test_a_wrong_password_and_an_unknown_name_are_told_apart(broker: Broker, desk: SandboxDesk, user_id: str) -> None:
    assert broker.log_in("Wrong123").mcode == "PUB_AUTH_0000052"
    assert broker.log_in(name="15900000000").mcode == "PUB_AUTH_0000017"
    assert broker.log_in(name="nobody@example.com").mcode == "PUB_AUTH_0000017"
    assert [e.detail["reason"] for e in desk.ledger(effect="login_failed")] == ["wrong", "unknown", "unknown"]


def lock(broker: Broker) -> None:
    for _ in range(10):
        assert broker.log_in("Wrong123").mcode == "PUB_AUTH_0000052"
    assert broker.log_in().mcode == "SANDBOX_ACCOUNT_LOCKED"


def test_ten_failures_lock_the_account_for_an_hour(broker: Broker, desk: SandboxDesk, user_id: str) -> None:
    lock(broker)
    assert desk.user(user_id)["locked"]
    desk.advance_clock(3590)
    assert broker.log_in().mcode == "SANDBOX_ACCOUNT_LOCKED"
    desk.advance_clock(10)
    assert broker.log_in("Wrong123").mcode == "PUB_AUTH_0000052"
    assert broker.log_in().mcode == "m0000000"


def test_the_desk_unlocks_an_account(broker: Broker, desk: SandboxDesk, user_id: str) -> None:
    lock(broker)
    desk.unlock(user_id)
    assert broker.log_in().mcode == "m0000000"


def test_a_reset_password_does_not_lift_a_lock(broker: Broker, user_id: str) -> None:
    lock(broker)
    assert broker.reset(ticket_for(broker), "Newpass1").mcode == "m0000000"
    assert broker.log_in("Newpass1").mcode == "SANDBOX_ACCOUNT_LOCKED"


def test_a_login_forgets_the_failures_before_it(broker: Broker, desk: SandboxDesk, user_id: str) -> None:
    for _ in range(2):
        for _ in range(9):
            assert broker.log_in("Wrong123").mcode == "PUB_AUTH_0000052"
        assert broker.log_in().mcode == "m0000000"
    assert desk.user(user_id)["failedLogins"] == 0


def test_a_user_changes_the_password(broker: Broker, desk: SandboxDesk, user_id: str) -> None:
    assert broker.change_password("nobody", PASSWORD, "Newpass1").mcode == "SANDBOX_NO_SUCH_USER"
    assert broker.change_password(user_id, "Wrong123", "Newpass1").mcode == "PUB_AUTH_0000054"
    assert broker.change_password(user_id, PASSWORD, "Newpass1", "Newpass2").mcode == "PUB_AUTH_0000055"
    assert broker.change_password(user_id, PASSWORD, PASSWORD).mcode == "PUB_AUTH_0000062"
    assert broker.change_password(user_id, PASSWORD, "weak").mcode == "PUB_AUTH_0000051"
    assert desk.ledger(effect="password_changed") == []
    reply = broker.change_password(user_id, PASSWORD, "Newpass1")
    assert reply.envelope == {"mcode": "m0000000", "result": True}
    assert broker.log_in("Newpass1").mcode == "m0000000"
    assert len(desk.ledger(effect="password_changed", subject=user_id)) == 1


@pytest.mark.parametrize(
    ("strength", "password", "good"),
    [
        (Strength.MIDDLE, "abcde1", True),
        (Strength.MIDDLE, "abcd1", False),
        (Strength.MIDDLE, "a1" * 10, True),
        (Strength.MIDDLE, "a1" * 10 + "a", False),
        (Strength.MIDDLE, "abcdef", False),
        (Strength.MIDDLE, "123456", False),
        (Strength.STRONG, "Abcdef12", True),
        (Strength.STRONG, "Abcde12", False),
        (Strength.STRONG, "abcdef12", False),
        (Strength.STRONG, "ABCDEF12", False),
        (Strength.STRONG, "Abcdefgh", False),
        (Strength.SUPER_STRONG, "Abcdef12", False),
        (Strength.SUPER_STRONG, "Abcdef1!", True),
        (Strength.SUPER_STRONG, "Abcdef1]", True),
    ],
)
def test_the_tenants_rule_decides_what_is_weak(strength: Strength, password: str, good: bool) -> None:
    assert strength.accepts(password) is good


def test_a_sandbox_with_another_rule_refuses_by_it() -> None:
    with SandboxServer(config=SandboxConfig(strength=Strength.STRONG)) as server:
        body = {"mail": EMAIL, "password": "abcdef12"}
        broker = Broker(server.url)
        assert broker.post("/v1/api/user/email/register", body).mcode == "PUB_AUTH_0000051"
        body["password"] = "Abcdef12"
        assert broker.post("/v1/api/user/email/register", body).mcode == "m0000000"
