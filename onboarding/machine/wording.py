"""What is wrong with a value, in the house's words: what to write instead, and never the value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["A_LENGTH_OF_TIME", "said"]

A_LENGTH_OF_TIME = "must be a length of time: 90s, 15m, 36h, 14d, or seconds"

_SAID = {
    "missing": "is needed",
    "extra_forbidden": "is not known here",
    "string_type": "must be a text",
    "string_unicode": "must be a text",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number, and not so large",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number that is not infinite",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "time_delta_type": A_LENGTH_OF_TIME,
    "time_delta_parsing": A_LENGTH_OF_TIME,
    "dict_type": "must be a JSON object",
    "model_type": "must be a JSON object",
    "model_attributes_type": "must be a JSON object",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "set_type": "must be a list",
    "path_type": "must be a path",
    # Its own words repeat the value.
    "union_tag_invalid": "does not fit",
}
"""By pydantic's name of what is wrong. What stands in braces is what the field asks for."""


def said(fault: Mapping[str, Any]) -> str:
    """What one of a validation error's faults (``error.errors()``, with its context) says.

    A text of no characters at all that should have some is simply one that ``must not be empty``.
    """
    kind, context = fault["type"], fault.get("ctx", {})
    if kind == "string_too_short" and context.get("min_length") == 1:
        return "must not be empty"
    known = _SAID.get(kind)
    if known is None:
        return str(fault["msg"]).removeprefix("Value error, ")
    return known.format_map(context)
