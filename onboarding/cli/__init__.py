"""The command line: ``onboarding`` and ``python -m onboarding``. Needs the extra ``cli``.

- ``exits``: what the exit code says
- ``failure``: every error as one sentence, never a traceback
- ``invocation``: what one call of the program goes by: settings, verbosity
- ``logs``, ``output``, ``follow``, ``narrator``: what is shown, and where
- ``fields``, ``values``, ``terminal``: a flow's fields as options; secrets, which are asked for or read, never taken
  as arguments
- ``interruption``: what a signal does
- ``commands``: the commands, built with typer
- ``demo``: ``onboarding demo``
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code.

    Args:
        arguments: what follows the program's name; without, those that it was called with.
    """
    from onboarding.cli.failure import run

    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))
