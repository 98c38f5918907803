"""The base class of all flows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Unpack

from pydantic import BaseModel, ConfigDict, PrivateAttr

from onboarding.errors import DefinitionError
from onboarding.machine.definition import Definition
from onboarding.machine.fields import is_later
from onboarding.machine.states import State
from onboarding.machine.steps import Input, Step

__all__ = ["Flow"]

_LONGEST = 400
if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass as ModelClass
else:
    ModelClass = type(BaseModel)


class _FlowClass(ModelClass):
    """Says in the words of this package what pydantic, or Python, cannot make a flow of."""

    def __new__(mcs, called: str, bases: tuple[type, ...], namespace: dict[str, Any], /, **given: Any) -> Any:
        try:
            return super().__new__(mcs, called, bases, namespace, **given)
        except DefinitionError:
            raise
        except Exception as error:
            said = " ".join(f"{type(error).__name__}: {error}".partition("\n")[0].split())
            said = said if said.isprintable() else ascii(said)
            raise DefinitionError(f"{called}: it cannot be defined: {said[:_LONGEST]}") from error


class Flow(BaseModel, metaclass=_FlowClass):
    """A kind of journey: its fields are the journey's data, its methods the steps.

    A subclass says its name and version in the class line; both are stored with every journey, for ever::

        class PasswordReset(Flow, name="password-reset", version=1): ...

    and declares ``states`` (the first is where a journey starts) and ``transitions``, as the library
    ``transitions`` takes them: ``[trigger, source, destination]``, optionally with a condition, the name of a
    method without side effects. What cannot work is refused here, with a ``DefinitionError``.
    """

    model_config = ConfigDict(
        extra="forbid",
        validate_assignment=True,
        hide_input_in_errors=True,
        ignored_types=(Step, Input),
        ser_json_inf_nan="constants",  # within a dict it would be written as null, and null be sent
    )

    states: ClassVar[Sequence[State]] = ()
    transitions: ClassVar[Sequence[Sequence[Any]]] = ()
    definition: ClassVar[Definition]

    _fired: dict[str, int] = PrivateAttr(default_factory=dict)
    _remark: str | None = PrivateAttr(default=None)

    def __init_subclass__(cls, *, name: str = "", version: int = 1, **kwargs: Unpack[ConfigDict]) -> None:
        """Take ``name`` and ``version`` from the class line."""
        super().__init_subclass__(**kwargs)

    @classmethod
    def __pydantic_init_subclass__(cls, *, name: str = "", version: int = 1, **kwargs: Any) -> None:
        """Check the definition and build its machine, once a class."""
        super().__pydantic_init_subclass__(**kwargs)
        if not cls.states and not cls.transitions and not name:
            return  # a base that several flows share: not a flow itself
        cls.definition = Definition.of(cls, name, version, Flow)

    def times(self, trigger: str) -> int:
        """How often a trigger has been fired in this journey, the present one included: for conditions."""
        return self._fired.get(trigger, 0)

    def wipe(self, *names: str) -> None:
        """Forget fields declared with ``later()``, as soon as they are of no use: a spent code or ticket."""
        for name in names:
            if not is_later(type(self).model_fields[name]):
                raise TypeError(f"{type(self).__name__}.{name} is not declared with later(): it cannot be wiped")
            self.__dict__[name] = None

    def remark(self, text: str) -> None:
        """Add a word to the next row of the history, such as a task's state: nothing secret, nothing personal."""
        self._remark = text

    @classmethod
    def migrate(cls, version: int, state: str, fields: dict[str, Any]) -> tuple[str, dict[str, Any]]:  # noqa: ARG003
        """Carry a journey that was stored by another version over to this one.

        Args:
            version: the version that stored it.
            state: the state in which it rests.
            fields: its fields as JSON values, secrets revealed.

        Returns:
            the state and the fields under which this version goes on. The default cannot: the journey parks.
        """
        raise DefinitionError(
            f"{cls.__name__} version {cls.definition.version} does not say how to take over "
            f"a journey of version {version}"
        )

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        """Nothing: the fields are personal."""
        return []

    def __str__(self) -> str:
        """The class alone: the fields are personal."""
        return f"{type(self).__name__}()"
