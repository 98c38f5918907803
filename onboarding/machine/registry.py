"""Finding flows: installed ones by entry point (group ``onboarding.flows``), others as ``package.module:Class``."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points

from onboarding.errors import DefinitionError, OnboardingError, UnknownFlow
from onboarding.machine.flow import Flow
from onboarding.machine.loading import RAISED_BY_FLOWS, unloadable
from onboarding.machine.quoting import quoted

__all__ = ["GROUP", "Registry"]

GROUP = "onboarding.flows"


class Registry(Mapping[str, type[Flow]]):
    """The flows that are known, by name; an installed one is imported when it is first asked for.

    Args:
        flows: flow classes, or ``package.module:Class``, beside those that are installed.
        installed: whether to look for installed flows at all.
    """

    def __init__(self, flows: Iterable[type[Flow] | str] = (), *, installed: bool = True) -> None:
        self._entries: dict[str, EntryPoint] = (
            {entry.name: entry for entry in entry_points(group=GROUP)} if installed else {}
        )
        self._loaded: dict[str, type[Flow]] = {}
        for flow in flows:
            self.add(flow)

    def add(self, flow: type[Flow] | str) -> type[Flow]:
        """Make a flow known, and return it. Raises ``UnknownFlow``, and ``DefinitionError`` for a broken module."""
        found = _flow(_load(flow) if isinstance(flow, str) else flow, flow)
        self._loaded[found.definition.name] = found
        return found

    def resolve(self, flow: type[Flow] | str) -> type[Flow]:
        """The flow of that name, class or ``package.module:Class``. Raises ``UnknownFlow``."""
        if isinstance(flow, str):
            return self.add(flow) if ":" in flow else self[flow]
        return self.add(flow)

    def __getitem__(self, name: str) -> type[Flow]:
        """The flow of that name. Raises ``UnknownFlow``, which lists those that are known."""
        if name not in self._loaded:
            if name not in self._entries:
                known = ", ".join(self) or "none"
                raise UnknownFlow(
                    f"no flow is named {quoted(name)}; known are: {known}; one of yours: package.module:Class"
                )
            found = _flow(_installed(self._entries[name]), name)
            if found.definition.name != name:
                raise DefinitionError(
                    f"the entry point {name!r} names the flow {found.definition.name!r}; make them the same"
                )
            self._loaded[name] = found
        return self._loaded[name]

    def __contains__(self, name: object) -> bool:
        return name in self._loaded or name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self._loaded, *self._entries}))

    def __len__(self) -> int:
        return len({*self._loaded, *self._entries})


def _installed(entry: EntryPoint) -> object:
    """What an entry point names. A module of the user's own may hide the installed one by its name."""
    try:
        return entry.load()
    except OnboardingError:
        raise
    except RAISED_BY_FLOWS as error:
        if not isinstance(error, AttributeError) or error.name != entry.attr:
            raise unloadable(entry.module, error) from error
    place = getattr(sys.modules.get(entry.module), "__file__", None) or "another place"
    raise UnknownFlow(
        f"the flow {entry.name!r} is not in the module {entry.module!r}, which was found at {place}: it hides the "
        "installed one; give your module another name"
    )


def _load(path: str) -> object:
    """The object at ``package.module:Class``, looked for in the present folder too, as ``python -m`` does."""
    module, _, name = path.partition(":")
    if not module or not name.isidentifier():
        raise UnknownFlow(f"{quoted(path)} does not say where a flow is; write package.module:Class")
    here = os.getcwd()  # noqa: PTH109 - sys.path holds strings
    if here not in sys.path and "" not in sys.path:
        sys.path.insert(0, here)
    try:
        return getattr(importlib.import_module(module), name)
    except OnboardingError:
        raise
    except RAISED_BY_FLOWS as error:
        absent = isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(f"{error.name}.")
        if not absent and not (isinstance(error, AttributeError) and error.name == name):
            raise unloadable(module, error) from error
    raise UnknownFlow(f"there is no flow at {quoted(path)}; check the module's and the class's names")


def _flow(found: object, given: object) -> type[Flow]:
    if not (isinstance(found, type) and issubclass(found, Flow) and "definition" in vars(found)):
        raise UnknownFlow(
            f"{quoted(given)} is not a flow: a class derived from onboarding.Flow that has a name and states"
        )
    return found
