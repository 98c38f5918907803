"""The commands, a file for each family; ``app`` puts them together.

What a command needs loads when it runs: ``onboarding --help`` loads no room.
"""

from __future__ import annotations

from onboarding.errors import MissingExtra

__all__: list[str] = []

try:
    import rich as _rich
    import typer as _typer
except ImportError:
    raise MissingExtra("cli", "the command line") from None

assert _rich and _typer  # noqa: PT018 - they are there
