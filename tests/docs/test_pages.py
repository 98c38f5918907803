"""What the README and the guides show is what happens: their commands and snippets are run, their output compared."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from fenced_blocks import blocks
from page_session import ROOT, PageSession

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", [page for page in PAGES if any(not b.skipped for b in blocks(page))], ids=name_of)
def test_what_a_page_shows_is_what_happens(page: Path, tmp_path: Path) -> None:
    if shutil.which("curl") is None and any("curl " in block.text for block in blocks(page)):
        pytest.skip("this page uses curl, which is not installed here")
    with PageSession(tmp_path) as session:
        session.check_all(page)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_table_that_a_page_shows_is_as_wide_as_it_is_printed(page: Path) -> None:
    for block in re.findall(r"^```text\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        for heading, rule, rows in re.findall(r"^(.+)\n( *─+)\n((?:.+\n)*)", block, re.MULTILINE):
            lines = [heading, *rows.splitlines()]
            assert max(map(len, lines)) == len(rule), heading
            starts = [found.end() for found in re.finditer(r" {3,}(?=\S)", heading)]
            assert [line for line in lines if any(line[at - 3 : at].strip() for at in starts)] == [], heading
