"""A PostgreSQL server of the benchmark's own: as it comes (every commit is synced), in a folder that goes away.

Its programs are looked for in PATH and where Debian keeps them. It listens on a free loopback port and lets anybody on
this machine in: it holds nothing but the benchmark's made-up people. It never runs as root.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["NotThere", "Postgres", "free_port", "postgres"]

_PATIENCE = 60


class NotThere(Exception):
    """A service cannot be had on this machine; the text says why."""


@dataclass(frozen=True, slots=True)
class Postgres:
    """A server that runs.

    Attributes:
        port: on the loopback interface.
        version: as it says itself.
    """

    port: int
    version: str

    def fresh(self, name: str) -> str:
        """The URL of a new, empty database."""
        self._run("postgres", f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self._run("postgres", f'CREATE DATABASE "{name}"')
        return self._url(name)

    def drop(self, name: str) -> None:
        """Take a database away, whoever is still in it; and leave no checkpoint of it to the next one's account."""
        self._run("postgres", f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self._run("postgres", "CHECKPOINT")

    def _url(self, name: str) -> str:
        return f"postgresql://benchmark@127.0.0.1:{self.port}/{name}"

    def _run(self, database: str, statement: str) -> None:
        argv = [_program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self._url(database), "-c", statement]
        subprocess.run(argv, check=True, capture_output=True, timeout=_PATIENCE)


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server that runs while the context does.

    Raises:
        NotThere: PostgreSQL is not installed, or does not start.
    """
    server, version = _program("postgres"), ""
    version = subprocess.run([server, "--version"], check=True, capture_output=True, text=True).stdout.split()[2]
    user = _somebody()
    # On a disk, where a sync costs what it costs: /tmp may be memory.
    folder = Path(tempfile.mkdtemp(prefix="onboarding-benchmark-", dir="/var/tmp"))
    try:
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        port = free_port()
        _quietly([_program("initdb"), "--auth=trust", "--username=benchmark", "--encoding=UTF8", "--locale=C",
                  "--pgdata", str(folder / "data")], user)  # fmt: skip
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
        control = [_program("pg_ctl"), "--pgdata", str(folder / "data")]
        _quietly([*control, "--wait", "--log", str(folder / "log"), "--options", options, "start"], user)
        try:
            yield Postgres(port, version)
        finally:
            _quietly([*control, "--wait", "--mode", "immediate", "stop"], user)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _program(name: str) -> str:
    """Where a program of PostgreSQL is; the newest version that has it."""
    there = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[4]))
    found = str(there[-1]) if there else shutil.which(name)
    if found is None:
        raise NotThere(f"PostgreSQL is not installed ({name} is missing; Debian: apt install postgresql)")
    return found


def _somebody() -> pwd.struct_passwd | None:
    """Who runs the server, where we are root: it refuses to be run by root."""
    if os.geteuid():
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NotThere("PostgreSQL does not run as root, and there is no user postgres or nobody")


def _quietly(argv: list[str], user: pwd.struct_passwd | None) -> None:
    who: dict[str, Any] = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    # pg_ctl's child keeps our pipes: its words go to its log, ours to a file that nobody waits for.
    with tempfile.TemporaryFile() as words:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=words, stderr=subprocess.STDOUT, cwd="/",
                              timeout=_PATIENCE, check=False, **who)  # fmt: skip
        words.seek(0)
        if done.returncode:
            lines = words.read().decode(errors="replace").strip().splitlines()
            raise NotThere(f"PostgreSQL does not start: {lines[-1] if lines else argv[0]}")
