"""The public names: each is where the map of the package says, and none is loaded before it is used."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import onboarding

SOURCE = Path(onboarding.__file__)
HEAVY = ("httpx", "httpx2", "sqlalchemy", "alembic", "typer", "rich", "pydantic", "transitions", "starlette")


def typed() -> dict[str, tuple[str, str]]:
    """What a type checker sees: each name with the module and the name that it is imported from."""
    tree = ast.parse(SOURCE.read_text("utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    return {
        alias.asname or alias.name: (str(node.module), alias.name)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def loaded_by(code: str) -> set[str]:
    """Which heavy modules a fresh Python has loaded after some code."""
    script = f"{code}\nimport json, sys\nprint(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)
    return set(json.loads(done.stdout))


def test_a_type_checker_sees_the_names_that_are_exported() -> None:
    assert set(typed()) == set(onboarding.__all__)


def test_the_names_are_sorted_and_each_is_there_once() -> None:
    assert onboarding.__all__ == sorted(set(onboarding.__all__))


@pytest.mark.parametrize("name", onboarding.__all__)
def test_a_name_loads_and_is_what_a_type_checker_takes_it_for(name: str) -> None:
    module, own = typed()[name]
    found = getattr(onboarding, name)
    assert found is getattr(sys.modules[module], own)
    assert getattr(onboarding, name) is found


def test_the_names_are_listed_for_those_who_look_around() -> None:
    assert set(dir(onboarding)) >= {*onboarding.__all__, "__version__"}


def test_a_name_that_there_is_not_is_an_error_as_everywhere() -> None:
    with pytest.raises(AttributeError, match="module 'onboarding' has no attribute 'Onbaording'"):
        _ = onboarding.Onbaording
    assert not hasattr(onboarding, "_HOMELESS")


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_by("import onboarding") == set()


def test_asking_for_an_error_loads_nothing_heavy() -> None:
    assert loaded_by("from onboarding import OnboardingError, InDoubt, minutes, SystemClock") == set()


def test_asking_for_what_a_flow_is_made_of_loads_no_client_no_database_and_no_terminal() -> None:
    assert loaded_by("from onboarding import Flow, Working, once") == {"pydantic", "transitions"}


def test_a_heavy_name_does_load_its_library() -> None:
    """So that the tests above can fail."""
    assert "httpx" in loaded_by("from onboarding import AccountApi\nimport httpx")
