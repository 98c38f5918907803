"""Why a flow's module cannot be loaded, in one sentence that leads to the line."""

from __future__ import annotations

import importlib
import importlib.metadata
import traceback
from pathlib import Path

from onboarding.errors import DefinitionError

__all__ = ["RAISED_BY_FLOWS", "unloadable"]

RAISED_BY_FLOWS = (Exception, SystemExit)
"""What a flow's own code may raise wherever it runs: ``sys.exit()`` in it ends neither a worker nor a command."""

_LONGEST = 200
_MACHINERY = {importlib.__file__, importlib.metadata.__file__, str(Path(__file__).with_name("registry.py"))}
_SAYS_NAMES = (SyntaxError, ImportError, NameError, AttributeError, TypeError)
"""Errors whose text names code; another's may hold any value, and is not repeated."""


def unloadable(module: str, error: BaseException) -> DefinitionError:
    """The error for a module that raised another one while it was imported.

    Args:
        module: the module's name.
        error: what it raised; a traceback shows it as the cause, where the new one is raised ``from`` it.
    """
    place, text = _place(error), _text(error)
    said = f"{type(error).__name__}{f' at {place}' if place else ''}{f': {text}' if text else ''}"
    return DefinitionError(f"the module {module} cannot be loaded: {said}")


def _place(error: BaseException) -> str:
    """The file and line to look at: of bad syntax, or else the last one of the module that was imported first."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{Path(error.filename).name}:{error.lineno}"
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename not in _MACHINERY and not frame.filename.startswith("<frozen ")
    ]
    lines = [frame.lineno for frame in frames if frame.filename == frames[0].filename]
    return f"{Path(frames[0].filename).name}:{lines[-1]}" if lines else ""


def _text(error: BaseException) -> str:
    if not isinstance(error, _SAYS_NAMES):
        return ""
    text = (error.msg if isinstance(error, SyntaxError) else str(error)) or ""
    if isinstance(error, ImportError) and error.path:
        text = text.removesuffix(f" ({error.path})")
    line = "".join(each if each.isprintable() else " " for each in text.strip().partition("\n")[0])
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
