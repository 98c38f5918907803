"""Junk in the settings: in the environment, a ``.env`` file, ``onboarding.toml``, a folder of secrets, an argument."""

from __future__ import annotations

import contextlib
import logging
import os
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from onboarding.clock import SystemClock
from onboarding.connect import account_api
from onboarding.errors import OnboardingError, SettingsError
from onboarding.journal import open_journal
from onboarding.settings import Settings
from onboarding.verify.bad_input import junk
from onboarding.verify.bad_input.judging import faults_of, hidden_in
from onboarding.verify.plan import Plan

__all__ = ["NAME", "try_case"]

NAME = "settings"
_PREFIX = "ONBOARDING_"
_NAMES = tuple(Settings.model_fields)
_SECRET = frozenset({"api_token", "keys"})
_SOURCES = ("onboarding.toml", ".env", "file")
"""Where a whole source cannot be read, that is what must be named."""


def try_case(plan: Plan, case: str) -> list[str]:
    """Read the settings from one source that holds junk; what did not hold, a sentence each."""
    rng = plan.rng("bad-input", case)
    canary = junk.canary_of(rng)
    with tempfile.TemporaryDirectory(dir=plan.folder) as folder, _surrounded(Path(folder)):
        source = rng.choice((_environment, _environment, _environment, _dotenv, _toml, _secrets, _elsewhere, _given))
        names, given = source(rng, canary, Path(folder))
        what = f"{source.__name__.strip('_')} ({', '.join(names)})"
        return [f"{what}: {fault}" for fault in _tried(names, given, canary, deep=rng.random() < 0.05)]  # noqa: PLR2004


def _tried(names: list[str], given: dict[str, Any], canary: str, *, deep: bool) -> list[str]:
    try:
        settings = Settings.load(**given)
    except SettingsError as error:
        message = str(error)
        named = any(f"{_PREFIX}{name.upper()}" in message for name in names) or any(
            source in message for source in _SOURCES
        )
        wrong = [] if named else ["it does not name the setting"]
        return [*wrong, *faults_of(message, canary), *hidden_in(error, canary)]
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        return [f"it raised {type(error).__name__}, which is no SettingsError"]
    return _used(settings, canary, deep=deep)


def _used(settings: Settings, canary: str, *, deep: bool) -> list[str]:
    """What was accepted shows no secret, and is refused in a typed way where it is used."""
    shown = repr({name: value for name, value in settings if name not in _SECRET})
    found = ["its repr shows a secret"] if canary in repr(settings) and canary not in shown else []
    uses: list[Callable[[], Any]] = [lambda: open_journal(settings.journal_url)]
    uses += [lambda: account_api(settings, SystemClock())] if deep else []
    for use in uses:
        try:
            use()
        except OnboardingError as error:
            found += faults_of(str(error), canary)
        except Exception as error:  # noqa: BLE001
            found.append(f"what was accepted raised {type(error).__name__} when it was used")
    return found


@contextlib.contextmanager
def _surrounded(folder: Path) -> Iterator[None]:
    """An environment and a working directory of its own."""
    before, here = dict(os.environ), Path.cwd()
    for name in [name for name in os.environ if name.upper().startswith(_PREFIX)]:
        del os.environ[name]
    os.environ["HOME"] = os.environ["XDG_DATA_HOME"] = str(folder)
    os.chdir(folder)
    quiet = logging.NullHandler()  # what cannot be parsed of a .env is said there, by its line
    logging.getLogger("dotenv").addHandler(quiet)
    try:
        yield
    finally:
        logging.getLogger("dotenv").removeHandler(quiet)
        os.chdir(here)
        os.environ.clear()
        os.environ.update(before)


def _some(rng: random.Random) -> list[str]:
    return rng.sample(_NAMES, rng.choice((1, 1, 1, 2, 5)))


def _environment(rng: random.Random, canary: str, folder: Path) -> tuple[list[str], dict[str, Any]]:
    del folder
    names = _some(rng)
    for name in names:
        os.environ[f"{_PREFIX}{name.upper()}"] = junk.argument(rng, canary)
    return names, {}


def _dotenv(rng: random.Random, canary: str, folder: Path) -> tuple[list[str], dict[str, Any]]:
    names = _some(rng)
    lines = [f"{_PREFIX}{name.upper()}={rng.choice(('', chr(34), chr(39)))}{junk.text(rng, canary)}" for name in names]
    content = "\n".join(lines).encode("utf-8", "surrogatepass" if rng.random() < 0.2 else "replace")  # noqa: PLR2004
    (folder / ".env").write_bytes(content)
    return [*names, "env_file"], {}


def _toml(rng: random.Random, canary: str, folder: Path) -> tuple[list[str], dict[str, Any]]:
    names = _some(rng)
    if rng.random() < 0.3:  # noqa: PLR2004
        (folder / "onboarding.toml").write_bytes(junk.document(rng, "Anything", tuple(names)))
        return names, {}
    literals = (
        "-1",
        "1e400",
        "nan",
        "true",
        "[]",
        "[[1]]",
        "{}",
        f"['{canary}']",
        f"{{'{canary}' = 1}}",
        "2026-01-01",
        "0x" + "f" * 4000,
        f"'{canary}'",
        "''",
        f"'''{canary}\n'''",
        "07:32:00",
        "[" * 2000 + "]" * 2000,
    )
    lines = [f"{name} = {rng.choice(literals)}" for name in names]
    (folder / "onboarding.toml").write_text("\n".join(lines), "utf-8")
    return names, {}


def _secrets(rng: random.Random, canary: str, folder: Path) -> tuple[list[str], dict[str, Any]]:
    names = _some(rng)
    place = folder / "secrets"
    place.mkdir()
    for name in names:
        file = place / f"{_PREFIX}{name.upper()}"
        if rng.random() < 0.1:  # noqa: PLR2004
            file.mkdir()
        else:
            file.write_bytes(
                rng.choice(
                    (
                        junk.document(rng, canary, tuple(names)),
                        junk.argument(rng, canary).encode("utf-8", "surrogateescape"),
                    )
                )
            )
    os.environ[f"{_PREFIX}SECRETS_DIR"] = str(place)
    return [*names, "secrets_dir"], {}


def _elsewhere(rng: random.Random, canary: str, folder: Path) -> tuple[list[str], dict[str, Any]]:
    """A source that is none: a folder for a file, a file for a folder, nothing, a name that no file can have."""
    (folder / "file").write_bytes(b"\xff")
    name = rng.choice(("config", "secrets_dir"))
    wrong = ("file", ".", "nowhere", "a" * 5000, "\udcff", junk.argument(rng, canary))
    os.environ[f"{_PREFIX}{name.upper()}"] = rng.choice(wrong)
    return [name], {}


def _given(rng: random.Random, canary: str, folder: Path) -> tuple[list[str], dict[str, Any]]:
    del folder
    names = _some(rng)
    return names, {name: junk.value(rng, canary) for name in names}
