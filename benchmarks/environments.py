"""An environment for each peer, from the pinned versions in ``peers/``: made once, under the checkout's ``.bench/``."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.contenders.catalogue import PROJECT
from benchmarks.services.postgres import NotThere

__all__ = ["FOLDER", "PEERS", "ROOT", "environment", "versions"]

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".bench"
PEERS = ROOT / "benchmarks" / "peers"

_PATIENCE = 600
_PIN = re.compile(r"^([\w.-]+)==(\S+)$", re.MULTILINE)


def environment(name: str) -> Path:
    """The Python of an environment, which is made where it is missing or its pins have changed.

    Args:
        name: of a file in ``peers/``; ``PROJECT`` for the environment that we run in.

    Raises:
        NotThere: it cannot be made; the text is the installer's last line.
    """
    if name == PROJECT:
        return Path(sys.executable)
    pins = PEERS / f"{name}.txt"
    folder = FOLDER / "environments" / name
    python, stamp = folder / "bin" / "python", folder / "stamp"
    wanted = hashlib.sha256(f"{sys.version} {folder} {pins.read_text('utf-8')}".encode()).hexdigest()
    if python.exists() and stamp.exists() and stamp.read_text("utf-8") == wanted:
        return python
    shutil.rmtree(folder, ignore_errors=True)
    if uv := shutil.which("uv"):
        _quietly([uv, "venv", "--quiet", "--python", sys.executable, str(folder)])
        _quietly([uv, "pip", "install", "--quiet", "--no-deps", "--python", str(python), "-r", str(pins)])
    else:
        _quietly([sys.executable, "-m", "venv", str(folder)])
        installer = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
        # Everything that is needed is pinned: nothing is resolved, nothing newer slips in.
        _quietly([*installer, "--no-deps", "-r", str(pins)])
    stamp.write_text(wanted, "utf-8")
    return python


def versions() -> dict[str, str]:
    """What the peers are pinned to, by package: the lines above the comment of each file."""
    found: dict[str, str] = {}
    for file in sorted(PEERS.glob("*.txt")):
        found.update(_PIN.findall(file.read_text("utf-8").partition("#")[0]))
    return found


def _quietly(argv: list[str]) -> None:
    variables = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=_PATIENCE, env=variables)
    except subprocess.TimeoutExpired:
        done = None
    if done is None:
        raise NotThere(f"installing took more than {_PATIENCE} s")
    if done.returncode:
        # The last line may name an index or a path of this machine, and goes into a published report.
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or [f"exit {done.returncode}"]
        raise NotThere(f"cannot be installed: {lines[-1].split('://')[0]}")
