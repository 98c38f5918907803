"""The parts of the pages that are made from the code: ``python tests/docs/generated_parts.py`` renews them.

A part stands between ``<!-- begin NAME -->`` and ``<!-- end NAME -->``, a copy of a file below
``<!-- run: file PATH -->``.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from object_tables import (
    argument_table,
    attribute_table,
    call_of,
    code_of,
    member_table,
    methods,
    said_below,
    sentence,
    table,
    typed_method_table,
)

from onboarding import archiving, audit, errors, forgetting
from onboarding.api import ENDPOINTS, AccountApi, choices, models
from onboarding.api.account import AccountInfo
from onboarding.api.codes import RESULT_CODES
from onboarding.engine import Event, Journey, Outcome, Parked, ParkKind
from onboarding.journal import TransitionRecord
from onboarding.machine import Registry, draw, graph_of
from onboarding.sandbox import SandboxConfig, SandboxDesk, faults, ledger, mailbox
from onboarding.sandbox.desk import _ROUTES
from onboarding.service import JourneyPage, Onboarding

__all__ = ["PAGES", "ROOT", "images", "renewed", "rooms_left_out"]

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

_PART = re.compile(r"(<!-- begin (?P<name>[\w -]+?) -->\n).*?(<!-- end (?P=name) -->)", re.DOTALL)
_COPY = re.compile(r"(<!-- run: file (?P<path>\S+) -->\n```python\n).*?(^```$)", re.DOTALL | re.MULTILINE)
_ROOMS = (
    "errors.py", "clock.py", "__init__.py", "log.py", "api", "machine", "journal", "engine", "drivers",
    "toml_file.py", "settings.py", "answers.py", "archiving.py", "audit.py", "changes.py", "connect.py",
    "forgetting.py", "frames.py", "keys.py", "leaving.py", "starting.py", "service", "blocking.py", "sandbox",
    "testing", "verify", "cli", "__main__.py",
)  # fmt: skip


def renewed(page: str) -> str:
    """A page with its parts as the code has them now."""
    page = _PART.sub(lambda found: f"{found[1]}\n{_MAKERS[found['name']]()}\n{found[3]}", page)
    return _COPY.sub(lambda found: f"{found[1]}{(ROOT / found['path']).read_text('utf-8')}{found[3]}", page)


def error_tree() -> str:
    """The tree that the errors' docstring draws."""
    drawn = (errors.__doc__ or "").partition("::\n")[2].partition("\n\nNo message")[0]
    return f"```text\n{textwrap.dedent(drawn).strip()}\n```\n"


def error_table() -> str:
    """Every error, its base and its sentence."""
    found = [getattr(errors, name) for name in errors.__all__]
    found.sort(key=lambda each: [base.__name__ for base in reversed(each.__mro__)])
    rows = ((f"`{each.__name__}`", f"`{each.__bases__[0].__name__}`", sentence(each)) for each in found)
    return table(("error", "is a", "what it says"), rows)


def endpoint_table() -> str:
    """Every endpoint, its address and its effect."""

    def rows() -> Iterator[tuple[str, ...]]:
        for name, endpoint in ENDPOINTS.items():
            query = f"?{'&'.join(endpoint.query)}" if endpoint.query else ""
            yield endpoint.section, f"`{name}`", f"`{endpoint.method} {endpoint.path}{query}`", endpoint.effect.value

    return table(("contract", "method", "request", "effect"), rows())


def method_table(cls: type[Any]) -> str:
    """The public methods of a class, each with its sentence."""

    def rows() -> Iterator[tuple[str, ...]]:
        for name, method in methods(cls):
            yield f"`{call_of(name, method)}`", sentence(method)

    return table(("method", "what it does"), rows())


def code_table() -> str:
    """Every known result code, its meaning, and where it is believed."""

    def rows() -> Iterator[tuple[str, ...]]:
        for code, known in RESULT_CODES.items():
            sections = sorted(known.sections, key=lambda section: [int(part) for part in section.split(".")])
            everywhere = set(sections) == {endpoint.section for endpoint in ENDPOINTS.values()}
            yield f"`{code}`", f"`{known.meaning}`", known.meaning.text, "all" if everywhere else ", ".join(sections)

    return table(("code", "meaning", "in words", "believed at"), rows())


def route_table() -> str:
    """Every address of the sandbox's desk."""
    return table(("request", "what it does"), ((f"`{each.method} {each.path}`", each.does) for each in _ROUTES))


def fault_table() -> str:
    """What can go wrong in the sandbox, as its module's docstring has it."""

    def rows() -> Iterator[tuple[str, ...]]:
        lines = (faults.__doc__ or "").splitlines()
        rules = [number for number, line in enumerate(lines) if line.startswith("====")]
        starts = [match.start() for match in re.finditer("=+", lines[rules[0]])]
        for line in lines[rules[1] + 1 : rules[2]]:
            cells = [line[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)]
            yield tuple(code_of(cell) for cell in cells)

    return table(("kind", "what the client sees", "what happens in the sandbox"), rows())


def park_table() -> str:
    """Why a journey may be parked."""
    said = said_below(ParkKind)
    return table(("kind", "why"), ((f"`{kind}`", said[kind.name]) for kind in ParkKind))


def effect_list() -> str:
    """The effects that the sandbox's ledger knows."""
    return ", ".join(f"`{effect}`" for effect in ledger.Effect) + ".\n"


def file_tables() -> str:
    """Every file of the package, room by room, with the first sentence of its docstring."""
    parts = []
    for room in _ROOMS:
        place = ROOT / "onboarding" / room
        files = [place] if place.is_file() else sorted(place.rglob("*.py"))
        parts += [(file.relative_to(ROOT / "onboarding").as_posix(), _title(file)) for file in files]
    return table(("file", "what it is"), ((f"`{name}`", title) for name, title in parts if title))


def _title(file: Path) -> str:
    return code_of((ast.get_docstring(ast.parse(file.read_text("utf-8"))) or "").partition("\n\n")[0])


def rooms_left_out() -> set[str]:
    """What stands in the package and in no room of the list: a test wants it empty."""
    there = {each.name for each in (ROOT / "onboarding").iterdir() if each.name not in ("__pycache__", "py.typed")}
    return there - set(_ROOMS)


_SHOWN: tuple[type[Any], ...] = (
    Journey, TransitionRecord, Outcome, Parked, Event, JourneyPage, audit.Audit, audit.AuditFinding,
    forgetting.Forgotten, archiving.Archived, models.Login, models.User, models.UserPage, models.UserDetail,
    models.TradingAccount, models.Task, AccountInfo, ledger.LedgerEntry, ledger.RequestEntry, mailbox.Message,
)  # fmt: skip
"""Classes whose attributes are a part of that name."""
_MAKERS: dict[str, Callable[[], str]] = {
    "error tree": error_tree,
    "errors": error_table,
    "endpoints": endpoint_table,
    "api methods": lambda: typed_method_table(AccountApi),
    "api choices": lambda: member_table(choices.CodePurpose, choices.UserField, choices.TaskType, choices.TaskVerdict),
    "desk methods": lambda: method_table(SandboxDesk),
    "desk results": lambda: typed_method_table(SandboxDesk),
    "onboarding methods": lambda: typed_method_table(Onboarding),
    "onboarding arguments": lambda: argument_table(Onboarding),
    "sandbox arguments": lambda: argument_table(SandboxConfig),
    "fault arguments": lambda: argument_table(faults.FaultRule),
    **{cls.__name__: partial(attribute_table, cls) for cls in _SHOWN},
    "result codes": code_table,
    "routes": route_table,
    "faults": fault_table,
    "effects": effect_list,
    "parked": park_table,
    "files": file_tables,
}


def images() -> Iterator[tuple[Path, str]]:
    """Every picture, and the Mermaid text that it is made from."""
    for text in sorted((ROOT / "docs" / "images").glob("*.mmd")):
        yield text.with_suffix(".svg"), text.read_text("utf-8")
    registry = Registry()
    for picture in sorted((ROOT / "docs" / "images").glob("*.svg")):
        if picture.stem in registry:
            yield picture, draw(graph_of(registry[picture.stem].definition))


def main() -> None:
    """Renew every page and picture."""
    import mermaidx

    for page in PAGES:
        before = page.read_text("utf-8")
        if (after := renewed(before)) != before:
            page.write_text(after, "utf-8")
            print(f"renewed {page.relative_to(ROOT)}")
    for picture, text in images():
        picture.write_text(str(mermaidx.render(text).svg()), "utf-8")


if __name__ == "__main__":
    main()
