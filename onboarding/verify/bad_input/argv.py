"""Calls of the command line that are wrong in some way, and the files that they name."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

from onboarding.verify.bad_input import junk

__all__ = ["QUESTIONNAIRE", "Call", "call"]

QUESTIONNAIRE = "onboarding.verify.bad_input.questionnaire:Questionnaire"
_NOBODY = "01a204b9-30cd-777e-9ce5-dc97cc6f3bbb"
_FLOWS = ("avatar-change", "email-registration", "kyc-update", "password-reset", "task-watch", QUESTIONNAIRE)
_FIELDS = (
    "--phone",
    "--email",
    "--password",
    "--new-password",
    "--code",
    "--ticket",
    "--user-id",
    "--changes",
    "--avatar",
    "--name",
    "--task-type",
    "--every",
    "--picture",
    "--patience",
    "--number",
    "--share",
    "--agreed",
    "--no-agreed",
    "--colour",
    "--address",
    "--words",
    "--table",
    "--anything",
    "--secrets-from",
    "--key",
    "--timeout",
    "--json",
)
_OPTIONS: dict[str, tuple[str, ...]] = {
    "start": _FIELDS,
    "run": _FIELDS,
    "send": _FIELDS,
    "wait": ("--timeout", "--json"),
    "list": (
        "--flow",
        "--status",
        "--state",
        "--older-than",
        "--newer-than",
        "--limit",
        "--after",
        "--count",
        "--json",
    ),
    "show": ("--reveal", "--graph", "--json"),
    "cancel": ("--reason", "--json"),
    "retry": ("--all-parked", "--json"),
    "resolve": ("--landed", "--not-landed", "--reason", "--by", "--json"),
    "flows": ("--json",),
    "graph": ("--format", "--output"),
    "doctor": ("--json",),
    "worker": ("--once", "--concurrency", "--json"),
    "keys": ("--print", "--json"),
    "sandbox": ("--port", "--host", "--seed", "--strength", "--code-lifetime", "--login-failures", "--tenant-id"),
    "demo": (),
}
_OWN: dict[str, tuple[str, ...]] = {
    "avatar-change": ("--user-id", "--avatar", "--key", "--json"),
    "email-registration": ("--name", "--email", "--password", "--key"),
    "kyc-update": ("--user-id", "--changes", "--changes", "--json"),
    "password-reset": ("--phone", "--new-password", "--key"),
    "task-watch": ("--user-id", "--task-type", "--every", "--json"),
    QUESTIONNAIRE: (
        "--picture",
        "--patience",
        "--number",
        "--share",
        "--agreed",
        "--colour",
        "--address",
        "--words",
        "--table",
        "--anything",
        "--key",
        "--json",
    ),
    "answered": ("--number", "--share", "--colour", "--address", "--words", "--picture", "--anything", "--code"),
    "passed": ("--json",),
}
"""The options of a flow, or of an input."""
_SWITCHES = frozenset(
    {
        "--json",
        "--count",
        "--graph",
        "--all-parked",
        "--landed",
        "--not-landed",
        "--once",
        "--print",
        "--agreed",
        "--no-agreed",
    }
)
_DOOM = "--no-such-option"
_STAYS = {
    "run": ("--timeout", "0.1"),
    "wait": ("--timeout", "0.1"),
    "worker": (_DOOM,),
    "sandbox": (_DOOM,),
    "demo": (_DOOM,),
}
"""What keeps a call that happens to be right from staying."""
_SETTINGS = (
    "api_token",
    "keys",
    "tenant_id",
    "timeout",
    "result_codes",
    "pool_size",
    "flows",
    "avatar_hosts",
    "language",
)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the program.

    Attributes:
        arguments: what follows its name.
        environment: what is set beside the usual.
        stdin: what it may read.
        canary: what must not show.
    """

    arguments: tuple[str, ...]
    environment: dict[str, str]
    stdin: bytes
    canary: str

    @property
    def what(self) -> str:
        """The call in a finding: its command and its options, without a value."""
        words = [word.partition("=")[0] for word in self.arguments]
        known = {*_OPTIONS, "new", "rotate", *(option for options in _OPTIONS.values() for option in options)}
        return " ".join(word if word in known else "…" for word in words)


def call(rng: random.Random, folder: Path, journeys: tuple[str, ...]) -> Call:
    """A call; the files that it names are written.

    Args:
        rng: chance.
        folder: where it will be made.
        journeys: ids that the journal there holds.
    """
    canary = junk.canary_of(rng)
    command = rng.choice((*_OPTIONS, "start", "start", "send", "send", "show", "list", "resolve", "nonsense", ""))
    words = [
        *_in_front(rng, canary, folder),
        *([command] if command else []),
        *_subject(rng, canary, command, journeys),
    ]
    options = _OPTIONS.get(command, _FIELDS)
    own = next((_OWN[word] for word in words if word in _OWN), options)
    for _ in range(rng.choice((0, 1, 1, 2, 3))):
        words += _option(rng, canary, folder, own if rng.random() < 0.8 else options)  # noqa: PLR2004
    if command in ("start", "run", "send") and rng.random() < 0.4:  # noqa: PLR2004
        words += ["--secrets-from", _file(rng, canary, folder, at=False)]
    if rng.random() < 0.3:  # noqa: PLR2004
        # What stands anywhere may stand where a name does, and names are repeated.
        words = [word.replace(canary, "Anything") for word in _shaken(rng, canary, words)]
    words += _STAYS.get(command, ())
    if not {"run", "wait", "worker", "sandbox", "demo"}.isdisjoint(words) and command not in _STAYS:
        words += [_DOOM]
    environment = {}
    if rng.random() < 0.25:  # noqa: PLR2004
        setting = rng.choice(_SETTINGS)
        value = _name(rng, _FLOWS) if setting == "flows" else junk.argument(rng, canary)
        environment[f"ONBOARDING_{setting.upper()}"] = value[:100_000]
    stdin = junk.document(rng, canary, ("code", "password", "new_password"))
    return Call(tuple(words), environment, stdin, canary)


def _in_front(rng: random.Random, canary: str, folder: Path) -> list[str]:
    (folder / "binary").write_bytes(b"\x00\xff" * 40)
    if rng.random() < 0.8:  # noqa: PLR2004
        return []
    journals = (
        "sqlite:///binary",
        "sqlite:///.",
        "sqlite:///no/where/journal.db",
        "memory://",
        "",
        "sqlite:///",
        "sqlite://x",
        f"postgresql://u:{canary}@h/d",
        f"{canary}://x",
        "sqlite:///\udcff.db",
        f"sqlite:///{'a' * 300}.db",
    )
    return rng.choice(
        (
            ["-v"],
            ["-vv"],
            ["--log-json", "-"],
            ["--log-json", "."],
            ["--log-json", "no/where"],
            ["--version"],
            ["--help"],
            ["--journal", rng.choice(journals)],
            ["--journal", rng.choice(journals)],
        )
    )


def _subject(rng: random.Random, canary: str, command: str, journeys: tuple[str, ...]) -> list[str]:
    ids = (*journeys, *journeys, _NOBODY, canary, junk.argument(rng, canary), journeys[0].upper(), journeys[0][:-1])
    if command in ("start", "run"):
        return [rng.choice((*_FLOWS, *_FLOWS, "json:loads", "nowhere:Flow", ":", "os", _name(rng, _FLOWS)))]
    if command == "send":
        return [rng.choice(ids), _name(rng, ("code_entered", "resend", "answered", "passed"))]
    if command in ("wait", "show", "cancel", "resolve", "retry"):
        return [rng.choice(ids) for _ in range(rng.choice((0, 1, 1, 1, 2)))]
    if command == "graph":
        return [rng.choice((*_FLOWS, *journeys, _NOBODY, _name(rng, _FLOWS)))]
    if command == "keys":
        return [rng.choice(("new", "new", "nonsense", "--help"))]
    return []


def _name(rng: random.Random, known: tuple[str, ...]) -> str:
    return junk.name(rng, known).replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _option(rng: random.Random, canary: str, folder: Path, options: tuple[str, ...]) -> list[str]:
    if not options or rng.random() < 0.1:  # noqa: PLR2004
        return [rng.choice((f"--pasword={canary}", "-x", "--", "-", "--=", "---", "--help", f"-p{canary}", "--json=1"))]
    option = rng.choice(options)
    if option in _SWITCHES and rng.random() < 0.9:  # noqa: PLR2004
        return [option]
    if option in ("--status", "--flow"):
        value = _name(rng, ("waiting", "parked", *_FLOWS))
    elif option in ("--reason", "--by"):
        value = junk.argument(rng, "Because")  # it is kept, and shown
    elif option in ("--output", "--log-json"):
        value = rng.choice(("drawn.txt", ".", "no/where/drawn", "binary", "a" * 300))
    elif option == "--secrets-from" or rng.random() < 0.15:  # noqa: PLR2004
        value = _file(rng, canary, folder, at=option != "--secrets-from")
    else:
        value = junk.argument(rng, canary)
    return [f"{option}={value}"] if rng.random() < 0.4 else [option, value]  # noqa: PLR2004


def _file(rng: random.Random, canary: str, folder: Path, *, at: bool) -> str:
    file = folder / "given.json"
    good = json.dumps({"phone": "15912345678", "email": "a@example.com", "password": canary, "new_password": canary})
    file.write_bytes(
        rng.choice((good.encode(), junk.document(rng, canary, ("password", "new_password", "code", "phone"))))
    )
    named = rng.choice(
        ("given.json", "given.json", "given.json", "-", ".", "nowhere.json", "binary", "a" * 300, "\udcff")
    )
    return f"@{named}" if at else named


def _shaken(rng: random.Random, canary: str, words: list[str]) -> list[str]:
    """A word left out, twice there, moved, or put in."""
    words = list(words)
    at = rng.randrange(len(words) + 1)
    match rng.randrange(4):
        case 0 if words:
            del words[at % len(words)]
        case 1 if words:
            words.insert(at, words[at % len(words)])
        case 2:
            rng.shuffle(words)
        case _:
            words.insert(at, junk.argument(rng, canary))
    return words
