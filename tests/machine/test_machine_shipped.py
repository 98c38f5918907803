"""The shipped flows: what each does with every refusal that its endpoints can answer."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from pprint import pformat
from typing import Any

import pytest

import flows
from onboarding import Done, Failed, Flow, Meaning
from onboarding.api.codes import CREDENTIALS, CodeTable
from onboarding.api.effects import Effect
from onboarding.api.endpoints import ENDPOINTS
from onboarding.machine import Registry

SHIPPED = dict(Registry())
WEIGHT = {Effect.READ: 0, Effect.REPEATABLE: 1, Effect.ONCE: 2}

# A locked account, and a login name of the wrong form where it was registered with: nothing that the user did wrong
# in this journey. A person looks, and the journey is retried.
LOGIN = {"account_locked", "email_malformed", "mobile_malformed"}

LEFT_TO_PARK: dict[str, dict[str, set[str]]] = {
    "avatar-change": {},
    "email-registration": {
        "checking_address": {"mobile_malformed"},  # the search is by e-mail address
        "proving_login": LOGIN,
    },
    "email-signup": {
        "checking_address": {"mobile_malformed"},  # the search is by e-mail address
        "proving_login": LOGIN,
    },
    "kyc-update": {},
    "mobile-registration": {
        "checking_number": {"email_malformed"},  # the search is by number
        "requesting_code": {"no_such_user"},  # a code to register with is for those who are none yet
        "proving_login": LOGIN,
    },
    "password-change": {
        "logging_in": LOGIN,
        "changing_password": {"account_locked", "passwords_differ"},  # the client sends one password twice
        "proving_login": LOGIN,
    },
    "password-reset": {
        "requesting_code": {"mobile_taken"},  # said of a number to register, and this one is to be known
        "verifying_code": {"mobile_malformed", "no_such_user"},  # a code was sent to this number before
        "resetting_password": {
            "mobile_malformed",  # a code was sent to this number before
            "passwords_differ",  # the client sends one password twice
        },
        "proving_login": LOGIN,
    },
    "phone-verification": {
        "verifying_code": {"mobile_malformed", "no_such_user"},  # a code was sent to this number before
    },
    "task-watch": {},
}
"""By flow and state: the refusals that its step does not map, so that the journey is parked for a person."""


def calls(function: Callable[..., Any]) -> Iterator[str]:
    """The endpoints that a step's body calls, also by way of a function that it hands its ``api`` to."""
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="api"), attr=name)):
                yield name
            case ast.Call(func=ast.Name(id=name), args=[ast.Name(id="api"), *_]):
                yield from calls(function.__globals__[name])


def answers(endpoint: str) -> set[str]:
    """The refusals that a step can be told by an endpoint, by codes that are known or that a tenant adds."""
    told = set(Meaning) - CREDENTIALS - {Meaning.SYSTEM_ERROR}
    section = ENDPOINTS[endpoint].section
    return {m.value for m in told if CodeTable({"LIVE_0000001": m}).meaning(section, "LIVE_0000001")}


def left(flow: type[Flow]) -> dict[str, set[str]]:
    found = {
        state: set().union(*map(answers, calls(step.body))) - {*step.refusals}
        for state, step in flow.definition.steps.items()
    }
    return {state: meanings for state, meanings in found.items() if meanings}


def test_what_each_step_leaves_to_a_person_is_left_on_purpose() -> None:
    found = {name: left(flow) for name, flow in SHIPPED.items()}
    assert found == LEFT_TO_PARK, f"the table of unmapped refusals is now:\n{pformat(found, width=120)}"


@pytest.mark.parametrize("name", SHIPPED)
def test_a_step_maps_no_refusal_that_its_endpoints_cannot_answer(name: str) -> None:
    for state, step in SHIPPED[name].definition.steps.items():
        possible = set().union(*map(answers, calls(step.body)))
        assert {*step.refusals, *step.evidence} - possible == set(), state


@pytest.mark.parametrize("name", SHIPPED)
def test_a_step_is_declared_as_heavy_as_the_heaviest_of_its_calls(name: str) -> None:
    for state, step in SHIPPED[name].definition.steps.items():
        effects = [ENDPOINTS[call].effect for call in calls(step.body)]
        assert effects, f"{state} calls nothing"
        assert step.effect == max(effects, key=WEIGHT.__getitem__), state
        assert sum(effect is not Effect.READ for effect in effects) <= 1, state


@pytest.mark.parametrize("name", SHIPPED)
def test_a_check_calls_nothing_that_may_not_be_repeated(name: str) -> None:
    for state, step in SHIPPED[name].definition.steps.items():
        if step.check is not None:
            found = [ENDPOINTS[call].effect for call in calls(step.check)]
            assert found, f"the check of {state} looks at nothing"
            assert Effect.ONCE not in found, state


@pytest.mark.parametrize("name", SHIPPED)
def test_every_flow_and_every_end_says_in_a_sentence_what_it_is(name: str) -> None:
    definition = SHIPPED[name].definition
    assert definition.title.endswith(".")
    ends = [state for state in definition.states.values() if isinstance(state, Done | Failed)]
    assert len({end.text for end in ends}) == len(ends)
    assert [end.name for end in ends if not end.text] == []


def test_the_shipped_flows_are_exported_and_found_under_the_same_names() -> None:
    assert sorted(flows.__all__) == flows.__all__
    exported = {getattr(flows, name).definition.name: getattr(flows, name) for name in flows.__all__}
    assert exported == SHIPPED


def test_every_endpoint_of_the_contract_is_used_by_a_shipped_flow() -> None:
    used = {call for flow in SHIPPED.values() for step in flow.definition.steps.values() for call in calls(step.body)}
    assert set(ENDPOINTS) - used == {"list_result_codes"}
