"""What comes back, typed; account information kept whole; settings and addresses."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_service import ScriptedService, answer

import onboarding.api
from onboarding.api import ENDPOINTS, Effect, Task, TaskType, TaskVerdict, User, UserField, UserPage
from onboarding.api.account import AccountInfo
from onboarding.api.address import problem_with

if TYPE_CHECKING:
    from collections.abc import Callable

    from onboarding.api.client import AccountApi


@pytest.mark.parametrize(
    ("state", "verdict", "known"),
    [
        ("Submited", "pending", True),
        ("Submitted", "pending", True),
        ("Handling", "pending", True),
        ("Dealed", "pending", True),
        ("Finished", "finished", True),
        ("Rejected", "refused", True),
        ("Refused", "refused", True),
        ("Closed", "refused", True),
        ("finished", "pending", False),
        ("Escalated", "pending", False),
    ],
)
def test_a_state_says_whether_a_watch_ends(state: str, verdict: str, known: bool) -> None:
    task = Task(id="t", state=state)
    assert (task.state, task.verdict, task.known) == (state, verdict, known)


@pytest.mark.anyio
async def test_which_states_end_a_watch_is_a_setting(make: Callable[..., AccountApi], service: ScriptedService) -> None:
    api = make(final_states={"Archived": TaskVerdict.REFUSED, "Handling": TaskVerdict.FINISHED})
    found = {}
    for state in ("Archived", "Handling", "Finished", "Odd"):
        service.replies = [answer({"id": "t", "state": state, "createdTime": "2017-04-19T18:07:43.218"})]
        task = await api.get_task("u", TaskType.OPEN)
        assert task is not None
        assert task.created_time == "2017-04-19T18:07:43.218"
        found[state] = (task.verdict.value, task.known)
    assert found == {
        "Archived": ("refused", True),
        "Handling": ("finished", True),
        "Finished": ("pending", True),
        "Odd": ("pending", False),
    }


@pytest.mark.anyio
async def test_no_task_yet_is_none(api: AccountApi, service: ScriptedService) -> None:
    service.always = answer(None)
    assert await api.get_task("u", TaskType.BIND) is None


@pytest.mark.anyio
async def test_answers_are_typed_and_keep_unknown_fields(api: AccountApi, service: ScriptedService) -> None:
    row = {"pubUserId": "u1", "isEnable": True, "accounts": ["2090"], "registerTime": 1490780106812, "vip": 3}
    data = {"list": [row], "offset": 0, "pager": 1, "pages": 1, "size": 10, "total": 1}
    service.replies = [answer(data)]
    page = await api.find_users(UserField.PHONE, "1860")
    assert page.found
    assert page.users[0].user_id == "u1"
    assert page.model_dump(by_alias=True, exclude_unset=True) == data
    service.replies = [answer({"accounts": [{"balance": 0, "accountId": "1"}], "username": "Ann"})]
    user = await api.get_user("u1")
    assert user.accounts is not None
    assert (user.accounts[0].account_id, user.accounts[0].balance, user.phone) == ("1", 0.0, None)
    service.replies = [answer([{"code": "m0000000", "value": "ok"}])]
    assert await api.list_result_codes() == {"m0000000": "ok"}


def test_a_hit_of_a_search_need_not_be_exact() -> None:
    users = [
        User(user_id="1", phone="159", email="Ann@Example.org", real_name="Ann", accounts=["20"]),
        User(user_id="2", phone="1591", accounts=None),
    ]
    page = UserPage(users=users)
    for by, value in (
        (UserField.PHONE, "159"),
        (UserField.EMAIL, "ann@example.org"),
        (UserField.USER_NAME, "Ann"),
        (UserField.TRADE_ACCOUNT, "20"),
    ):
        assert [user.user_id for user in page.exactly(by, value)] == ["1"]
    assert page.exactly(UserField.EMAIL, "") == []
    assert not UserPage(users=[]).found


ACCOUNT = {
    "base": {"accountName": "test", "homePlace": {"city": "", "country": "3225"}, "tenantField": [1, {"a": None}]},
    "cert": {"idUrl1": ""},
    "unheardOf": 0.1,
}


def test_changes_are_merged_into_an_account_and_all_else_is_kept() -> None:
    before = copy.deepcopy(ACCOUNT)
    info = AccountInfo(ACCOUNT)
    changes = {"base": {"homePlace": {"city": "Basel"}, "tenantField": []}, "cert": None, "new": {"x": {"y": 1}}}
    merged = info.merged(changes)
    assert merged == {
        "base": {"accountName": "test", "homePlace": {"city": "Basel", "country": "3225"}, "tenantField": []},
        "cert": None,
        "unheardOf": 0.1,
        "new": {"x": {"y": 1}},
    }
    assert list(merged) == ["base", "cert", "unheardOf", "new"]
    assert AccountInfo(merged).holds(changes)
    assert not info.holds(changes)
    merged["base"]["homePlace"]["city"] = "Bern"
    assert before == ACCOUNT, "nothing is shared"


@pytest.mark.parametrize(
    ("changes", "held"),
    [
        ({}, True),
        ({"base": {}}, True),
        ({"base": {"accountName": "test"}}, True),
        ({"base": {"accountName": "other"}}, False),
        ({"base": {"homePlace": {"city": ""}}}, True),
        ({"base": {"homePlace": ""}}, False),
        ({"base": {"tenantField": [1, {"a": None}]}}, True),
        ({"base": {"tenantField": (1, {"a": None})}}, True),
        ({"base": {"tenantField": [True, {"a": None}]}}, False),
        ({"base": {"tenantField": [1]}}, False),
        ({"base": {"missing": None}}, False),
        ({"cert": {"idUrl1": {"x": 1}}}, False),
        ({"unheardOf": 0.1}, True),
    ],
)
def test_an_account_holds_changes_when_every_leaf_is_there(changes: dict[str, Any], held: bool) -> None:
    assert AccountInfo(ACCOUNT).holds(changes) is held


TREE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=12,
)
OBJECT = st.dictionaries(st.text(max_size=2), TREE, max_size=4)


@settings(max_examples=60, deadline=None)
@given(OBJECT, OBJECT)
def test_what_is_merged_is_held_and_nothing_merged_changes_nothing(
    data: dict[str, Any], changes: dict[str, Any]
) -> None:
    info = AccountInfo(data)
    assert AccountInfo(info.merged(changes)).holds(changes)
    assert json.dumps(info.merged({})) == json.dumps(data)
    assert set(info.merged(changes)) == {*data, *changes}


@pytest.mark.anyio
async def test_an_account_goes_round_without_a_change(api: AccountApi, service: ScriptedService) -> None:
    account = {"z": {"b": [1, 2.5, None, True, "é\u2028"]}, "a": {"": {}}, "big": 12345678901234567890}
    service.replies = [answer(account)]
    info = await api.get_account("u")
    await api.update_account("u", info.merged({}))
    assert info.raw == account
    assert service.received[1].body == json.dumps(account, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    "address",
    [
        "https://account.api.lwork.com",
        "https://example.org:8443/broker/v1/",
        "http://localhost:1",
        "http://LOCALHOST",
        "http://127.0.0.1:8000",
        "http://127.9.9.9",
        "http://[::1]:80/x",
        "https://[2001:db8::1]",
    ],
)
def test_an_address_that_works_is_taken(address: str) -> None:
    assert problem_with(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "account.api.lwork.com",
        "ftp://localhost",
        "http://account.api.lwork.com",
        "http://127.0.0.1.example.org",
        "http://127.1",
        "http://localhost.example.org",
        "http://[::ffff:10.0.0.1]",
        "http://0.0.0.0",
        "https://user@example.org",
        "https://user:password@example.org",
        "http://127.0.0.1\\@example.org",
        "http://127.0.0.1:80@example.org",
        "https://example.org?x",
        "https://example.org#x",
        "https://example.org:99999",
        "https://example.org:0",
        "https://example.org/a/../b",
        "https://example.org/%2e%2e",
        "https://exa mple.org",
        "https://example.org\n",
        "https://",
    ],
)
def test_an_address_that_could_be_read_two_ways_is_refused(address: str) -> None:
    assert problem_with(address) is not None


def test_the_effects_are_those_of_the_contract() -> None:
    by_effect = {effect: [one.section for one in ENDPOINTS.values() if one.effect is effect] for effect in Effect}
    assert by_effect == {
        Effect.READ: ["1", "2.7", "2.8", "2.11", "2.13"],
        Effect.REPEATABLE: ["2.1", "2.6", "2.10", "2.14"],
        Effect.ONCE: ["2.2", "2.3", "2.4", "2.5", "2.9", "2.12", "2.15"],
    }


def test_the_room_loads_no_http_library_and_no_pydantic_before_it_must() -> None:
    program = (
        "import sys, onboarding.api; from onboarding.api import Effect, Meaning, ENDPOINTS\n"
        "print(sorted({'httpx', 'httpx2', 'pydantic'} & set(sys.modules)))\n"
        "from onboarding.api import AccountApi, Task\n"
        "print(sorted({'httpx', 'httpx2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.split("\n") == ["[]", "[]", ""]


def test_every_public_name_is_there() -> None:
    names = onboarding.api.__all__
    assert names == sorted(names, key=lambda name: (not name.isupper(), name[0].islower(), name))
    assert all(getattr(onboarding.api, name) is not None for name in names)
    with pytest.raises(AttributeError):
        onboarding.api.nothing  # noqa: B018
