"""The guards that keep secrets inside."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from loguru import logger
from pydantic import SecretStr

from onboarding import log
from onboarding.api import transport
from onboarding.engine import asked
from onboarding.engine.journey import JourneyInHand
from onboarding.journal.sealing import Keyring
from onboarding.machine import Flow
from onboarding.machine.fields import REVEAL
from onboarding.verify.guards.patching import in_place_of
from onboarding.verify.mutants import mutant

__all__: list[str] = []


@mutant("sealing", "a journey's data are sealed", part="secrets", case="password-reset/a-good-end", quick=True)
def _sealing() -> Iterator[None]:
    def plain(self: Keyring, blob: bytes, *, journey: str, field: str) -> bytes:
        del journey, field
        return bytes([1]) + self._primary + bytes(12) + blob + bytes(16)

    def opened(self: Keyring, blob: bytes, *, journey: str, field: str) -> bytes:
        del self, journey, field
        return blob[17:-16]

    with in_place_of(Keyring, "seal", plain), in_place_of(Keyring, "unseal", opened):
        yield


@mutant("redaction", "a person's words are kept without the journey's data in them", part="secrets",
        case="password-reset/cancelled")  # fmt: skip
def _redaction() -> Iterator[None]:
    with in_place_of(JourneyInHand, "redact", lambda _, text: text):
        yield


@mutant("log-net", "what looks like a secret does not reach a log", part="secrets",
        case="password-reset/a-careless-line")  # fmt: skip
def _log_net() -> Iterator[None]:
    with in_place_of(log, "redact", lambda text: text):
        yield


@mutant("log-traceback", "a traceback, which may show what went by, does not reach a log", part="secrets",
        case="password-reset/a-careless-line")  # fmt: skip
def _log_traceback() -> Iterator[None]:
    def patch(record: Any) -> None:
        record["message"] = log.redact(record["message"])

    with in_place_of(import_module("onboarding.verify.secrecy.scenes"), "log", logger.patch(patch)):
        yield


@mutant("hushed-libraries", "the HTTP library's own log lines hold no address", part="secrets",
        case="password-reset/a-good-end")  # fmt: skip
def _hushed() -> Iterator[None]:
    with in_place_of(transport, "hush", lambda: None):
        yield


@mutant("flow-repr", "a flow does not show its fields", part="secrets", case="password-reset/a-good-end")
def _flow_repr() -> Iterator[None]:
    def shown(self: Flow) -> str:
        unset = {name for name, value in self.__dict__.items() if value is None}
        return f"{type(self).__name__}({self.model_dump(context=REVEAL, exclude=unset, warnings=False)})"

    with in_place_of(Flow, "__repr__", shown), in_place_of(Flow, "__str__", shown):
        yield


@mutant("masking", "what may be shown around holds no personal value", part="secrets", case="password-reset/a-good-end")
def _masking() -> Iterator[None]:
    def shown(flow: Flow, name: str) -> Any:
        value: Any = flow.__dict__.get(name)
        return value.get_secret_value() if isinstance(value, SecretStr) else value

    with in_place_of(import_module("onboarding.engine.view"), "_mask", shown):
        yield


@mutant("explained-without-values", "an error about data does not quote them", part="secrets",
        case="password-reset/wrong-starts")  # fmt: skip
def _explained() -> Iterator[None]:
    def quoting(error: Any, *_: Any) -> str:
        return str(error.errors())

    with in_place_of(asked, "explain", quoting):
        yield
