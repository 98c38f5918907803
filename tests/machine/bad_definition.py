"""One way in which a definition is bad: the good draft with a few lines changed."""

from __future__ import annotations

from dataclasses import dataclass

from drafts import GOOD

__all__ = ["Bad", "bad"]


@dataclass(frozen=True)
class Bad:
    """A bad definition.

    Attributes:
        sentence: what is wrong, in words.
        text: the class.
        says: what the refusal must contain beside the class's name: the state, trigger or field, and what to do.
    """

    sentence: str
    text: str
    says: tuple[str, ...]

    def __str__(self) -> str:
        return self.sentence


def bad(sentence: str, old: str, new: str, *says: str, more: dict[str, str] | None = None) -> Bad:
    """The good draft in which one text, and ``more`` where one does not do, stands in the place of another."""
    text = GOOD
    for before, after in {old: new, **(more or {})}.items():
        assert text.count(before) == 1, f"{before!r} stands there {text.count(before)} times"
        text = text.replace(before, after)
    return Bad(sentence, text, says)
