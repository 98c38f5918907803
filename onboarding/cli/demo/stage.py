"""Where the demo plays: a folder of its own, a sandbox over HTTP, and the process that advances the journeys."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onboarding.sandbox import SandboxServer
    from onboarding.settings import Settings

__all__ = ["Stage"]

_PREFIX = "ONBOARDING_"
_FOLDER = "onboarding-demo-"
_KEPT = 86_400.0
"""Seconds for which the folder of a demo is kept: its closing lines say how to look into it."""
_PATIENCE = 10.0
"""Seconds in which a worker that was asked to stop should have stopped."""
_QUICK = {"cooldown": 0.5, "landing_delay": 1.0, "poll_every": 0.3, "backoff_base": 0.2}
"""Seconds: everything that takes a minute or an hour in earnest."""


class Stage:
    """The folder, the settings, and the worker of one demo.

    Args:
        server: the running sandbox.
    """

    def __init__(self, server: SandboxServer) -> None:
        self._server = server
        _remove_old_folders()
        self.folder = Path(tempfile.mkdtemp(prefix=_FOLDER))
        self.journal = f"sqlite:///{self.folder / 'journal.db'}"
        self.key_file = self.folder / "journal.db.keys"
        self._worker: subprocess.Popen[bytes] | None = None

    def settings(self) -> Settings:
        """The settings of this process; nobody's own settings reach the demo."""
        from onboarding.settings import Settings

        config = self._server.sandbox.config
        quick = {name: timedelta(seconds=value) for name, value in _QUICK.items()}
        with _on_its_own(self.folder):
            return Settings.load(
                base_url=self._server.url, tenant_id=config.tenant_id, api_token=config.token, journal=self.journal,
                key_file=self.key_file, **quick,
            )  # fmt: skip

    def start_worker(self) -> int:
        """Start a worker, a process of its own; its number."""
        command = [sys.executable, "-m", "onboarding.cli.demo.leash"]
        with (self.folder / "worker.log").open("ab") as log:
            # Its folder is the demo's, so that it finds no .env and no onboarding.toml of anybody.
            self._worker = subprocess.Popen(  # noqa: S603 - our own program
                command, cwd=self.folder, env=self._environment(), stdin=subprocess.PIPE, stdout=log, stderr=log
            )
        return self._worker.pid

    def worker_has_ended(self) -> bool:
        """Whether the worker has ended though nobody asked it to."""
        return self._worker is not None and self._worker.poll() is not None

    def kill_worker(self) -> None:
        """End the worker as a power cut would: SIGKILL."""
        if self._worker is not None:
            self._worker.kill()
            self._worker.communicate()
            self._worker = None

    def stop_worker(self) -> None:
        """Ask the worker to end, and see that it does."""
        if self._worker is not None:
            self._worker.terminate()
            try:
                self._worker.communicate(timeout=_PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill_worker()
            self._worker = None

    def command(self, *words: str) -> str:
        """A command line that looks at the demo's journal, ready to paste."""
        line = shlex.join([*_program(), "--journal", self.journal, *words])
        return " ".join([*self._other_keys(), line])

    def _other_keys(self) -> list[str]:
        """What has to stand before a command where the user's own settings would give it other keys."""
        from onboarding.errors import SettingsError
        from onboarding.keys import key_file_of
        from onboarding.settings import Settings

        try:
            theirs = Settings.load(journal=self.journal)
        except SettingsError:
            return []
        found = ["ONBOARDING_KEYS=[]"] if theirs.keys else []
        if key_file_of(theirs) != self.key_file:
            found.append(f"ONBOARDING_KEY_FILE={shlex.quote(str(self.key_file))}")
        return found

    def _environment(self) -> dict[str, str]:
        """The worker's surroundings: this process's, without any setting of this package but the demo's."""
        config = self._server.sandbox.config
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_PREFIX)}
        source = str(Path(__file__).parents[3])
        kept["PYTHONPATH"] = os.pathsep.join([source, *filter(None, [kept.get("PYTHONPATH")])])
        return kept | {
            "ONBOARDING_BASE_URL": self._server.url,
            "ONBOARDING_TENANT_ID": config.tenant_id,
            "ONBOARDING_API_TOKEN": config.token,
            "ONBOARDING_JOURNAL": self.journal,
            "ONBOARDING_KEY_FILE": str(self.key_file),
            **{f"ONBOARDING_{name.upper()}": f"{value}s" for name, value in _QUICK.items()},
        }


def _program() -> list[str]:
    """What to type for this program, in the way in which it was started."""
    if typed := os.environ.get("ONBOARDING_COMMAND"):
        return shlex.split(typed)
    by_path = [sys.executable, "-m", "onboarding"]
    if os.environ.get("UV_RUN_RECURSION_DEPTH"):  # what else is found now, uv has put there for this process alone
        return ["uv", "run", "onboarding"] if shutil.which("uv") else by_path
    found = shutil.which("onboarding")
    ours = found is not None and Path(found).parent == Path(sys.executable).parent
    return ["onboarding"] if ours else by_path


def _remove_old_folders() -> None:
    """Remove what this user's earlier demos have left; the journals of the last day are kept."""
    yesterday = time.time() - _KEPT
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*"):
        with contextlib.suppress(OSError):
            facts = folder.lstat()
            ours = sys.platform == "win32" or facts.st_uid == os.geteuid()
            if stat.S_ISDIR(facts.st_mode) and ours and facts.st_mtime < yesterday:
                shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _on_its_own(folder: Path) -> Iterator[None]:
    """Be for a moment where no setting is: without those of the environment, away from ``.env`` and TOML files."""
    taken = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(_PREFIX)}
    try:
        with contextlib.chdir(folder):
            yield
    finally:
        os.environ.update(taken)
