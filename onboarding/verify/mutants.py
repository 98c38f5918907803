"""The guards of the product, each of which can be left out: what must then be found out shows that it can be.

A mutant patches this process and no other; a part that starts processes hands them the name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from onboarding.errors import SettingsError

__all__ = ["MUTANTS", "Mutant", "mutant", "without"]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A guard, and how to leave it out.

    Attributes:
        name: its name, such as ``landing-delay``.
        guard: what it guards against, in a sentence.
        part: the part of the verifier that must find out.
        leave_out: patches it away for as long as the context lasts.
        case: the case of the part that finds it out soonest; None: the whole of its quick run.
        quick: whether a quick run leaves it out too.
        server: whether it stands in a journal on a server only: it is left out where there is one.
    """

    name: str
    guard: str
    part: str
    leave_out: Callable[[], AbstractContextManager[None]]
    case: str | None = None
    quick: bool = False
    server: bool = False


MUTANTS: dict[str, Mutant] = {}
"""All of them, by name."""


def mutant(
    name: str, guard: str, *, part: str, case: str | None = None, quick: bool = False, server: bool = False
) -> Callable[[Callable[[], Iterator[None]]], Callable[[], Iterator[None]]]:
    """Declare a mutant: a generator that patches, yields, and puts back."""

    def register(patch: Callable[[], Iterator[None]]) -> Callable[[], Iterator[None]]:
        assert name not in MUTANTS, f"there are two guards {name}"
        MUTANTS[name] = Mutant(name, guard, part, contextmanager(patch), case, quick, server)
        return patch

    return register


@contextmanager
def without(name: str | None) -> Iterator[None]:
    """Leave a guard out; None: none."""
    if name is None:
        yield
        return
    from onboarding.verify import guards  # noqa: F401 - declares them

    if name not in MUTANTS:
        raise SettingsError(f"there is no guard {name!r}; there are: {', '.join(sorted(MUTANTS))}")
    with MUTANTS[name].leave_out():
        yield
