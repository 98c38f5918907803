"""``demo``: see it work."""

from __future__ import annotations

import typer

__all__ = ["demo"]


def demo() -> None:
    """See six journeys run against a sandbox on this machine, while the process that drives them is killed half-way.

    It takes about ten seconds, reaches nothing outside this machine, and leaves its journal to be looked at.
    """
    from onboarding.cli.demo.performance import perform

    raise typer.Exit(perform())
