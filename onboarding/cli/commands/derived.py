"""Commands that are derived from a flow: one for each flow, or for each input of one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from onboarding.cli.fields import Asked

__all__ = ["SECRETS_FROM", "derive", "group"]

SECRETS_FROM = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="A JSON object with secrets, and other values if you like; - is standard input."),
]

Act = Callable[[typer.Context, dict[str, Any], dict[str, Any]], None]
"""What a derived command does: the context, the options of the fields, and its own options."""


def derive(name: str, about: str, fields: Sequence[Asked], own: dict[str, tuple[Any, Any]], act: Act) -> Any:
    """A command whose options are fields.

    Args:
        name: its name.
        about: its help text.
        fields: what becomes an option each; those of secrets only say how a secret is given.
        own: its other options, as (annotation, default) by name.
        act: what it does.
    """
    prefix = "field_"

    def call(**values: Any) -> None:
        context = values.pop("context")
        given = {field.name: values.pop(prefix + field.name) for field in fields}
        act(context, given, values)

    parameters = [_parameter("context", typer.Context)]
    parameters += [_parameter(prefix + each.name, _option(each), default=None) for each in fields]
    parameters += [_parameter(word, hint, default=default) for word, (hint, default) in own.items()]
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {each.name: each.annotation for each in parameters}
    app = typer.Typer(add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})
    app.command(name, help=about)(call)
    return typer.main.get_command(app)


def group(cls: type[Any], about: str, metavar: str) -> typer.Typer:
    """A group of commands that ``cls``, a ``TyperGroup``, finds by itself."""
    return typer.Typer(
        cls=cls, help=about, add_completion=False, subcommand_metavar=metavar,
        context_settings={"help_option_names": ["-h", "--help"]},
    )  # fmt: skip


def _parameter(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _option(field: Asked) -> Any:
    """The option of a field. All are optional here: the JSON of ``--secrets-from`` may hold them too."""
    from onboarding.cli.fields import Manner
    from onboarding.cli.values import refuse_secret

    name = field.option
    if field.manner is Manner.SWITCH:
        return Annotated[bool | None, typer.Option(f"{name}/--no-{name[2:]}", help=_help(field), show_default=False)]
    if field.manner is Manner.SECRET:

        def refuse(value: str | None) -> None:
            if value is not None:
                raise refuse_secret(name)

        return Annotated[str | None, typer.Option(name, metavar=field.metavar, help=_help(field), callback=refuse)]
    return Annotated[str | None, typer.Option(name, metavar=field.metavar, help=_help(field))]


def _help(field: Asked) -> str:
    if field.manner.value == "secret":
        given = "asked for, or taken" if field.required else "taken"
        text = f"a secret: {given} from --secrets-from; refused here"
    else:
        text = field.about
    marks = ["required"] if field.required else []
    if field.default:
        default = {"True": "yes", "False": "no"}.get(field.default, field.default)
        marks.append(f"default: {default}")
    return " ".join([part for part in [text, *(f"({mark})" for mark in marks)] if part])
