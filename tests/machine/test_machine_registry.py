"""Finding flows: by the name of an installed one, as package.module:Class from the present folder, by class."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from drafts import GOOD, define

import flows
import onboarding
from onboarding import DefinitionError, Flow, UnknownFlow
from onboarding.machine import Registry, registry

OWN = "from typing import Any, ClassVar\nfrom onboarding import *\n" + GOOD
DRAFT = define(GOOD)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of somebody's own, which is the present one and is not on Python's path."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    return tmp_path


def entries(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    """What is installed, as packages declare it."""
    found = [EntryPoint(name.replace("_", "-"), value, registry.GROUP) for name, value in values.items()]
    monkeypatch.setattr(registry, "entry_points", lambda group: found if group == "onboarding.flows" else [])


def test_the_shipped_flows_are_found_by_name_and_in_order() -> None:
    shipped = Registry()
    assert list(shipped) == sorted(shipped)
    assert {shipped[name] for name in shipped} == {getattr(flows, name) for name in flows.__all__}
    assert {name: shipped[name].definition.name for name in shipped} == {name: name for name in shipped}
    assert len(shipped) == len(flows.__all__) == 9


def test_an_installed_flow_is_imported_when_it_is_first_asked_for(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "somebodys_flow.py").write_text(OWN)
    monkeypatch.syspath_prepend(here)
    entries(monkeypatch, draft="somebodys_flow:Draft")
    found = Registry()
    assert (list(found), "draft" in found, len(found)) == (["draft"], True, 1)
    assert "somebodys_flow" not in sys.modules
    assert found["draft"].definition.name == "draft"
    assert found["draft"] is found["draft"]


def test_an_entry_point_is_named_like_its_flow(monkeypatch: pytest.MonkeyPatch) -> None:
    entries(monkeypatch, reset="flows:PasswordReset")
    with pytest.raises(
        DefinitionError, match="entry point 'reset' names the flow 'password-reset'; make them the same"
    ):
        Registry()["reset"]


def test_an_entry_point_that_is_no_flow_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    entries(monkeypatch, reset="onboarding.clock:SystemClock")
    with pytest.raises(UnknownFlow, match="'reset' is not a flow"):
        Registry()["reset"]


def test_a_flow_is_found_in_the_present_folder(here: Path) -> None:
    (here / "mine.py").write_text(OWN)
    known = Registry(["mine:Draft"], installed=False)
    assert list(known) == ["draft"]
    assert known["draft"].__module__ == "mine"
    assert known.resolve("draft") is known["draft"]


def test_a_flow_is_found_in_a_package_of_the_present_folder(here: Path) -> None:
    (here / "ours").mkdir()
    (here / "ours" / "journeys.py").write_text(OWN)
    known = Registry(installed=False)
    assert known.resolve("ours.journeys:Draft").definition.name == "draft"
    assert "draft" in known


def test_the_present_folder_is_put_on_the_path_once(here: Path) -> None:
    (here / "mine.py").write_text(OWN)
    for _ in range(3):
        Registry(["mine:Draft"], installed=False)
    assert sys.path.count(str(here)) == 1


def test_a_flow_is_known_by_its_class() -> None:
    known = Registry([DRAFT], installed=False)
    assert known["draft"] is known.resolve(DRAFT) is known.resolve("draft") is known.add(DRAFT) is DRAFT
    assert Registry(installed=False).resolve(DRAFT) is DRAFT


def test_a_flow_that_is_added_goes_before_one_of_the_same_name(monkeypatch: pytest.MonkeyPatch) -> None:
    entries(monkeypatch, draft="flows:PasswordReset")
    other = define(GOOD)
    known = Registry([DRAFT])
    assert (known["draft"], len(known)) == (DRAFT, 1)
    assert known.resolve(other) is other
    assert known["draft"] is other


def test_no_flow_is_known_where_none_is_asked_for() -> None:
    assert dict(Registry(installed=False)) == {}


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("draff", "no flow is named 'draff'; known are: draft; one of yours: package.module:Class"),
        ("", "no flow is named ''; known are: draft; one of yours: package.module:Class"),
        ("mine:", "'mine:' does not say where a flow is; write package.module:Class"),
        (":Draft", "':Draft' does not say where a flow is; write package.module:Class"),
        ("mine:Dra ft", "'mine:Dra ft' does not say where a flow is; write package.module:Class"),
        ("mine:Draff", "there is no flow at 'mine:Draff'; check the module's and the class's names"),
        ("my:Draft", "there is no flow at 'my:Draft'; check the module's and the class's names"),
        ("mine.my:Draft", "there is no flow at 'mine.my:Draft'; check the module's and the class's names"),
        (
            "mine:minutes",
            "'mine:minutes' is not a flow: a class derived from onboarding.Flow that has a name and states",
        ),
        ("mine:Flow", "'mine:Flow' is not a flow: a class derived from onboarding.Flow that has a name and states"),
    ],
)
def test_what_is_no_flow_is_said_in_a_sentence(here: Path, asked: str, sentence: str) -> None:
    (here / "mine.py").write_text(OWN)
    with pytest.raises(UnknownFlow) as caught:
        Registry([DRAFT], installed=False).resolve(asked)
    assert str(caught.value) == sentence


def test_where_nothing_is_known_it_says_so() -> None:
    with pytest.raises(UnknownFlow, match="known are: none"):
        Registry(installed=False)["draft"]


@pytest.mark.parametrize("what", [Flow, int, DRAFT(), None, 5], ids=["Flow", "int", "a journey", "None", "a number"])
def test_what_is_no_flow_class_is_refused(what: Any) -> None:
    known = Registry(installed=False)
    for take in (known.add, known.resolve):
        with pytest.raises(UnknownFlow, match="is not a flow: a class derived from onboarding"):
            take(what)
    assert len(known) == 0


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "import not_installed_anywhere\n",
            "ModuleNotFoundError at mine.py:1: No module named 'not_installed_anywhere'",
        ),
        (
            "\nfrom onboarding import NotThere\n",
            "ImportError at mine.py:2: cannot import name 'NotThere' from 'onboarding'",
        ),
        ("import onboarding\nonboarding.not_there\n", "AttributeError at mine.py:2: module 'onboarding' has no "),
        ("x = 1\nx = Workin('a')\n", "NameError at mine.py:2: name 'Workin' is not defined"),
        ("from onboarding import *\n@once(the='sent')\ndef f(): ...\n", "TypeError at mine.py:2: once() got an "),
        ("x = 1\nx = (\n", "SyntaxError at mine.py:2: '(' was never closed"),
        ("raise TypeError('one\\x07two\\nthree')\n", "TypeError at mine.py:1: one two"),
        ("raise TypeError('x' * 300)\n", f"TypeError at mine.py:1: {'x' * 199}…"),
        ("1 / 0\n", "ZeroDivisionError at mine.py:1"),
        ("raise RuntimeError('a value')\n", "RuntimeError at mine.py:1"),
        ("import sys\nsys.exit('a value')\n", "SystemExit at mine.py:2"),
    ],
)
@pytest.mark.parametrize("is_installed", [False, True])
def test_a_module_that_does_not_load_is_said_with_its_line_and_no_value(
    here: Path, monkeypatch: pytest.MonkeyPatch, source: str, said: str, is_installed: bool
) -> None:
    (here / "mine.py").write_text(source)
    monkeypatch.syspath_prepend(here)
    entries(monkeypatch, draft="mine:Draft")
    with pytest.raises(DefinitionError) as caught:
        Registry()["draft"] if is_installed else Registry(["mine:Draft"])
    sentence = str(caught.value)
    assert sentence.startswith(f"the module mine cannot be loaded: {said}")
    assert len(sentence) < 300
    assert sentence.isprintable()
    assert "a value" not in sentence


def test_bad_syntax_in_a_module_that_another_imports_is_said_where_it_is(here: Path) -> None:
    (here / "mine.py").write_text("import other\n")
    (here / "other.py").write_text("\n1 +\n")
    with pytest.raises(DefinitionError, match=r"the module mine cannot be loaded: SyntaxError at other\.py:2: invalid"):
        Registry(["mine:Draft"], installed=False)


def test_a_flow_that_could_not_work_is_said_as_ever(here: Path) -> None:
    (here / "mine.py").write_text(OWN.replace('Done("proven"),', ""))
    with pytest.raises(DefinitionError) as caught:
        Registry(["mine:Draft"], installed=False)
    assert "cannot be loaded" not in str(caught.value)


def test_the_group_of_the_entry_points_is_the_one_that_the_project_declares() -> None:
    import tomllib

    project = Path(onboarding.__file__).parents[1] / "pyproject.toml"
    declared = tomllib.loads(project.read_text("utf-8"))["project"]["entry-points"][registry.GROUP]
    assert list(declared) == list(Registry())
