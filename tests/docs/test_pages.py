"""What the README and the guides show is what happens: their commands and snippets are run, their output compared."""

from __future__ import annotations

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
