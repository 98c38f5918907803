"""A flow of the user's own that cannot be played is refused at once, with what to do; one that can is verified."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from onboarding.errors import DefinitionError
from onboarding.verify import Report
from onboarding.verify.run import verify


@pytest.fixture(autouse=True)
def _in_the_folder_of_the_flow(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on the command line, where a flow that lies in the present folder is found."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.chdir(Path(__file__).parent)


def run(flow: str, part: str = "simulation", **asked: Any) -> Report:
    return verify(flows=[flow], parts=[part], **asked)


def test_a_flow_that_does_not_end_well_undisturbed_is_refused_with_where_it_came_to_and_what_to_do() -> None:
    with pytest.raises(DefinitionError) as refused:
        run("unplayable_flow:Changing")
    assert str(refused.value) == (
        "changing does not end well where nothing goes wrong: it was parked in changing_password as refused: "
        "the service refused change_password: The new password is refused: it is the same as the old one; "
        "the verifier fills the fields (user_id, known, fresh) by their names and types; where that is not what the "
        "flow needs, give them an example (Field(examples=[...])), or write a function rehearse(desk, rng) in "
        "unplayable_flow"
    )


def test_a_field_that_nobody_can_make_up_is_named_before_anything_is_tried() -> None:
    with pytest.raises(DefinitionError, match=r"measured cannot be played: Measured\.limits fits no convention"):
        run("unplayable_flow:Measured")


def test_with_an_example_it_is_played() -> None:
    report = run("unplayable_flow:Exampled", case="undisturbed exampled")
    assert report.passed
    assert report.parts[0].cases == 1


def test_a_flow_that_is_not_there_is_no_case() -> None:
    report = run("unplayable_flow:Exampled", case="undisturbed nobody")
    assert [finding.what for finding in report.parts[0].findings] == ["there is no such case"]


def test_the_command_line_that_is_searched_for_secrets_finds_the_flow_too() -> None:
    report = run("unplayable_flow:Exampled", part="secrets", case="command-line")
    assert report.parts[0].findings == ()
    assert report.parts[0].counts["command line calls"] > 0
