"""What a flow's fields and inputs must fulfil: what is sealed today is read back as it was after a crash."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

import pydantic
from pydantic import BaseModel, SecretBytes, SecretStr, TypeAdapter
from pydantic.fields import FieldInfo

from onboarding.machine.checks import refuse
from onboarding.machine.fields import REVEAL, is_later, reveals

if TYPE_CHECKING:
    from onboarding.machine.flow import Flow
    from onboarding.machine.steps import Input

__all__ = ["fields", "inputs"]

_SETTINGS = ("extra", "frozen", "hide_input_in_errors", "validate_assignment")
_SECRETS = (SecretStr, SecretBytes, pydantic.Secret)


def fields(flow: type[Flow], base: type[Flow]) -> None:
    """Every datum of the journey is a field, and is stored under its name, whole."""
    for setting in _SETTINGS:
        if flow.model_config.get(setting) != base.model_config.get(setting):
            refuse(flow, f"its model_config must leave {setting!r} as it is for every flow")
    for name in flow.__private_attributes__.keys() - base.__private_attributes__.keys():
        refuse(flow, f"{name!r} would be lost at the first crash; give it a name without an underscore")
    for name in flow.model_computed_fields:
        refuse(flow, f"the computed field {name!r} would be stored as data; make it a plain property")
    if not flow.__pydantic_fields_complete__:
        unknown = [name for name, field in flow.model_fields.items() if not field._complete]  # noqa: SLF001
        refuse(flow, f"the type of the field {unknown[0]!r} is not known; import it before the class")
    for name, field in flow.model_fields.items():
        _check_field(flow, base, name, field)


def _check_field(flow: type[Flow], base: type[Flow], name: str, field: FieldInfo) -> None:
    if name in base.__class_vars__ or name in vars(base):
        refuse(flow, f"the field {name!r} would hide the word {name!r} of every flow; take another name")
    if field.exclude or field.alias or field.validation_alias or field.serialization_alias:
        refuse(flow, f"the field {name!r} must be stored under its own name: take away exclude= and the alias")
    if _is_masked(field.annotation, field.metadata):
        refuse(flow, f"the secret in the field {name!r} would be stored masked; take the type onboarding.Secret")
    if not (field.is_required() or is_later(field) or field.default_factory or _fits(field)):
        refuse(flow, f"the default of the field {name!r} is not what its type makes of it, or cannot be stored")


def inputs(flow: type[Flow], handlers: Mapping[str, Input[Any]]) -> None:
    """What is handed in is checked by its types, and kept until the journey takes it."""
    for name, handler in handlers.items():
        model, why = None, ""
        try:
            model = handler.model
        except Exception as error:  # noqa: BLE001 - a name that is not known, a type that pydantic cannot check
            why = f"{type(error).__name__}: {error}".partition("\n")[0]
        if model is None:
            refuse(flow, f"the types of the input {name!r} cannot be read: {why}")
        for parameter, field in model.model_fields.items():
            if _is_masked(field.annotation, field.metadata):
                refuse(flow, f"the secret {parameter!r} of the input {name!r} would be kept masked; "
                             "take the type onboarding.Secret")  # fmt: skip


def _fits(field: FieldInfo) -> bool:
    """Whether a default, which pydantic takes as it is, is what is read back once it was stored."""
    default = field.get_default()
    try:
        whole: Any = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
        adapter: TypeAdapter[Any] = TypeAdapter(whole)
        stored = json.dumps(adapter.dump_python(default, mode="json", context=REVEAL, warnings=False))
        return bool(adapter.validate_python(json.loads(stored)) == default)
    except Exception:  # noqa: BLE001 - whatever the type does with what it is not made for
        return False


def _is_masked(annotation: Any, marks: list[Any]) -> bool:
    """Whether it holds a secret that is written out as asterisks even for sealing."""
    if hasattr(annotation, "__metadata__"):
        return _is_masked(annotation.__origin__, [*annotation.__metadata__, *marks])
    kind = get_origin(annotation) or annotation
    if isinstance(kind, type) and issubclass(kind, _SECRETS):
        return not any(reveals(mark) for mark in marks)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return any(_of_field(field) for field in kind.model_fields.values() if field.annotation is not kind)
    return any(_is_masked(part, []) for part in get_args(annotation))


def _of_field(field: FieldInfo) -> bool:
    return _is_masked(field.annotation, field.metadata)
