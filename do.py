#!/usr/bin/env python3
"""Run anything of this project with nothing but Python: ``python3 do.py`` lists what there is.

The first run builds ``.venv`` from ``requirements.lock``; the later ones start at once. This file stands on
the standard library alone, and older Pythons can read its syntax, so that it can tell them what is missing.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - the one line that is for those
    sys.exit(f"do.py: needs Python 3.11 or newer, and this is {sys.version.split()[0]}: try `python3.11 do.py`.")

import contextlib
import hashlib
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sysconfig
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "do-stamp.json"
LAST_LINES = 8


class Problem(Exception):
    """What stops us, in a sentence for the person who ran this."""


class Command(NamedTuple):
    """Programs of the environment, run one after the other."""

    about: str
    programs: tuple[tuple[str, ...], ...]
    at_root: bool = True


ON_POSTGRES = ("tests/engine", "tests/journal/postgres")
COMMANDS = {
    "demo": Command("see journeys run, against a sandbox on this machine", (("onboarding", "demo"),), at_root=False),
    "run": Command("any command of onboarding: try `do.py run --help`", (("onboarding",),), at_root=False),
    "test": Command("the tests; arguments go to pytest", (("pytest",),)),
    "lint": Command("the style: ruff's rules and its format", (("ruff", "check"), ("ruff", "format", "--check"))),
    "types": Command("the types; arguments go to mypy", (("mypy",),)),
    "docs": Command("the documentation, built strictly into site/", (("zensical", "build", "--strict"),)),
    "verify": Command("the verifier, quick; --full for everything", (("onboarding", "verify"),)),
    "bench": Command("the benchmark, side by side with others; try --quick", (("python", "-m", "benchmarks"),)),
    "thorough": Command("the long tests: of the verifier, of all snippets' types", (("pytest", "-m", "thorough"),)),
    "postgres": Command("the tests on PostgreSQL", (("pytest", "-m", "postgres", *ON_POSTGRES),)),
    "temporal": Command("the tests on a Temporal server", (("pytest", "-m", "temporal", "tests/drivers/temporal"),)),
}
# In this order, so that the tests' closing line stands near the end.
CHECKS = ("lint", "types", "docs", "verify", "thorough", "postgres", "temporal", "test")
OTHERS = {
    "check": f"all that has to pass: {', '.join(CHECKS)}",
    "setup": "only build or renew .venv",
    "lock": "renew requirements.lock: the newest versions that pyproject.toml allows",
}
LOCK_HEADER = """\
# Made by `python3 do.py lock` from pyproject.toml, with every extra and the development tools: what do.py
# installs, file by file. It binds nobody else: the ranges in pyproject.toml are what the package asks for.
"""


def main(arguments: list[str]) -> int:
    """Do what the command line says.

    Returns:
        The exit code: the command's own, 1 where set-up failed, 2 for a command that there is not.
    """
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(usage())
        return 0
    name, rest = arguments[0], arguments[1:]
    try:
        return do(name, rest)
    except Problem as problem:
        print(f"do.py: {problem}", file=sys.stderr)
        return 2 if isinstance(problem, Misused) else 1
    except KeyboardInterrupt:
        print("do.py: interrupted", file=sys.stderr)
        return 130


class Misused(Problem):
    """The command line asks for something that there is not."""


def usage() -> str:
    """The commands, a line each."""
    lines = {**{name: command.about for name, command in COMMANDS.items()}, **OTHERS}
    return "\n".join(
        [
            "usage: python3 do.py COMMAND [ARGUMENTS]",
            "",
            *(f"  {name:8}  {about}" for name, about in lines.items()),
            "",
            "The first run builds .venv from requirements.lock; only that run needs a package index.",
        ]
    )


def do(name: str, rest: list[str]) -> int:
    """Run one command, after the set-up that it needs."""
    if name not in COMMANDS and name not in OTHERS:
        known = ", ".join([*COMMANDS, *OTHERS])
        raise Misused(f"there is no command {name!r}, but there are {known}.")
    if rest and (name in OTHERS or len(COMMANDS[name].programs) > 1):
        raise Misused(f"{name} takes no arguments.")
    if name == "lock":
        renew_lock()
        return 0
    set_up()
    if name == "run" and rest[:1] == ["onboarding"]:  # as somebody may write who has read its commands elsewhere
        del rest[0]
    if name == "check":
        return check()
    return 0 if name == "setup" else perform(COMMANDS[name], rest)


# ---- running what is set up


def perform(command: Command, rest: list[str]) -> int:
    """Run a command's programs; on POSIX a single one takes our place, with its signals and its terminal."""
    if os.name == "posix" and len(command.programs) == 1:
        argv = program(command.programs[0], rest)
        if command.at_root:
            os.chdir(ROOT)
        sys.stdout.flush()
        os.execve(argv[0], argv, environment())  # noqa: S606 - no shell is what we want
    return next((code for code in [run(command, argv, rest) for argv in command.programs] if code), 0)


def run(command: Command, argv: tuple[str, ...], rest: list[str]) -> int:
    """Run one program to its end and return its exit code, 128 + n where signal n ended it."""
    where = ROOT if command.at_root else None
    code = subprocess.run(program(argv, rest), cwd=where, env=environment(), check=False).returncode
    return 128 - code if code < 0 else code


def check() -> int:
    """Run every part of CHECKS, whatever became of those before, and say which failed."""
    failed = []
    for name in CHECKS:
        print(f"\n== {name}: {COMMANDS[name].about}", flush=True)
        codes = [run(COMMANDS[name], argv, []) for argv in COMMANDS[name].programs]
        failed += [name] if any(codes) else []
    print(f"\ncheck: failed: {', '.join(failed)}" if failed else f"\ncheck: all is well: {', '.join(CHECKS)}")
    return 1 if failed else 0


def program(argv: tuple[str, ...], rest: list[str]) -> list[str]:
    """A program of ``.venv`` with its arguments."""
    return [str(script(VENV, argv[0])), *argv[1:], *rest]


def script(venv: Path, name: str) -> Path:
    """Where a virtual environment keeps the program ``name``."""
    return venv / "Scripts" / f"{name}.exe" if os.name == "nt" else venv / "bin" / name


def environment() -> dict[str, str]:
    """Our environment variables with ``.venv`` activated, for what the program starts in turn."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONHOME"}
    variables["VIRTUAL_ENV"] = str(VENV)
    # What to type for a command of onboarding, for what prints one.
    variables["ONBOARDING_COMMAND"] = shlex.join([interpreter(), sys.argv[0], "run"])
    variables["PATH"] = os.pathsep.join([str(script(VENV, "x").parent), variables.get("PATH", os.defpath)])
    return variables


def interpreter() -> str:
    """What to type for this Python: ``python3`` where that is it."""
    usual = shutil.which("python3")
    return "python3" if usual and os.path.realpath(usual) == os.path.realpath(sys.executable) else sys.executable


# ---- set-up


def set_up() -> None:
    """Make ``.venv`` hold what is locked. Costs a few milliseconds where it already does.

    Raises:
        Problem: it could not be made; what there is of it is made anew by the next run.
    """
    if not LOCK.exists():
        raise Problem(f"{LOCK.name} is missing from {ROOT}: get it back from version control, or run `do.py lock`.")
    if ready():
        return
    try:
        with alone() as held:
            if not ready():  # while we waited, another run may have done it
                build(held)
    except OSError as error:
        raise Problem(f"cannot write in {ROOT}: {error.strerror or error}.") from error


def ready() -> bool:
    """Whether ``.venv`` is complete, for this place, this Python, this lock file and this pyproject.toml."""
    stamp = read_stamp()
    return intact(stamp) and stamp.get("content") == content()


def read_stamp() -> dict[str, object]:
    """What the last set-up that came to its end wrote; empty where there is none."""
    try:
        stamp = json.loads(STAMP.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def intact(stamp: dict[str, object]) -> bool:
    """Whether what the stamp tells of still stands: its Python, its place, and all that had been installed.

    Another tool (such as ``uv sync``) may have put other versions into the same folder.
    """
    installed = stamp.get("installed")
    if stamp.get("place") != place() or not isinstance(installed, list) or not script(VENV, "python").exists():
        return False
    return set(installed) <= distributions()


def place() -> str:
    """What a virtual environment is bound to: the path of the checkout and the kind of Python."""
    return f"{ROOT} {sys.platform} {sys.implementation.cache_tag}"


def content() -> str:
    """A digest of what decides about the environment's content: not, say, of the settings of the linter."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    parts = [project.get("build-system"), project.get("project"), project.get("tool", {}).get("hatch")]
    return hashlib.sha256(LOCK.read_bytes() + json.dumps(parts, sort_keys=True).encode()).hexdigest()


def distributions() -> set[str]:
    """What is installed in ``.venv``, such as ``httpx-0.28.1.dist-info``."""
    base = {"base": str(VENV), "platbase": str(VENV)}
    return {path.name for path in Path(sysconfig.get_path("purelib", "venv", base)).glob("*.dist-info")}


@contextlib.contextmanager
def alone() -> Iterator[int]:
    """Hold off other set-ups of this checkout, by a lock of the operating system's on this very file.

    Yields:
        The file descriptor of the lock: a child that holds it too keeps it beyond our own end.
    """
    with Path(__file__).open("r+b") as file:
        if sys.platform == "win32":
            import msvcrt

            file.seek(2**30)  # locks are mandatory there: lock what nobody reads
            while True:
                with contextlib.suppress(OSError):  # it gives up after ten seconds
                    msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
                    break
        else:
            import fcntl

            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("another run is setting up .venv: waiting for it")
                fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def build(held: int) -> None:
    """Make ``.venv`` anew, or renew what is in it; the stamp comes last."""
    renew = intact(read_stamp())
    STAMP.unlink(missing_ok=True)
    if renew:
        say("pyproject.toml or requirements.lock has changed: renewing .venv")
    else:
        say("setting up .venv, once: this takes about half a minute")
        make_venv(VENV, held)
    locked = ["--require-hashes", "--requirement", str(LOCK)]
    pip(VENV, locked, f"pip could not install what {LOCK.name} lists", held)
    # The tools that build the project are locked too: with them in place this needs no package index.
    itself = ["--no-index", "--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
    pip(VENV, itself, "pip could not install the project itself", held)
    stamp = {"place": place(), "content": content(), "installed": sorted(distributions())}
    fresh = STAMP.with_suffix(".new")
    fresh.write_text(json.dumps(stamp, indent=1), "utf-8")
    fresh.replace(STAMP)
    say("set up")


def make_venv(folder: Path, held: int | None = None) -> None:
    """Make an empty virtual environment with pip, in place of whatever the folder holds.

    Raises:
        Problem: Python comes without what this takes, as on Debian without python3-venv.
    """
    if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise Problem(
            f"this Python {version} comes without venv or ensurepip: install them (Debian, Ubuntu: "
            f"`apt install python{version}-venv`) and run this again."
        )
    # The Python below ours, where ours is that of .venv: clearing takes the latter away.
    python = getattr(sys, "_base_executable", None) or sys.executable
    quietly([python, "-I", "-m", "venv", "--clear", str(folder)], f"Python could not make {folder}", held)


def pip(venv: Path, arguments: list[str], failure: str, held: int | None = None) -> None:
    """Install something into a virtual environment.

    Raises:
        Problem: pip failed; with its last lines.
    """
    argv = [
        str(script(venv, "python")),
        "-I",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    advice = "is the package index to be reached (network, proxy, pip's settings)? Then run this again"
    quietly([*argv, "--no-input", *arguments], f"{failure}; {advice}", held)


def quietly(argv: list[str], failure: str, held: int | None = None, feed: str = "") -> None:
    """Run a step of the set-up and show its words only when it fails."""
    # Settings for pip that would lead it past the virtual environment, or make it refuse the project itself.
    astray = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_HASHES", "PIP_CONSTRAINT", "PYTHONHOME")
    variables = {name: value for name, value in os.environ.items() if name not in astray}
    variables["PIP_USER"] = "0"
    done = subprocess.run(
        argv,
        cwd=ROOT,
        env=variables,
        input=feed,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        pass_fds=() if held is None or os.name == "nt" else (held,),
    )
    if done.returncode:
        last = "\n".join(f"    {line}" for line in done.stdout.strip().splitlines()[-LAST_LINES:])
        raise Problem(f"{failure}. Its last lines:\n{last}")


def say(text: str) -> None:
    """Tell the person, apart from the output of the command."""
    print(f"do.py: {text}", file=sys.stderr, flush=True)


# ---- the lock file


def renew_lock() -> None:
    """Write requirements.lock anew: the newest versions that fit every platform and Python, with hashes."""
    with tempfile.TemporaryDirectory(prefix="onboarding-lock-") as scratch:
        private, new = Path(scratch) / "uv", Path(scratch) / LOCK.name
        say("getting uv, which resolves for all platforms at once")
        make_venv(private)
        pip(private, ["uv"], "pip could not install uv")
        options = "--universal --generate-hashes --python-version 3.11 --no-header --no-emit-index-url --quiet"
        argv = [
            str(script(private, "uv")),
            "pip",
            "compile",
            "-",
            "--group",
            "pyproject.toml:dev",
            *options.split(),
        ]
        argv += ["--no-emit-package", "onboarding", "--cache-dir", str(private), "--output-file", str(new)]
        say("resolving")
        quietly(argv, "uv could not resolve pyproject.toml", feed="onboarding[all] @ .\n")
        text = new.read_text("utf-8")
    if re.search(r"://|^\s*-(?!-hash=)", text, re.MULTILINE):
        raise Problem(f"uv wrote an address or an option into the new {LOCK.name}: the old one is kept.")
    LOCK.write_text(LOCK_HEADER + text, "utf-8")
    say(f"{LOCK.name} is renewed: look at what changed, and run `do.py check`")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
