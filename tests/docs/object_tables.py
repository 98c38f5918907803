"""Tables of classes in the reference pages: arguments, attributes, methods, members, as the code declares them."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from enum import EnumType, StrEnum
from itertools import chain, groupby
from typing import Any

from pydantic import BaseModel

__all__ = ["argument_table", "attribute_table", "call_of", "code_of", "member_table", "methods", "said_below",
           "sentence", "table", "typed_method_table"]  # fmt: skip

_SHOWN_AS = {"History": "list[Transition]", "TransitionRecord": "Transition"}
"""What the package calls otherwise in its inside than in public."""


def table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    lines = [head, ("---",) * len(head), *rows]
    escaped = ([cell.replace("|", r"\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in escaped) + "\n"


def sentence(thing: Any) -> str:
    """The first paragraph of a docstring, on one line."""
    return code_of((inspect.getdoc(thing) or "").partition("\n\n")[0])


def _lower(text: str) -> str:
    """A sentence as it stands beside a name."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def code_of(text: str) -> str:
    """Docstrings' double backticks and roles as Markdown's code."""
    return re.sub(r":\w+:`([^`]*)`", r"`\1`", " ".join(text.split())).replace("``", "`")


def typed_method_table(cls: type[Any]) -> str:
    """The public methods of a class, each with its sentence and what it returns."""

    def rows() -> Iterator[tuple[str, ...]]:
        for name, method in methods(cls):
            yield f"`{call_of(name, method)}`", _type(inspect.signature(method).return_annotation), sentence(method)

    return table(("method", "gives", "what it does"), rows())


def call_of(name: str, method: Callable[..., Any]) -> str:
    """A signature without self and types."""
    shown: list[str] = []
    for each in list(inspect.signature(method).parameters.values())[1:]:
        if each.kind is each.KEYWORD_ONLY and "*" not in shown:
            shown.append("*")
        stars = "**" if each.kind is each.VAR_KEYWORD else ""
        default = "" if each.default is each.empty else f"={_default(each.default)}"
        shown.append(f"{stars}{each.name}{default}")
    return f"{name}({', '.join(shown)})"


def argument_table(cls: type[Any]) -> str:
    """The arguments of a class, each with its type, its default and what its docstring says."""
    said = _section(cls, "Args") or _section(cls, "Attributes")
    parameters = inspect.signature(cls).parameters
    assert parameters.keys() == said.keys(), f"{cls.__name__} does not say what each argument is"

    def rows() -> Iterator[tuple[str, ...]]:
        for name, each in parameters.items():
            known = each.default is not each.empty and repr(each.default) != "<factory>"
            default = f"`{_default(each.default)}`" if known else ""
            yield f"`{name}`", _type(_declared(cls).get(name, each.annotation)), default, said[name]

    return table(("argument", "type", "default", "what it is"), rows())


def attribute_table(cls: type[Any]) -> str:
    """The attributes of a class, properties included, each with its type and what the code says of it."""
    said = {name: _lower(text) for name, text in {**said_below(cls), **_section(cls, "Attributes")}.items()}
    rows = [(name, _type(kind), said.get(name, "")) for name, kind in _declared(cls).items()]
    if issubclass(cls, BaseModel):
        fields = cls.model_fields
        received = ((f"`{name}`", f"`{fields[name].alias or name}`", *rest) for name, *rest in rows)
        derived = ((f"`{name}`", "", *rest) for name, *rest in _properties(cls))
        return table(("attribute", "as received", "type", "what it is"), chain(received, derived))
    assert all(text for _, _, text in rows), f"{cls.__name__} does not say what each attribute is"
    alike = ([*same] for _, same in groupby([*rows, *_properties(cls)], key=lambda row: row[1:]))
    shared = ((", ".join(f"`{name}`" for name, *_ in same), *same[0][1:]) for same in alike)
    return table(("attribute", "type", "what it is"), shared)


def _declared(cls: type[Any]) -> dict[str, Any]:
    return {name: kind for name, kind in inspect.get_annotations(cls).items() if not name.startswith("_")}


def _properties(cls: type[Any]) -> Iterator[tuple[str, str, str]]:
    for name, found in vars(cls).items():
        if isinstance(found, property) and not name.startswith("_") and found.fget is not None:
            yield name, _type(inspect.signature(found.fget).return_annotation), _lower(sentence(found))


def member_table(*enums: type[StrEnum]) -> str:
    """The members of enumerations, each with the word that it stands for."""

    def rows() -> Iterator[tuple[str, ...]]:
        for enum in enums:
            for member in enum:
                yield f"`{enum.__name__}.{member.name}`", f"`{member.value}`"

    return table(("member", "is"), rows())


def said_below(cls: type[Any] | EnumType) -> dict[str, str]:
    """What stands in a string below each attribute, or member, in the source of a class."""
    body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    assert isinstance(body, ast.ClassDef)
    found: dict[str, str] = {}
    for line, said in zip(body.body, body.body[1:], strict=False):
        target = (
            line.targets[0]
            if isinstance(line, ast.Assign)
            else line.target
            if isinstance(line, ast.AnnAssign)
            else None
        )
        if isinstance(target, ast.Name) and isinstance(said, ast.Expr):
            found[target.id] = code_of(ast.literal_eval(said.value))
    return found


def methods(cls: type[Any]) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The public methods of a class: its own, then those of what it is made of, each in the order of the source."""
    for part in cls.__mro__:
        for name, method in vars(part).items():
            if not name.startswith("_") and inspect.isfunction(method):
                yield name, method


def _type(annotation: Any) -> str:
    """An annotation as a reader knows it; nothing for a method that gives nothing."""
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    text = re.sub(r"\w+", lambda word: _SHOWN_AS.get(word[0], word[0]), text)
    return "" if text == "None" else f"`{text}`"


def _default(value: Any) -> str:
    return f"{type(value).__name__}.{value.name}" if isinstance(value, StrEnum) else repr(value)


def _section(cls: type[Any], name: str) -> dict[str, str]:
    """What a section of a docstring (``Args:``, ``Attributes:``) says of each name; several may share a line."""
    found = re.search(rf"^{name}:\n((?:(?: .*)?\n)*)", f"{inspect.getdoc(cls) or ''}\n", re.MULTILINE)
    entries = re.findall(r"^    ([\w, ]+): (.*(?:\n     .*)*)", found[1] if found else "", re.MULTILINE)
    return {each.strip(): code_of(text) for names, text in entries for each in names.split(",")}
