"""Contract 2.1, 2.2, 2.4, 2.5, 2.14 and 2.15."""

from __future__ import annotations

import base64

import pytest
from broker_calls import EMAIL, PHONE, Broker, wrong

from onboarding.sandbox import SandboxDesk


def effects(desk: SandboxDesk) -> list[tuple[str, str]]:
    return [(entry.endpoint, entry.effect) for entry in desk.ledger()]


def test_a_code_by_sms_is_in_the_mailbox_and_not_in_the_answer(broker: Broker, desk: SandboxDesk) -> None:
    assert broker.mobile_code(send_sms="true").data is None
    message = desk.messages(PHONE)[-1]
    assert (message.channel, message.purpose, message.sent, message.n) == ("sms", "Register", True, 1)
    assert len(message.code) == 6
    assert message.code.isdigit()
    assert effects(desk) == [("2.1", "code_sent")]


def test_a_text_message_is_sent_when_send_sms_is_left_out(broker: Broker, desk: SandboxDesk) -> None:
    assert broker.get("/v1/api/sys/mobile/code", phone=PHONE, type="Register").data is None
    assert desk.messages(PHONE)[-1].sent


def test_a_code_without_sms_is_in_the_answer_and_listed_as_not_sent(broker: Broker, desk: SandboxDesk) -> None:
    code = broker.mobile_code().data
    message = desk.messages(PHONE)[-1]
    assert (message.code, message.sent) == (code, False)
    assert effects(desk) == [("2.1", "code_issued")]


def test_a_registered_number_gets_no_code_to_register_but_one_to_reset(broker: Broker, user_id: str) -> None:
    assert broker.mobile_code(purpose="Register").mcode == "PUB_AUTH_0000008"
    assert broker.mobile_code(purpose="ResetPassword").mcode == "m0000000"
    assert broker.mobile_code(purpose="UpdatePhoneNumber").mcode == "m0000000"


def test_an_unknown_number_gets_no_code_to_reset(broker: Broker, desk: SandboxDesk) -> None:
    assert broker.mobile_code(purpose="ResetPassword").mcode == "PUB_AUTH_0000017"
    assert desk.messages() == []


@pytest.mark.parametrize("phone", ["12345", "phone", "159-1234", "+", "1" * 16, " 15912345678"])
def test_a_malformed_number_is_refused_everywhere(broker: Broker, phone: str) -> None:
    for reply in (
        broker.mobile_code(phone),
        broker.verify("123456", phone),
        broker.reset("ticket", "Abcd1234", phone=phone),
        broker.register("123456", phone),
    ):
        assert reply.mcode == "PUB_AUTH_0000002"


def test_a_number_may_have_a_plus(broker: Broker, desk: SandboxDesk) -> None:
    assert broker.mobile_code("+8615912345678", send_sms="true").mcode == "m0000000"
    assert desk.latest_code("+8615912345678")


def test_verifying_uses_the_code_up_and_gives_a_ticket(broker: Broker, desk: SandboxDesk) -> None:
    code = broker.mobile_code().data
    ticket = broker.verify(code).data
    assert base64.b64decode(ticket).decode() == f"T001117TW{PHONE}{code}"
    assert broker.verify(code).mcode == "SANDBOX_CODE_USED"
    assert effects(desk) == [("2.1", "code_issued"), ("2.2", "code_used"), ("2.2", "ticket_issued")]


def test_a_wrong_code_is_refused_and_the_right_one_still_works(broker: Broker) -> None:
    code = broker.mobile_code().data
    assert broker.verify(wrong(code)).mcode == "SANDBOX_CODE_WRONG"
    assert broker.verify(code).mcode == "m0000000"


def test_five_wrong_tries_use_a_code_up(broker: Broker) -> None:
    code = broker.mobile_code().data
    for _ in range(5):
        assert broker.verify(wrong(code)).mcode == "SANDBOX_CODE_WRONG"
    assert broker.verify(code).mcode == "SANDBOX_CODE_USED"
    assert broker.register(code).mcode == "SANDBOX_CODE_USED"


def test_a_code_without_a_request_is_wrong(broker: Broker, desk: SandboxDesk) -> None:
    assert broker.verify("123456").mcode == "SANDBOX_CODE_WRONG"
    assert desk.ledger() == []


def test_a_new_code_replaces_the_old_one(broker: Broker) -> None:
    old = broker.mobile_code().data
    while (new := broker.mobile_code().data) == old:
        pass
    assert broker.verify(old).mcode == "SANDBOX_CODE_WRONG"
    assert broker.verify(new).mcode == "m0000000"


def test_a_code_expires_after_ten_minutes(broker: Broker, desk: SandboxDesk) -> None:
    code = broker.mobile_code().data
    desk.advance_clock(599)
    assert broker.verify(wrong(code)).mcode == "SANDBOX_CODE_WRONG"
    desk.advance_clock(1)
    assert broker.verify(code).mcode == "SANDBOX_CODE_EXPIRED"
    assert broker.register(code).mcode == "SANDBOX_CODE_EXPIRED"


def test_a_number_registers_with_its_code_once(broker: Broker, desk: SandboxDesk) -> None:
    code = broker.mobile_code().data
    reply = broker.register(code, recommendCode="R1", customSource="web")
    assert reply.envelope == {"mcode": "m0000000", "result": True}
    assert broker.log_in().data["userId"] == desk.users()[0]["userId"]
    assert broker.register(code).mcode == "PUB_AUTH_0000008"
    assert effects(desk)[1:3] == [("2.4", "code_used"), ("2.4", "user_registered")]
    assert len(desk.ledger(effect="user_registered", subject=PHONE)) == 1


def test_a_weak_password_does_not_use_the_code_up(broker: Broker) -> None:
    code = broker.mobile_code().data
    assert broker.register(code, password="short").mcode == "PUB_AUTH_0000051"
    assert broker.register(code).mcode == "m0000000"


def test_a_wrong_or_used_code_registers_nobody(broker: Broker, desk: SandboxDesk) -> None:
    code = broker.mobile_code().data
    assert broker.register(wrong(code)).mcode == "SANDBOX_CODE_WRONG"
    assert broker.verify(code).mcode == "m0000000"
    assert broker.register(code).mcode == "SANDBOX_CODE_USED"
    assert desk.users() == []


def test_a_code_for_another_purpose_registers_nobody(broker: Broker) -> None:
    code = broker.mobile_code(purpose="UpdatePhoneNumber").data
    assert broker.register(code).mcode == "SANDBOX_CODE_WRONG"


def test_an_address_registers_without_a_code(broker: Broker, desk: SandboxDesk) -> None:
    body = {"mail": EMAIL, "password": "Abcd1234"}
    assert broker.post("/v1/api/user/email/register", {**body, "password": "x1"}).mcode == "PUB_AUTH_0000051"
    assert broker.post("/v1/api/user/email/register", {**body, "mail": "demo@x"}).mcode == "PUB_AUTH_0000001"
    assert broker.post("/v1/api/user/email/register", body).envelope == {"mcode": "m0000000", "result": True}
    upper = {**body, "mail": EMAIL.upper()}
    assert broker.post("/v1/api/user/email/register", upper).mcode == "PUB_AUTH_0000007"
    assert broker.log_in(name=EMAIL).data["userId"] == desk.users()[0]["userId"]


def test_an_address_registers_with_the_code_that_was_sent_to_it(broker: Broker, desk: SandboxDesk) -> None:
    assert broker.email_code().envelope == {"mcode": "m0000000", "result": True}
    message = desk.messages(EMAIL)[-1]
    assert (message.channel, message.purpose) == ("email", "Register")
    assert broker.register_with_email_code(wrong(message.code)).mcode == "SANDBOX_CODE_WRONG"
    assert broker.register_with_email_code(message.code, password="123456").mcode == "PUB_AUTH_0000051"
    assert broker.register_with_email_code(message.code).mcode == "m0000000"
    assert broker.register_with_email_code(message.code).mcode == "PUB_AUTH_0000007"
    assert broker.email_code().mcode == "PUB_AUTH_0000007"
    assert effects(desk) == [("2.14", "code_sent"), ("2.15", "code_used"), ("2.15", "user_registered")]


def test_an_email_code_expires_and_is_used_once(broker: Broker, desk: SandboxDesk) -> None:
    broker.email_code()
    desk.advance_clock(600)
    assert broker.register_with_email_code(desk.latest_code(EMAIL)).mcode == "SANDBOX_CODE_EXPIRED"


@pytest.mark.parametrize("email", ["demo", "demo@", "@example.com", "a b@example.com", "a@b..c", "x" * 250 + "@a.bc"])
def test_a_malformed_address_is_refused_everywhere(broker: Broker, email: str) -> None:
    assert broker.email_code(email).mcode == "PUB_AUTH_0000001"
    assert broker.register_with_email_code("123456", email).mcode == "PUB_AUTH_0000001"
    if "@" in email:
        assert broker.log_in(name=email).mcode == "PUB_AUTH_0000001"
