"""A flow that cannot work is refused when it is defined; the message names the class and the state."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from bad_definition import Bad
from bad_members import MEMBERS
from bad_outlines import OUTLINES
from drafts import GOOD, define

import onboarding.engine
from onboarding import DefinitionError
from onboarding.machine import checks, storable

ALL = [*OUTLINES, *MEMBERS]


def refusal(bad: Bad) -> str:
    with pytest.raises(DefinitionError) as caught:
        define(bad.text)
    return str(caught.value)


def test_the_draft_without_a_change_is_a_flow() -> None:
    definition = define(GOOD).definition
    assert (definition.name, definition.version, definition.title) == ("draft", 1, "A draft.")
    assert repr(definition) == "<flow draft version 1>"


@pytest.mark.parametrize("bad", ALL, ids=str)
def test_it_is_refused_by_name(bad: Bad) -> None:
    message = refusal(bad)
    assert message.startswith("Draft: ")
    assert [words for words in bad.says if words not in message] == [], message


def test_no_two_cases_say_the_same() -> None:
    assert len({bad.sentence for bad in ALL}) == len({bad.text for bad in ALL}) == len(ALL)


def written(module: object) -> dict[int, re.Pattern[str]]:
    """Every message with which a module refuses, by its line, as a pattern."""
    source = Path(str(module.__file__)).read_text("utf-8")  # type: ignore[attr-defined]
    found = {}
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "refuse"):
            continue
        text = node.args[1]
        parts = text.values if isinstance(text, ast.JoinedStr) else [text]
        pattern = "".join(re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+" for part in parts)
        found[node.lineno] = re.compile(f"Draft: {pattern}")
    return found


@pytest.mark.parametrize(("module", "least"), [(checks, 45), (storable, 7)], ids=["checks", "storable"])
def test_every_refusal_has_its_case(module: object, least: int) -> None:
    messages = {refusal(bad) for bad in ALL}
    patterns = written(module)
    assert len(patterns) >= least, "the messages are read from the source"
    without = {line: p.pattern for line, p in patterns.items() if not any(map(p.fullmatch, messages))}
    assert without == {}


@pytest.mark.parametrize("word", sorted(checks.RESERVED))
def test_a_word_of_the_engine_is_no_trigger(word: str) -> None:
    with pytest.raises(DefinitionError, match=f"'{word}' is a word that the engine writes"):
        define(GOOD.replace('"sent"', f'"{word}"'))


def test_every_word_that_the_engine_writes_is_reserved() -> None:
    words = {"started"}
    for path in Path(str(onboarding.engine.__file__)).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                writes = node.func.attr in {"stay", "arm", "again", "note", "_row"}
                words |= {str(arg.value) for arg in node.args[:1] if writes and isinstance(arg, ast.Constant)}
    assert len(words) > 5, "they are read from the source"
    assert words - checks.RESERVED == set()


def test_a_step_has_one_check() -> None:
    second = "    @checking.landed\n    async def once_more(self, api: Any) -> bool | None: ...\n\n    @read"
    with pytest.raises(DefinitionError, match="the step 'checking' has a check already: 'is_checked'"):
        define(GOOD.replace("    @read", second))


def test_a_base_without_states_is_no_flow_and_is_not_refused() -> None:
    text = GOOD.replace("class Draft(Flow, ", "class Shared(Flow):\n    phone: Phone\n\nclass Draft(Shared, ")
    assert not hasattr(define(text, "Shared"), "definition")
    assert list(define(text).model_fields) == ["phone", "patience", "code"]
