"""A PostgreSQL server, and a pooler before it, for tests: on free ports of this machine, gone when they end."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

import psycopg

USER = "onboarding"
_UNPRIVILEGED = ("postgres", "nobody")


class MissingProgram(Exception):
    """A program that the tests need is not installed."""


def program(name: str, *, tried: bool = False) -> str:
    """Where a program of PostgreSQL's is; where it is missing and can be installed, it is."""
    places = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        places.insert(
            0, subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=True).stdout.strip()
        )
    found = next((path for place in places if (path := shutil.which(name, path=place))), None) or shutil.which(name)
    if found is None and not tried and _installed():
        return program(name, tried=True)
    if found is None:
        raise MissingProgram(f"{name} is not there: apt-get install postgresql pgbouncer")
    return found


@cache
def _installed() -> bool:
    """Install what is missing, once, where this is Debian and we are root; whether that was tried."""
    if os.getuid() or not shutil.which("apt-get"):
        return False
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "-y", "--no-install-recommends", "postgresql", "pgbouncer"]):
        subprocess.run(["apt-get", "-qq", *words], env=quiet, stdout=subprocess.DEVNULL, check=False)
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _as_somebody() -> dict[str, Any]:
    """The server refuses to run as root: then it runs as somebody who may do nothing else."""
    if os.getuid() != 0:
        return {}
    for name in _UNPRIVILEGED:
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    raise MissingProgram("there is no unprivileged user to run the server as")


def private_folder(prefix: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    if os.getuid() == 0:
        who = _as_somebody()
        os.chown(folder, who["user"], who["group"])
    return folder


class Server:
    """A server of our own."""

    def __init__(self, *, fsync: bool = False) -> None:
        self.folder = private_folder("onboarding-pg-")
        self.port = free_port()
        self._data = self.folder / "data"
        self._run(
            "initdb", "-D", str(self._data), "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"
        )
        with (self._data / "postgresql.conf").open("a") as settings:
            settings.write(
                f"listen_addresses = '127.0.0.1'\nport = {self.port}\nunix_socket_directories = ''\n"
                f"fsync = {'on' if fsync else 'off'}\nmax_connections = 100\n"
            )

    def start(self) -> None:
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", str(self.folder / "log"), "start")

    def stop(self, how: str = "immediate") -> None:
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", how, "stop")

    def is_up(self) -> bool:
        return (self._data / "postmaster.pid").exists()

    def restart(self, how: str = "immediate") -> None:
        self.stop(how)
        self.start()

    def remove(self) -> None:
        with contextlib.suppress(subprocess.CalledProcessError):
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def copied(self) -> Path:
        """All files of the server, which is stopped for that."""
        self.stop("fast")
        copy = self.folder / "copy"
        self._copy(self._data, copy)
        self.start()
        return copy

    def set_back(self, copy: Path | None = None) -> None:
        """Recover the server to what its log holds, or that of a copy of its files: a timeline of its own begins."""
        self.stop("fast")
        if copy is not None:
            shutil.rmtree(self._data)
            self._copy(copy, self._data)
        with (self._data / "postgresql.conf").open("a") as settings:
            settings.write("restore_command = 'false'\n")
        self._run("touch", str(self._data / "recovery.signal"))
        self.start()

    def changes(self) -> list[Path]:
        """The files of its log of changes."""
        return [file for file in (self._data / "pg_wal").iterdir() if file.is_file()]

    def dumped(self, database: str, *options: str) -> Path:
        """What ``pg_dump`` makes of a database."""
        dump = self.folder / "dump"
        self._run("pg_dump", "-Fc", *options, "-f", str(dump), self.url(database))
        return dump

    def restore(self, dump: Path, database: str, *options: str) -> None:
        """Have ``pg_restore`` put it into a database that is there."""
        self._run("pg_restore", "--exit-on-error", *options, "-d", self.url(database), str(dump))

    def _copy(self, source: Path, target: Path) -> None:
        self._run("cp", "-a", str(source), str(target))

    def url(self, database: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def database(self, name: str) -> str:
        """A new, empty database: its URL."""
        self.sql(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def sql(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            found = connection.execute(statement)  # type: ignore[call-overload]
            return found.fetchall() if found.description else []

    def _run(self, name: str, *arguments: str) -> None:
        subprocess.run(
            [program(name), *arguments], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, cwd=self.folder, timeout=60, **_as_somebody(),
        )  # fmt: skip


class Pooler:
    """pgbouncer in transaction mode before a server."""

    def __init__(self, server: Server) -> None:
        self.folder = private_folder("onboarding-pooler-")
        self.port = free_port()
        self._server = server
        (self.folder / "users").write_text(f'"{USER}" ""\n')
        (self.folder / "ini").write_text(
            f"[databases]\n* = host=127.0.0.1 port={server.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
            f"listen_port = {self.port}\nauth_type = any\npool_mode = transaction\nunix_socket_dir =\n"
            f"default_pool_size = 3\nlogfile = {self.folder}/log\n* = \n".replace("* = \n", "").replace(
                "[databases]\n* =", f"[databases]\n* = user={USER}"
            )
        )
        for file in self.folder.iterdir():
            file.chmod(0o644)
        self._process = subprocess.Popen(
            [program("pgbouncer"), str(self.folder / "ini")], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, cwd=self.folder, **_as_somebody(),
        )  # fmt: skip
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        raise MissingProgram(f"pgbouncer did not start: {(self.folder / 'log').read_text()[-500:]}")

    def url(self, database: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def remove(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)
