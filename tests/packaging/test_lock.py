"""``requirements.lock`` against ``pyproject.toml``: what is asked for is locked, by hash, naming no place."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = (ROOT / "requirements.lock").read_text()


def direct() -> list[Requirement]:
    """Every requirement in pyproject.toml: of the package, its extras, the development tools, the build."""
    asked = [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"]]
    for listed in [
        *PROJECT["project"]["optional-dependencies"].values(),
        *PROJECT["dependency-groups"].values(),
    ]:
        asked += [line for line in listed if isinstance(line, str)]
    return [parsed for parsed in map(Requirement, asked) if parsed.name != PROJECT["project"]["name"]]


def locked() -> list[tuple[Requirement, list[str]]]:
    """Every locked version with its hashes."""
    text = re.sub(r"^\s*#.*\n", "", LOCK, flags=re.MULTILINE).replace("\\\n", " ")
    lines = [line.split("--hash=") for line in text.splitlines()]
    return [(Requirement(line[0]), [digest.strip() for digest in line[1:]]) for line in lines]


@pytest.mark.parametrize("asked", direct(), ids=str)
def test_every_direct_dependency_is_locked_within_its_range(asked: Requirement) -> None:
    name = canonicalize_name(asked.name)
    versions = [found.specifier for found, _ in locked() if canonicalize_name(found.name) == name]
    assert versions, f"{asked.name} is not locked: run `python3 do.py lock`"
    for pinned in versions:
        (exact,) = pinned
        assert asked.specifier.contains(exact.version, prereleases=True)


def test_every_line_pins_one_version_by_sha256() -> None:
    assert len(locked()) > len({requirement.name for requirement in direct()})
    for requirement, digests in locked():
        assert [clause.operator for clause in requirement.specifier] == ["=="], requirement
        assert digests
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in digests), requirement


def test_the_lock_file_names_no_address_no_path_and_no_option_of_pip() -> None:
    assert not re.search(r"://| @ |file:", LOCK)
    assert not re.search(r"^\s*-(?!-hash=sha256:)", LOCK, re.MULTILINE)


def test_the_tools_that_build_the_editable_project_are_locked() -> None:
    names = {requirement.name for requirement, _ in locked()}
    assert {"hatchling", "editables"} <= names
