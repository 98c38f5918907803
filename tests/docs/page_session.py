"""One reader who works through a page: everything runs in one folder, with one shell's variables."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from fenced_blocks import Block, blocks, normal
from terminal import converse

from onboarding.sandbox import SandboxDesk

__all__ = ["ROOT", "PageSession"]

ROOT = Path(__file__).parents[2]
_PORT = "8090"
_TIMEOUT = 30


class PageSession:
    """Runs the blocks of a page, in order.

    Args:
        folder: an empty folder; the examples are laid into it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._behind: list[subprocess.Popen[bytes]] = []
        self._variables = folder / ".variables"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = str(free.getsockname()[1])
        shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("__pycache__"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._behind:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(_TIMEOUT)

    def check_all(self, page: Path) -> None:
        """Run every block of a page but those of which it says why they are not run."""
        for block in blocks(page):
            if not block.skipped:
                self.check(block)

    def check(self, block: Block) -> None:
        """Run a block, and compare its exit code and its output with what the page says."""
        how, _, rest = block.run.partition(" ")
        text = block.text.replace(_PORT, self._port)
        if how == "background":
            self._start(text)
            return
        if how == "file":
            assert block.text == (ROOT / rest).read_text("utf-8"), f"line {block.line} is not what {rest} holds"
            return
        if block.language == "console":
            code, said = self._converse(text, rest.split() if how == "typed" else [])
        else:
            code, said = self._run(text, block.language)
        wanted = int(rest) if how == "exit" else 0
        assert code == wanted, f"line {block.line} ends with {code}, not {wanted}: {said}"
        if block.output is not None:
            shown, written = normal(said.replace(self._port, _PORT)), normal(block.output)
            assert shown == written, f"line {block.line} prints: {said}"

    @property
    def _environment(self) -> dict[str, str]:
        programs = str(Path(sys.executable).parent)
        return {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "120"}

    def _script(self, text: str) -> str:
        """The text in a shell that knows the variables of the blocks before, and keeps its own for those after."""
        kept = f"'{self._variables}'"
        return f"[ -f {kept} ] && . {kept}\nset -a\n{text}\nended=$?\nexport -p > {kept}\nexit $ended\n"

    def _run(self, text: str, language: str) -> tuple[int, str]:
        if language == "python":
            script = self._folder / "snippet.py"
            script.write_text(text, "utf-8")
            text = "python snippet.py"
        done = subprocess.run(
            ["bash", "-c", self._script(text)], cwd=self._folder, env=self._environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=_TIMEOUT, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout.decode()

    def _converse(self, text: str, typed: list[str]) -> tuple[int, str]:
        before = self._newest() if "{code}" in typed else 0
        answers = [lambda word=word: self._code(before) if word == "{code}" else word for word in typed]
        return converse(self._script(text), answers, environment=self._environment, folder=self._folder)

    def _start(self, text: str) -> None:
        """Start a program that goes on running, and wait until it says something."""
        log = self._folder / "background.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {text}"], cwd=self._folder, env=self._environment, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip
        self._behind.append(process)
        deadline = time.monotonic() + _TIMEOUT
        while not re.search(rb"\S\n", log.read_bytes()):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, "it says nothing"
            time.sleep(0.05)

    @property
    def _desk(self) -> SandboxDesk:
        return SandboxDesk(f"http://127.0.0.1:{self._port}")

    def _newest(self) -> int:
        return max((message.n for message in self._desk.messages()), default=0)

    def _code(self, after: int) -> str:
        """The code of the newest message, as the reader would see it on a mobile."""
        deadline = time.monotonic() + _TIMEOUT
        while not (fresh := [message for message in self._desk.messages() if message.n > after]):
            assert time.monotonic() < deadline, "no code came"
            time.sleep(0.02)
        return fresh[-1].code
