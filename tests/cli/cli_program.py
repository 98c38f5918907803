"""The real program in a process of its own, in a folder and with settings that are a test's alone."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from onboarding.journal import open_journal

_PROGRAM = (sys.executable, "-m", "onboarding")
_PATIENCE = 30.0
_MADE = re.compile(r"^onboarding: made a new journal at [^\n]*\n", re.MULTILINE)
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True)
class Ended:
    """A program that has ended; ``err`` is without the notice of a new journal, which stands in ``all_err``."""

    code: int
    out: str
    all_err: str

    @property
    def err(self) -> str:
        """Standard error."""
        return _MADE.sub("", self.all_err)

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document that it must be."""
        return json.loads(self.out)

    @property
    def sentence(self) -> str:
        """Standard error as the one sentence that it must be."""
        assert self.err.count("\n") == 1, self.err
        assert self.err.startswith("onboarding: "), self.err
        return self.err.removeprefix("onboarding: ").strip()


class Program:
    """Runs the command line.

    Args:
        folder: its working directory, with its journal.
        settings: ``ONBOARDING_…`` without the prefix, in small letters.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.columns = 120
        self.settings = {"journal": f"sqlite:///{folder / 'journal.db'}", **settings}

    def make_journal(self) -> None:
        """Make the journal, empty."""

        async def make() -> None:
            journal = open_journal(self.settings["journal"])
            await journal.open()
            await journal.close()

        asyncio.run(make())

    def environment(self, **settings: str | None) -> dict[str, str]:
        """What surrounds it: nothing of the developer's settings."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ONBOARDING_")}
        given = {name: value for name, value in {**self.settings, **settings}.items() if value is not None}
        plain = {"TERM": "xterm", "COLUMNS": str(self.columns), "PYTHONWARNINGS": "error"}
        return kept | plain | {f"ONBOARDING_{name.upper()}": value for name, value in given.items()}

    def start(self, *arguments: str, **settings: str | None) -> subprocess.Popen[str]:
        """Start it, and do not wait for it."""
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [*_PROGRAM, *arguments], cwd=self.folder, env=self.environment(**settings), stdin=pipe, stdout=pipe,
            stderr=pipe, text=True,
        )  # fmt: skip

    def __call__(self, *arguments: str, hand_in: Any = None, **settings: str | None) -> Ended:
        """Run it to its end; ``hand_in`` is what standard input holds, as JSON unless it is a text."""
        text = hand_in if isinstance(hand_in, str) else "" if hand_in is None else json.dumps(hand_in)
        program = self.start(*arguments, **settings)
        out, err = program.communicate(text, timeout=_PATIENCE)
        assert "Traceback" not in err
        return Ended(program.returncode, out, err)

    def here(self, *arguments: str, hand_in: Any = None, **settings: str | None) -> Ended:
        """The same in this process, which saves the half second that a process takes to start."""
        from onboarding.cli.failure import run

        text = hand_in if isinstance(hand_in, str) else "" if hand_in is None else json.dumps(hand_in)
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, self.environment(**settings), clear=True),
            mock.patch.object(sys, "stdin", io.StringIO(text)),
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = run(list(arguments))
        return Ended(code, out.getvalue(), err.getvalue())

    def in_terminal(self, *arguments: str, **settings: str | None) -> Terminal:
        """Run it in a terminal of its own."""
        return Terminal([*_PROGRAM, *arguments], self.folder, self.environment(**settings))


class Terminal:
    """A program in a pseudo-terminal: what it shows, and what is typed."""

    def __init__(self, argv: list[str], folder: Path, environment: dict[str, str]) -> None:
        self._pid, self._descriptor = pty.fork()
        if self._pid == 0:
            os.chdir(folder)
            os.execvpe(argv[0], argv, environment)
        self.shown = ""
        self._read_up_to = 0

    def until(self, words: str) -> str:
        """Wait until it shows something new; everything up to there."""
        deadline = time.monotonic() + _PATIENCE
        while (found := self.shown.find(words, self._read_up_to)) < 0:
            assert time.monotonic() < deadline, self.shown
            assert self._read(0.2), f"it ended without {words!r}: {self.shown}"
        self._read_up_to = found + len(words)
        return self.shown

    def type(self, text: str) -> None:
        """Type a line."""
        os.write(self._descriptor, f"{text}\r".encode())

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        os.write(self._descriptor, b"\x03")

    def end(self) -> int:
        """Wait until it has ended; its exit code."""
        deadline = time.monotonic() + _PATIENCE
        while self._read(0.2):
            if time.monotonic() > deadline:
                os.kill(self._pid, signal.SIGKILL)
        _, status = os.waitpid(self._pid, 0)
        os.close(self._descriptor)
        return os.waitstatus_to_exitcode(status)

    def _read(self, patience: float) -> bool:
        """Take in what it shows; False when it has ended."""
        if not select.select([self._descriptor], [], [], patience)[0]:
            return True
        try:
            read = os.read(self._descriptor, 65536)
        except OSError:  # how Linux says that nobody holds the other side any more
            return False
        self.shown += _CONTROL.sub("", read.decode(errors="replace"))
        return bool(read)
