"""How a guard is left out: something else stands in its place for a while."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["in_place_of"]


@contextmanager
def in_place_of(owner: Any, name: str, new: Any) -> Iterator[None]:
    """Put ``new`` in the place of an attribute of a module or a class.

    Raises ``AttributeError`` where there is none: a guard that was renamed must not be left out in name only.
    Raises ``TypeError`` where ``new`` cannot be called as the attribute can: that would be found because it breaks,
    and not because a guard is missing.
    """
    inherited = name not in vars(owner)
    old = getattr(owner, name) if inherited else vars(owner)[name]
    _check_called_alike(f"{owner.__name__}.{name}" if hasattr(owner, "__name__") else name, old, new)
    setattr(owner, name, new)
    try:
        yield
    finally:
        if inherited:
            delattr(owner, name)
        else:
            setattr(owner, name, old)


def _check_called_alike(name: str, old: Any, new: Any) -> None:
    old = old.__func__ if isinstance(old, staticmethod | classmethod) else old
    if isinstance(old, property):
        if inspect.isroutine(new):
            raise TypeError(f"{name} is a property, and what stands in its place is a function")
        return
    if not inspect.isroutine(old):
        return
    if inspect.iscoroutinefunction(old) != inspect.iscoroutinefunction(new):
        raise TypeError(f"of {name} and what stands in its place, one has to be awaited")
    calls, taken = inspect.signature(old), inspect.signature(new)
    for least in (True, False):
        given, named = _call(calls, least=least)
        try:
            taken.bind(*given, **named)
        except TypeError as error:
            raise TypeError(f"{name} can be called as {calls}, what stands in its place as {taken}: {error}") from None


def _call(signature: inspect.Signature, *, least: bool) -> tuple[list[None], dict[str, None]]:
    """The smallest or the largest call that fits: its positional arguments, and those that have names."""
    given: list[None] = []
    named: dict[str, None] = {}
    for parameter in signature.parameters.values():
        several = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        if least and (several or parameter.default is not parameter.empty):
            continue
        if parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_KEYWORD):
            named[f"any_{parameter.name}" if several else parameter.name] = None
        else:
            given.append(None)
    return given, named
