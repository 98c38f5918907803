"""``onboarding.toml``, looked at before it is used: a name that is mistyped there would do nothing, in silence."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from onboarding.machine.quoting import quoted

__all__ = ["problem_with_toml"]

_LINE = re.compile(r"\(at (?:line (\d+)|end of document)")
_PREFIX = "onboarding_"


def problem_with_toml(file: Path, settings: Collection[str]) -> str | None:
    """What is wrong with a file of settings, in a sentence without a value of it; None: nothing, or there is no file.

    Args:
        file: where it is.
        settings: the names that there are.
    """
    if not file.is_file():
        return None
    try:
        found = tomllib.loads(file.read_text("utf-8"))
    except UnicodeDecodeError:
        return f"{file} is not text in UTF-8"
    except RecursionError:
        return f"{file} is nested too deeply"
    except tomllib.TOMLDecodeError as error:
        where = _LINE.search(str(error))
        line = f"line {where[1]}" if where and where[1] else "its end"
        return f'{file} is not TOML at {line}: a setting is written as name = "value", a number or true without quotes'
    unknown = [_said_of(name, value, settings) for name, value in found.items() if name not in settings]
    return f"{file} holds what is no setting: {'; '.join(unknown)}" if unknown else None


def _said_of(name: str, value: Any, settings: Collection[str]) -> str:
    """An unknown name, and what may have been meant."""
    shown = quoted(name)[1:-1]
    if isinstance(value, dict) and value.keys() & set(settings):
        return f"the table [{shown}] (settings stand at the top of the file, in no table)"
    plain = name.lower().removeprefix(_PREFIX).replace("-", "_")
    near = [plain] if plain in settings else get_close_matches(plain, settings, n=1)
    return f"{shown} (is it {near[0]}?)" if near else shown
