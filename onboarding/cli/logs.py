"""Where the package's log goes: warnings always, more with ``-v``, and as JSON lines where asked."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import IO, Any

from onboarding.errors import SettingsError
from onboarding.log import log

__all__ = ["set_up"]

_LEVELS = ("WARNING", "INFO", "DEBUG")
_FORMAT = "<dim>{time:HH:mm:ss.SSS}</dim> <level>{level: <7}</level> {message}"


def set_up(verbose: int, json_lines: str | None) -> None:
    """Send the log to standard error, and, as one JSON object a line, to a file.

    Args:
        verbose: 0 for warnings, 1 for every transition, 2 for everything.
        json_lines: a file that is appended to, or ``-`` for standard error instead of the plain lines.

    Raises:
        SettingsError: the file cannot be opened.
    """
    log.remove()
    log.enable("onboarding")
    if json_lines != "-":
        level = _LEVELS[min(verbose, len(_LEVELS) - 1)]
        log.add(sys.stderr, level=level, format=_FORMAT, diagnose=False, backtrace=False)
    if json_lines is not None:
        stream = sys.stderr if json_lines == "-" else _opened(json_lines)
        level = "DEBUG" if verbose > 1 else "INFO"
        log.add(_JsonLines(stream), level=level, format="{message}", diagnose=False, backtrace=False)
    if verbose < len(_LEVELS) - 1:
        # What other libraries warn of may quote what they were given.
        logging.getLogger().addHandler(logging.NullHandler())


class _JsonLines:
    """Writes each event as a JSON object with its fields beside time, level and message."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def __call__(self, message: Any) -> None:
        record = message.record
        line = {"time": record["time"].isoformat(), "level": record["level"].name, "message": record["message"]}
        self._stream.write(json.dumps({**line, **record["extra"]}, default=str, ensure_ascii=False) + "\n")
        self._stream.flush()


def _opened(path: str) -> IO[str]:
    fault = None
    try:
        return Path(path).open("a", encoding="utf-8")
    except OSError as error:
        fault = error.strerror or type(error).__name__
    raise SettingsError(f"the file {path} of --log-json cannot be written: {fault}")
