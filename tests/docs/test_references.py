"""The reference pages say what the code says."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from generated_parts import PAGES, ROOT, images, renewed, rooms_left_out
from pydantic import SecretStr, TypeAdapter
from pydantic_core import PydanticUndefined

import do
from onboarding import Duration, ParkKind, Polling, Settings, Waiting, errors, once, read, repeatable
from onboarding.cli.commands.app import app
from onboarding.machine import Registry
from onboarding.machine.checks import RESERVED

SETTINGS = ROOT / "docs" / "reference" / "settings.md"
GUIDE = ROOT / "docs" / "writing-flows.md"
SITE = ROOT / "docs"


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_is_made_from_the_code_is_up_to_date(page: Path) -> None:
    text = page.read_text("utf-8")
    assert renewed(text) == text, "run: python tests/docs/generated_parts.py"


def test_every_room_is_in_the_list_of_files() -> None:
    assert rooms_left_out() == set()


@pytest.mark.parametrize(("picture", "text"), [pytest.param(*pair, id=pair[0].stem) for pair in images()])
def test_a_picture_shows_every_word_of_what_it_is_made_from(picture: Path, text: str) -> None:
    shown = " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", picture.read_text("utf-8"), flags=re.DOTALL).split())
    labels = re.findall(r"(?:-->|->>)\s*\w+(?::\s*(.+?))?$", text, re.MULTILINE)
    words = {word for label in labels for word in re.findall(r"[A-Za-z_]{4,}", label)}
    assert len(words) > 10
    assert {word for word in words if word not in shown} == set()


def rows(page: Path) -> Iterator[tuple[str, str]]:
    """The first two cells of every row whose first names settings."""
    for line in (
        page.read_text("utf-8").partition("## Settings\n" if page.name == "README.md" else "# ")[2].splitlines()
    ):
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 4 and cells[1].startswith("`"):
            for name in re.findall(r"`(\w+)`", cells[1]):
                yield name, cells[2]


def written(value: Any) -> str:
    """A default as a person writes it; empty for none."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or value is PydanticUndefined or value == []:
        return ""
    if isinstance(value, list):
        return "`, `".join(value)
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        return f"{seconds // 60}m" if seconds % 60 == 0 else f"{seconds}s"
    return str(value.get_secret_value() if isinstance(value, SecretStr) else value)


def test_the_operators_table_says_of_every_kind_of_parking_what_to_do() -> None:
    table = (SITE / "guides" / "operator.md").read_text("utf-8").partition("| parked as |")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"^\| `(\w+)` \| \S", table, re.MULTILINE)) == sorted(ParkKind)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_length_of_time_after_an_option_is_one_that_the_option_takes(page: Path) -> None:
    options = r"--(?:older-than|newer-than|timeout)[ =](\d\w*)"
    for written_so in re.findall(options, page.read_text("utf-8")):
        assert TypeAdapter(Duration).validate_python(written_so) >= timedelta(), written_so


def test_every_setting_is_listed_with_its_default() -> None:
    expected = {name: written(field.default) for name, field in Settings.model_fields.items()}
    assert {name: default.strip("`") for name, default in rows(SETTINGS)} == expected


def test_the_settings_of_the_readme_are_those_of_the_reference() -> None:
    full = dict(rows(SETTINGS))
    listed = dict(rows(ROOT / "README.md"))
    assert listed.keys() <= full.keys()
    ours = {name: default for name, default in listed.items() if default.startswith("`")}
    assert ours == {name: full[name] for name in ours}


@pytest.mark.parametrize("text", ["90s", "15m", "36h", "14d"])
def test_a_length_of_time_is_written_as_the_pages_say(text: str) -> None:
    assert TypeAdapter(Duration).validate_python(text) > timedelta()


def test_every_error_is_listed() -> None:
    page = (SITE / "reference" / "errors.md").read_text("utf-8")
    assert [name for name in errors.__all__ if f"| `{name}` |" not in page] == []


@pytest.mark.parametrize("declared", [read, repeatable, once, Waiting, Polling], ids=lambda each: each.__name__)
def test_every_argument_of_a_declaration_is_in_the_guide(declared: Callable[..., Any]) -> None:
    written = re.search(rf"^\| `@?{declared.__name__}\((.*?)\)`", GUIDE.read_text("utf-8"), re.MULTILINE)
    assert written is not None
    assert set(re.findall(r"(\w+)(?:=[^,]*)?(?:, |$)", written[1])) == {*inspect.signature(declared).parameters} - {"_"}


def test_every_word_that_no_trigger_may_be_is_in_the_guide() -> None:
    text = GUIDE.read_text("utf-8")
    assert [word for word in RESERVED if f"`{word}`" not in text] == []


def test_every_flow_is_in_the_readme() -> None:
    table = (ROOT / "README.md").read_text("utf-8").partition("## The nine flows")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE)) == set(Registry())


def test_every_command_is_in_the_readme_and_no_other() -> None:
    commands = {each.name or (each.callback.__name__ if each.callback else "") for each in app.registered_commands}
    commands |= {each.name or "" for each in app.registered_groups}
    readme = (ROOT / "README.md").read_text("utf-8")
    assert {name for name in commands if f"`{name}`" not in readme and f"onboarding {name}" not in readme} == set()
    pages = "\n".join(page.read_text("utf-8") for page in PAGES)
    named = set(re.findall(r"(?:^|`|\$\()(?:uv run )?onboarding ([a-z]+)\b", pages, re.MULTILINE))
    assert named <= commands
    assert set(re.findall(r"python3 do\.py (\w+)", pages)) <= {*do.COMMANDS, *do.OTHERS}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", page.read_text("utf-8"))
    assert [link for link, _ in links if link and not (page.parent / link).exists()] == []
    for link, anchor in links:
        if anchor:
            target = (page.parent / link if link else page).read_text("utf-8")
            heads = [re.sub(r"[^\w -]", "", head).strip().lower().replace(" ", "-") for head in
                     re.findall(r"^#+ (.+)$", target, re.MULTILINE)]  # fmt: skip
            assert anchor in heads


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_figure_is_left_open(page: Path) -> None:
    for line in page.read_text("utf-8").splitlines():
        before, mark, _ = line.partition("<!-- figure:")
        assert not mark or re.search(r"\d", before), line
