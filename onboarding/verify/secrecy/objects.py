"""What the objects in hand show of themselves: their reprs, pickles and public documents."""

from __future__ import annotations

import json
import pickle
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

from onboarding.engine import Journey
from onboarding.machine.fields import REVEAL, is_handed_over, is_secret
from onboarding.verify.secrecy.house import House

__all__ = ["kept", "shown"]


async def shown(house: House) -> AsyncIterator[tuple[str, bytes | str]]:
    """All that the library shows about the journeys of a house, by the place."""
    onboarding = house.onboarding
    listed = await onboarding.list(limit=1000)
    engine = onboarding.engine
    things = [
        onboarding,
        engine,
        engine.rules,
        engine.sealer,
        engine.sealer.keyring,
        onboarding.settings,
        onboarding.journal,
    ]
    yield "repr of the parts", " ".join(f"{thing!r} {thing!s}" for thing in things)
    yield "dump of the settings", repr(onboarding.settings.model_dump())
    yield "repr of the events", repr(house.events)
    yield "pickled events", pickle.dumps(house.events)
    yield "repr of the list", repr(listed)
    yield "pickled list", pickle.dumps(list(listed))
    yield "public list", json.dumps([journey.public() for journey in listed], ensure_ascii=False)
    yield "counts", repr(await onboarding.count())
    for each in listed:
        journey = await onboarding.get(each.id)
        assert journey.data is not None, "a journey that was read has its data"
        history = await onboarding.history(each.id)
        yield "repr of a journey", f"{journey!r} {journey} {journey.data!r} {journey.data}"
        yield "public journey", json.dumps(journey.public())
        yield "dump of a journey", journey.data.model_dump_json(include=_masked(journey), warnings=False)
        yield "history", f"{history!r} {[asdict(row) for row in history]}"
        yield "pickled history", pickle.dumps(history)


def _masked(journey: Journey) -> set[str]:
    """The fields that are masked when a journey is dumped: a plain field is there to be read."""
    assert journey.data is not None, "a journey that was read has its data"
    return {name for name, field in type(journey.data).model_fields.items() if is_secret(field.annotation)}


async def kept(house: House) -> AsyncIterator[tuple[str, str]]:
    """What the sealed data of ended journeys still hold of their secrets: those that are handed over apart."""
    for each in await house.onboarding.list(limit=1000):
        if each.is_final:
            yield "sealed data of an ended journey", _revealed(await house.onboarding.get(each.id))


def _revealed(journey: Journey) -> str:
    data: Any = journey.data
    names = {
        name
        for name, field in type(data).model_fields.items()
        if is_secret(field.annotation)
        and not is_handed_over(field.annotation, field.metadata)
        and getattr(data, name) is not None
    }
    return json.dumps(data.model_dump(mode="json", include=names, context=REVEAL, warnings=False))
