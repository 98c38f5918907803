"""The rooms of the package: each imports only from those above it, and outside packages stay in theirs.

The table is the one of the design: it is read from the imports themselves, those within functions too.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Top to bottom; rooms of one line do not know each other.
ORDER = (
    ("errors", "clock"),
    ("log",),
    ("api",),
    ("machine",),
    ("journal",),
    ("engine",),
    ("drivers",),
    ("toml_file",),
    ("settings",),  # read where the whole is put together: a part is handed what it needs
    ("answers", "audit", "changes", "connect", "frames", "keys", "leaving", "starting"),
    ("archiving",),
    ("forgetting",),
    ("service",),
    ("blocking",),
    ("sandbox",),
    ("testing",),
    ("verify",),
    ("web",),
    ("cli",),
    ("flows",),
)
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}

# Rooms that may import less than what is above them. The sandbox is the other side: it has its own reading of
# the contract.
ONLY = {
    "journal": {"errors", "clock", "log"},
    "sandbox": {"errors", "clock", "log"},
    "flows": {"onboarding"},  # its public names, from the top
}

# Outside packages that live in some rooms only; every other one must be a dependency of the project.
OWNED = {
    "alembic": {"journal"},
    "h11": {"api"},
    "httpcore": {"api"},
    "httpcore2": {"api"},
    "httpx": {"api", "verify"},
    "httpx2": {"api"},
    "hypothesis": {"testing", "verify"},
    "jinja2": {"verify", "web"},
    "loguru": {"log", "verify"},
    "psycopg": {"journal"},
    "pydantic_settings": {"settings"},
    "pytest": {"testing", "verify"},
    "rich": {"cli"},
    "sqlalchemy": {"journal", "verify"},
    "starlette": {"sandbox", "verify", "web"},
    "temporalio": {"drivers"},
    "transitions": {"machine"},
    "typer": {"cli"},
    "uvicorn": {"sandbox", "verify", "web"},
}
# A part of a dependency that is imported by its own name.
PART_OF = {"pydantic_core": "pydantic"}


def room_of(module: str) -> str | None:
    """The room of a module's full name; ``onboarding`` for the map of the package, None for an outsider."""
    top, _, rest = module.partition(".")
    if top == "flows":
        return "flows"
    if top != "onboarding":
        return None
    room = rest.partition(".")[0]
    return "cli" if room == "__main__" else room or "onboarding"


def imports(source: str, module: str, *, is_package: bool) -> Iterator[tuple[int, str]]:
    """Every import as a line number and the full name of a module, or of a name in one."""
    package = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            start = ".".join([*above, *([node.module] if node.module else [])])
            # `from onboarding import api` reaches a room, `from onboarding import Flow` the public names.
            names = [alias.name for alias in node.names] if start == "onboarding" else []
            yield from ((node.lineno, f"{start}.{name}" if name in RANK else start) for name in names or [""])


def troubles(source: str, module: str, declared: set[str], *, is_package: bool = False) -> list[str]:
    """What the table forbids in a module, a sentence each."""
    room = room_of(module)
    if room == "onboarding":  # the map: it names every room, and loads each when it is first used
        return []
    if room not in RANK:
        return [f"{module} has no room: give it one, or a line in ORDER"]
    found = []
    for line, name in imports(source, module, is_package=is_package):
        other = room_of(name)
        allowed = may_use(room, name, declared) if other is None else other == room or may_see(room, other)
        if not allowed:
            found.append(f"{module}, line {line}: {room} must not import {name}")
    return found


def may_use(room: str, name: str, declared: set[str]) -> bool:
    """Whether a room may import an outside module."""
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names or room in ("errors", "clock"):
        return top in sys.stdlib_module_names
    return room in OWNED[top] if top in OWNED else PART_OF.get(top, top) in declared


def may_see(room: str, other: str) -> bool:
    """Whether a room may import from another one."""
    if room in ONLY:
        return other in ONLY[room]
    return other in RANK and RANK[other] < RANK[room]


def declared() -> set[str]:
    """What the project depends on, extras included, by the names they are imported by."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
    ]
    return {re.split(r"[^\w.-]", line)[0].lower().replace("-", "_") for line in lines}


def modules() -> list[Path]:
    return sorted(path for package in ("onboarding", "flows") for path in (ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_imports_only_what_its_room_may(path: Path) -> None:
    parts = path.relative_to(ROOT).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    module = ".".join(parts[:-1] if is_package else parts)
    assert troubles(path.read_text(), module, declared(), is_package=is_package) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("onboarding.api.client", "import sqlalchemy"),
        ("onboarding.api.client", "from onboarding.machine import Flow"),
        ("onboarding.api.client", "from ..machine import Flow"),
        ("onboarding.api.client", "from .. import machine"),
        ("onboarding.machine.flow", "from onboarding import engine"),
        ("onboarding.journal.rows", "from onboarding.machine import Flow"),
        ("onboarding.machine.flow", "from onboarding import Flow"),
        ("onboarding.engine.engine", "def late():\n    import httpx"),
        ("onboarding.engine.engine", "from httpx import Client"),
        ("onboarding.engine.engine", "from onboarding.settings import Settings"),
        ("onboarding.engine.engine", "import onboarding.drivers.worker"),
        ("onboarding.engine.engine", "from flows import PasswordReset"),
        ("onboarding.sandbox.app", "from onboarding.api.codes import Meaning"),
        ("onboarding.web.app", "from onboarding.cli import main"),
        ("onboarding.errors", "import pydantic"),
        ("onboarding.clock", "from onboarding.settings import Settings"),
        ("onboarding.journal.rows", "import requests"),
        ("onboarding.attic.trunk", ""),
        ("flows.password_reset", "from onboarding.api import AccountApi"),
        ("flows.password_reset", "from onboarding import api"),
        ("flows.password_reset", "import transitions"),
    ],
)
def test_what_the_table_forbids_is_found(module: str, source: str) -> None:
    assert len(troubles(source, module, declared())) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("onboarding", "from onboarding.cli import main"),
        (
            "onboarding.api.client",
            "import httpx, json\nfrom .codes import Meaning\nfrom ..errors import Refused",
        ),
        (
            "onboarding.engine.engine",
            "from onboarding.journal import Journal\nfrom onboarding.machine import Flow",
        ),
        (
            "onboarding.cli.main",
            "import typer\nfrom onboarding.sandbox import serve\nfrom onboarding.web import app",
        ),
        ("onboarding.__main__", "from onboarding.cli import main"),
        ("onboarding.settings", "import pydantic_settings\nfrom onboarding.machine.fields import Duration"),
        (
            "flows.password_reset",
            "import pydantic\nfrom onboarding import Flow\nfrom flows.evidence import taken",
        ),
    ],
)
def test_what_the_table_allows_is_not_found(module: str, source: str) -> None:
    assert troubles(source, module, declared()) == []
