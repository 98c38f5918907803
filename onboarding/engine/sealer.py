"""Between a flow in memory and its sealed bytes in the journal."""

from __future__ import annotations

import json
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from onboarding.engine.asked import explain
from onboarding.engine.book import Book
from onboarding.errors import DefinitionError, JournalDamaged, NotPossible
from onboarding.journal import DATA_FIELD, Chain, Keyring, digest, message_field
from onboarding.machine import Flow, Registry
from onboarding.machine.fields import is_handed_over, is_later, is_secret
from onboarding.machine.kept import read_again, written

__all__ = ["Sealer"]

_WIPED = "wiped"


class Sealer:
    """Seals journeys and what is handed in for them.

    Args:
        keyring: the keys; the first seals, all unseal.
        registry: the flows that are known.
        pepper: the journal's own secret, for digests and for the signatures of histories.
    """

    def __init__(self, keyring: Keyring, registry: Registry, pepper: bytes) -> None:
        self.keyring = keyring
        self.registry = registry
        self.chain = Chain(pepper)
        self._pepper = pepper

    def seal(self, journey: str, flow: Flow, book: Book, *, ended: bool = False) -> bytes:
        """The bytes to store. A journey that has ended keeps no secret but those that it hands over."""
        fields = written(flow)
        if ended:
            _wipe(type(flow), fields)
        plain = to_json({"book": book.to_dict(), "fields": fields})
        return self.keyring.seal(plain, journey=journey, field=DATA_FIELD)

    def unseal(
        self, journey: str, data: bytes, *, flow: str, version: int, state: str, ended: bool = False
    ) -> tuple[Flow, Book, str]:
        """The flow, the engine's book and the state (a migration may change it) of a stored journey.

        Raises:
            UnknownFlow: no flow of that name is known here.
            DefinitionError: it was stored by a version that this one cannot take over.
            NotPossible: it was forgotten.
            KeyMismatch, JournalDamaged: the data cannot be unsealed, or do not fit the flow.
        """
        kind = self.registry[flow]
        kept = self._kept(journey, data)
        if "fields" not in kept:
            raise NotPossible(f"the journey {journey} was forgotten: its data were erased")
        fields, book = kept["fields"], Book(**kept["book"])
        migrated = version != kind.definition.version
        if migrated:
            state, fields = _migrated(kind, version, state, fields)
        if state not in kind.definition.states:
            raise DefinitionError(
                f"{kind.__name__} has no state {state!r}; the journey was stored by another version of it"
            )
        built = _build(kind, fields, journey, ended=ended, checked=not migrated)
        book.counts_for(built)
        return built, book, state

    def digest(self, text: str) -> bytes:
        """What stands for a text that is not to be stored itself: an idempotency key, a login name."""
        return digest(self._pepper, text)

    def seal_forgotten(self, journey: str, book: Book) -> bytes:
        """What is left of a journey's data when it is forgotten: how its history ends."""
        return self.keyring.seal(to_json({"book": book.to_dict()}), journey=journey, field=DATA_FIELD)

    def book_of(self, journey: str, data: bytes) -> Book:
        """The engine's book alone, whatever the flow. Raises ``KeyMismatch`` and ``JournalDamaged``."""
        return Book(**self._kept(journey, data)["book"])

    def seal_payload(self, journey: str, message: str, payload: dict[str, Any]) -> bytes:
        """What is handed in with a message, as bytes to store."""
        return self.keyring.seal(json.dumps(payload).encode(), journey=journey, field=message_field(message))

    def unseal_payload(self, journey: str, message: str, payload: bytes | None) -> dict[str, Any]:
        """What was handed in with a message."""
        if payload is None:
            return {}
        kept: dict[str, Any] = json.loads(self.keyring.unseal(payload, journey=journey, field=message_field(message)))
        return kept

    def _kept(self, journey: str, data: bytes) -> dict[str, Any]:
        kept: dict[str, Any] = from_json(self.keyring.unseal(data, journey=journey, field=DATA_FIELD))
        return kept


def _migrated(kind: type[Flow], version: int, state: str, fields: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    try:
        return kind.migrate(version, state, fields)
    except DefinitionError:
        raise
    except Exception as error:  # noqa: BLE001 - the flow's own code
        why = type(error).__name__
    raise DefinitionError(f"{kind.__name__}.migrate failed with {why} on a journey of version {version}")


def _build(kind: type[Flow], fields: dict[str, Any], journey: str, *, ended: bool, checked: bool) -> Flow:
    try:
        return read_again(kind, fields) if checked else kind.model_validate(fields)
    except ValidationError as error:
        why = explain(error, kind)
    if ended:
        return kind.model_construct(**fields)
    raise JournalDamaged(f"the stored data of the journey {journey} do not fit the flow: {why}")


def _wipe(kind: type[Flow], fields: dict[str, Any]) -> None:
    for name, field in kind.model_fields.items():
        if name in fields and is_secret(field.annotation) and not is_handed_over(field.annotation, field.metadata):
            if is_later(field):
                del fields[name]
            elif fields[name] is not None:
                fields[name] = _WIPED
