"""The Python that the pages show is typed: a reader's own ``mypy --strict`` takes it as it stands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from fenced_blocks import blocks
from generated_parts import PAGES, ROOT

pytestmark = pytest.mark.thorough

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def checked(folder: Path) -> subprocess.CompletedProcess[str]:
    """What mypy says of a folder of a reader's own, where no settings of this project hold."""
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={folder / 'cache'}", "."],
        cwd=folder, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_every_snippet_and_example_is_strictly_typed(tmp_path: Path) -> None:
    snippets = {
        f"{page.stem.lower().replace('-', '_')}_line_{block.line}.py": block.text
        for page in PAGES
        for block in blocks(page)
        if block.language == "python" and not block.skipped and not block.run.startswith("file ")
    }
    assert len(snippets) > 10
    for name, text in [*snippets.items(), *((file.name, file.read_text("utf-8")) for file in EXAMPLES)]:
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "planted.py").write_text("from onboarding import Settings\n\nSettings(api_token='plain')\n", "utf-8")
    done = checked(tmp_path)
    said = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert [line for line in said if not line.startswith("planted.py:")] == [], done.stdout + done.stderr
    assert len(said) == 1, "the one that is planted is found"
