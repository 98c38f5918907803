"""Contract 2.7, 2.8 and 2.10 to 2.13, and the list of result codes."""

from __future__ import annotations

import pytest
from broker_calls import EMAIL, PASSWORD, PHONE, Broker

from onboarding.sandbox import SandboxDesk

UPDATE = "JOB_TYPE_TA_UPDATE_OWNER"
OPEN = "JOB_TYPE_TA_OPEN"
TRADING = {"accountId": "2090001252", "accountName": "demo", "balance": 1014.07, "leverage": 100, "status": True}


def test_a_user_is_found_by_each_field(broker: Broker, desk: SandboxDesk) -> None:
    user_id = desk.create_user("Demo", phone=PHONE, email=EMAIL, password=PASSWORD, accounts=[TRADING])
    desk.create_user("Other", phone="15900000000", password=PASSWORD)
    for by, value in [("UserName", "Demo"), ("Email", EMAIL), ("Phone", PHONE), ("TradeAccount", "2090001252")]:
        data = broker.find(by, value).data
        assert {k: data[k] for k in ("offset", "pager", "pages", "size", "total")} == {
            "offset": 0,
            "pager": 1,
            "pages": 1,
            "size": 10,
            "total": 1,
        }
        (row,) = data["list"]
        assert row == {
            "accounts": ["2090001252"],
            "email": EMAIL,
            "isEnable": True,
            "phone": PHONE,
            "pubUserId": user_id,
            "realName": "Demo",
            "registerTime": row["registerTime"],
        }


def test_a_keyword_finds_more_than_the_one_who_was_meant(broker: Broker, desk: SandboxDesk) -> None:
    desk.create_user("Demo", phone=PHONE, password=PASSWORD)
    desk.create_user("Demo", phone=PHONE + "9", password=PASSWORD)
    assert broker.find("Phone", PHONE).data["total"] == 2


def test_nobody_found_is_an_empty_page(broker: Broker) -> None:
    data = broker.find("Phone", "15900000000").data
    assert data == {"list": [], "offset": 0, "pager": 1, "pages": 0, "size": 10, "total": 0}


def test_pages_hold_what_was_asked_for(broker: Broker, desk: SandboxDesk) -> None:
    ids = [desk.create_user("Same", phone=f"1590000000{n}", password=PASSWORD) for n in range(5)]
    pages = [broker.find("UserName", "same", page, 2).data for page in (1, 2, 3, 4)]
    assert [row["pubUserId"] for page in pages for row in page["list"]] == ids
    assert [(page["offset"], page["pages"], page["total"]) for page in pages] == [
        (0, 3, 5),
        (2, 3, 5),
        (4, 3, 5),
        (6, 3, 5),
    ]


def test_details_hold_what_is_set(broker: Broker, desk: SandboxDesk) -> None:
    user_id = desk.create_user("Demo", email=EMAIL, password=PASSWORD, accounts=[TRADING])
    assert broker.detail(user_id).data == {
        "accounts": [TRADING],
        "email": EMAIL,
        "nickname": "Demo",
        "username": "Demo",
    }


def test_an_avatar_is_set_and_answered_with_the_details(broker: Broker, desk: SandboxDesk, user_id: str) -> None:
    reply = broker.post(f"/v1/api/user/{user_id}/avatar", {"avatar": "//example.com/a.png"})
    assert reply.data["avatar"] == "//example.com/a.png"
    assert broker.detail(user_id).data == reply.data
    assert [entry.endpoint for entry in desk.ledger(effect="avatar_set", subject=user_id)] == ["2.10"]


def test_account_info_has_the_contracts_structure_and_the_tenants_fields(broker: Broker, user_id: str) -> None:
    info = broker.account(user_id).data
    assert {"base", "cert", "finance"} < set(info)
    assert info["base"]["accountName"] == "Demo"
    assert info["base"]["phones"]["phone"] == PHONE
    assert info["finance"]["investmentExperience"] == []
    assert info["base"]["politicallyExposed"] is False
    assert info["broker"]["riskScore"] == 17.5


def test_an_update_replaces_the_sections_it_sends_and_leaves_the_others(
    broker: Broker, desk: SandboxDesk, user_id: str
) -> None:
    before = broker.account(user_id).data
    reply = broker.update(user_id, {"cert": {"idNum": "1", "地": "é"}})
    assert reply.envelope == {"mcode": "m0000000", "result": True}
    after = broker.account(user_id).data
    assert after == {**before, "cert": {"idNum": "1", "地": "é"}}
    assert [entry.effect for entry in desk.ledger(since=1)] == ["account_updated", "task_created"]


def test_what_was_read_can_be_written_back_unchanged(broker: Broker, user_id: str) -> None:
    info = broker.account(user_id).data
    assert broker.update(user_id, info).mcode == "m0000000"
    assert broker.account(user_id).data == info


def test_an_update_gives_the_review_desk_a_task(broker: Broker, desk: SandboxDesk, user_id: str) -> None:
    assert broker.task(user_id, UPDATE).data is None
    broker.update(user_id, {"base": {"gender": "1"}})
    first = broker.task(user_id, UPDATE).data
    assert (first["pubUserId"], first["jobType"], first["state"]) == (user_id, UPDATE, "Submited")
    assert len(first["createdTime"]) == len("2017-04-19T18:07:43.218")
    broker.update(user_id, {"base": {"gender": "0"}})
    second = broker.task(user_id, UPDATE).data
    assert second["id"] != first["id"]
    assert broker.task(user_id, OPEN).data is None


@pytest.mark.parametrize("account", [{}, [], {"base": None}, {"cert": []}, {"finance": "x"}, "text", None])
def test_an_update_that_is_not_account_info_is_no_request(broker: Broker, user_id: str, account: object) -> None:
    assert broker.update(user_id, account).status == 400


def test_an_unknown_user_is_refused_by_every_endpoint_that_takes_an_id(broker: Broker, desk: SandboxDesk) -> None:
    for reply in (
        broker.detail("nobody"),
        broker.post("/v1/api/user/nobody/avatar", {"avatar": "a"}),
        broker.account("nobody"),
        broker.update("nobody", {"base": {}}),
        broker.task("nobody", OPEN),
    ):
        assert reply.mcode == "SANDBOX_NO_SUCH_USER"
    assert desk.ledger() == []


def test_every_code_that_can_come_is_listed(broker: Broker) -> None:
    listed = {row["code"]: row["value"] for row in broker.get("/v1/api/sys/error/code", lang="en-US").data}
    assert listed["m0000000"] == "success"
    assert "SANDBOX_TICKET_STALE" in listed
    assert all(listed.values())
    assert broker.get("/v1/api/sys/error/code", lang="fr").status == 400
