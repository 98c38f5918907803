"""The scanner and the gathering proven: in each place, a canary is hidden in each form, and must be found."""

from __future__ import annotations

import contextlib
import json
import logging
import pickle
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from loguru import logger

from onboarding.verify.plan import Plan
from onboarding.verify.secrecy.errors import told
from onboarding.verify.secrecy.files import bytes_in, rows_of
from onboarding.verify.secrecy.logs import everything_logged
from onboarding.verify.secrecy.processes import HAS_PROC, Command, run_all
from onboarding.verify.secrecy.scanner import BINARY, FORMS, Scanner, planted

__all__ = ["Control", "controls"]

Contents = Iterator[bytes | str]


@dataclass(frozen=True, slots=True)
class Control:
    """What was hidden in a place, and which of it was found.

    Attributes:
        place: where.
        planted: how much was hidden.
        missed: the forms that were not found.
    """

    place: str
    planted: int
    missed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Leak:
    """Where something leaks, and what can leak there.

    Attributes:
        put: leaks them, and gives what is then gathered in the place.
        binary: whether bytes that are no text can be there.
    """

    put: Callable[[list[bytes], Path], Contents]
    binary: bool = False


def controls(plan: Plan, journal: Path, journey: str) -> Iterator[Control]:
    """Hide and look, place by place.

    Args:
        plan: its seed makes the canaries, its folder takes the copies.
        journal: a journal that may be copied.
        journey: one that it holds.
    """
    for place, leak in _leaks(plan, journal, journey).items():
        rng = plan.rng("secrets", "planted", place)
        forms = [form for form in FORMS if leak.binary or form not in BINARY]
        # A blank, a quotation mark, a letter beyond ASCII and a slash, so that no two forms look alike.
        canaries = {form: f'wren {rng.getrandbits(40):010d}"é/+{rng.getrandbits(40):010x}' for form in forms}
        folder = plan.folder / f"planted {place}"
        folder.mkdir(mode=0o700)
        scanner = Scanner(canaries)
        found = {
            hit.canary
            for content in leak.put([planted(value, form) for form, value in canaries.items()], folder)
            for hit in scanner.scan(content)
        }
        yield Control(place, len(forms), tuple(form for form in forms if form not in found))


def _leaks(plan: Plan, journal: Path, journey: str) -> Mapping[str, _Leak]:
    def with_journal(reading: Callable[[Path], Contents]) -> Callable[[list[bytes], Path], Contents]:
        def put(texts: list[bytes], folder: Path) -> Contents:
            copy = folder / "journal.db"
            copy.touch(mode=0o600)
            copy.write_bytes(journal.read_bytes())
            keys = folder / "journal.db.keys"
            keys.touch(mode=0o600)
            keys.write_bytes(journal.with_name("journal.db.keys").read_bytes())
            with contextlib.closing(sqlite3.connect(copy)) as database:
                database.execute("PRAGMA journal_mode = wal")
                with database:
                    database.execute("CREATE TABLE leak (at INTEGER PRIMARY KEY, value BLOB)")
                    database.executemany("INSERT INTO leak (value) VALUES (?)", [(text,) for text in texts])
                    # A note and a detail are stored as they are.
                    words = " ".join(text.decode("utf-8", "ignore") for text in texts)
                    database.execute("UPDATE transitions SET detail = ? WHERE journey = ?", (words, journey))
                yield from reading(folder)

        return put

    return {
        "the journal's write-ahead log": _Leak(
            with_journal(lambda folder: (content for name, content in bytes_in(folder) if name.endswith("-wal"))),
            binary=True,
        ),
        "the journal's rows": _Leak(
            with_journal(lambda folder: (content for _, content in rows_of(folder / "journal.db"))), binary=True
        ),
        "a file": _Leak(_in_a_file, binary=True),
        "a log of the standard library": _Leak(_in_a_log),
        "a log of this package": _Leak(_in_our_log),
        "standard output": _Leak(_printed),
        "the words of an exception": _Leak(lambda texts, _: _raised(ValueError, texts)),
        "a local of a frame": _Leak(lambda texts, _: _raised(_framed, texts)),
        "the cause of an exception": _Leak(lambda texts, _: _raised(_caused, texts)),
        "a note of an exception": _Leak(lambda texts, _: _raised(_noted, texts)),
        "an attribute of an exception": _Leak(lambda texts, _: _raised(_attributed, texts)),
        "a repr": _Leak(lambda texts, _: (repr(SimpleNamespace(text=text.decode())) for text in texts)),
        "a pickle": _Leak(lambda texts, _: (pickle.dumps({"text": text}) for text in texts), binary=True),
        "a JSON document": _Leak(
            lambda texts, _: (json.dumps({"text": json.dumps([text.decode()])}) for text in texts)
        ),
        "the command line's output": _Leak(with_journal(lambda folder: _shown(plan, folder, journey))),
        **(
            {"the list of processes": _Leak(_as_arguments), "an environment": _Leak(_as_environment)}
            if HAS_PROC
            else {}
        ),
    }


def _in_a_file(texts: list[bytes], folder: Path) -> Contents:
    (folder / "left.tmp").write_bytes(b"\0".join(texts))
    yield from (content for _, content in bytes_in(folder))


def _in_a_log(texts: list[bytes], _: Path) -> Contents:
    with everything_logged() as logs:
        for text in texts:
            logging.getLogger("httpx").debug("sending %s", text.decode())
            logging.getLogger("sqlalchemy.engine.Engine").info("[generated] %r", (text,))
    yield logs.getvalue()


def _in_our_log(texts: list[bytes], _: Path) -> Contents:
    with everything_logged() as logs:
        for text in texts:
            logger.bind(value=text.decode()).trace("it began")
    yield logs.getvalue()


def _printed(texts: list[bytes], _: Path) -> Contents:
    with everything_logged() as logs:
        for text in texts:
            sys.stderr.write(text.decode())
    yield logs.getvalue()


def _raised(make: Callable[[str], BaseException], texts: list[bytes]) -> Contents:
    for text in texts:
        error = make(text.decode())
        with contextlib.suppress(type(error)):
            raise error
        yield told(error)


def _framed(text: str) -> BaseException:
    """An error from a frame that is not the verifier's, and that holds a value."""
    scope: dict[str, Any] = {}
    exec(compile("def fail(value):\n    raise LookupError('no')", "<elsewhere>", "exec"), scope)  # noqa: S102 - a constant
    try:
        scope["fail"](text)
    except LookupError as error:
        return error
    raise AssertionError


def _caused(text: str) -> BaseException:
    error = RuntimeError("it failed")
    error.__cause__ = ValueError("why")
    error.__cause__.__context__ = KeyError(text)
    return error


def _noted(text: str) -> BaseException:
    error = RuntimeError("it failed")
    error.add_note(f"while {text}")
    return error


def _attributed(text: str) -> BaseException:
    error = RuntimeError("it failed")
    error.value = text  # type: ignore[attr-defined]
    return error


def _shown(plan: Plan, folder: Path, journey: str) -> Contents:
    environment = {"ONBOARDING_JOURNAL": f"sqlite:///{folder / 'journal.db'}"}
    commands = [
        Command(arguments=arguments, folder=folder / f"run {number}", environment=environment)
        for number, arguments in enumerate([("show", journey), ("show", journey, "--json")])
    ]
    yield from (ran.told for ran in run_all(commands, plan.jobs))


_IDLE = (sys.executable, "-c", "import sys; sys.stdin.read()")


def _as_arguments(texts: list[bytes], folder: Path) -> Contents:
    words = tuple(text.decode() for text in texts)
    for ran in run_all([Command(arguments=words, folder=folder, environment={}, program=_IDLE)], 1):
        yield ran.arguments


def _as_environment(texts: list[bytes], folder: Path) -> Contents:
    named = {f"ONBOARDING_PLANTED_{number}": text.decode() for number, text in enumerate(texts)}
    for ran in run_all([Command(arguments=(), folder=folder, environment=named, program=_IDLE)], 1):
        yield ran.environment
