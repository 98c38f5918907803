"""The fenced blocks of a page, each with what the page says about running it.

A comment right above a block says how it is run: ``<!-- run: exit 4 -->``, ``<!-- run: background -->``,
``<!-- run: typed Efgh5678 {code} -->``, ``<!-- run: file examples/own_flow.py -->``; ``<!-- not run: why -->``.
A ``text`` block is what the block before it prints; in a ``console`` block the output stands below the command.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

__all__ = ["Block", "blocks", "normal"]

RUNNABLE = ("sh", "python", "console")

_BLOCK = re.compile(
    r"^(?:<!-- (?P<how>(?:not )?run): (?P<what>[^\n]*?) -->\n+)?"
    r"^```(?P<language>\w+)[^\n]*\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_SAME = (
    (re.compile(r"\x1b\[[0-9;?]*[A-Za-z]"), ""),
    (re.compile(r"[\u2800-\u28ff] [^\r\n]*"), ""),  # a spinner, where a step took longer: it is wiped away again
    (re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"(?:/[\w.+-]+)+/journal\.db"), "<journal>"),
    (re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+(?:\+00:00|Z)"), "<moment>"),
    (re.compile(r"\d\d:\d\d:\d\d(?:\.\d+)?"), "<time>"),
    (re.compile(r"\b\d+(?:\.\d+)? (?:ms|s|min|h|d)\b"), "<length>"),
    (re.compile(r'"code":"\d{6}"'), '"code":"<code>"'),
    (re.compile(r"[ \t─]+"), " "),
)


@dataclass(frozen=True, slots=True)
class Block:
    """One block that is run.

    Attributes:
        line: where it stands.
        language: ``sh``, ``python`` or ``console``.
        text: what is run.
        run: how, as the comment says; empty without one.
        skipped: why it is not run; empty where it is.
        output: what the page says that it prints; None where it says nothing.
    """

    line: int
    language: str
    text: str
    run: str = ""
    skipped: str = ""
    output: str | None = None


def blocks(page: Path) -> list[Block]:
    """The blocks of a page that can be run, in order."""
    source = page.read_text("utf-8")
    found: list[Block] = []
    just_found = False
    for match in _BLOCK.finditer(source):
        line = source.count("\n", 0, match.start("text"))
        language, text = match["language"], match["text"]
        if language == "text" and just_found and found[-1].output is None:
            found[-1] = replace(found[-1], output=text)
        just_found = language in RUNNABLE
        if not just_found:
            continue
        run = match["what"] if match["how"] == "run" else ""
        skipped = match["what"] if match["how"] == "not run" else ""
        output = None
        if language == "console":
            command, _, output = text.removeprefix("$ ").partition("\n")
            text = f"{command}\n"
        found.append(Block(line, language, text, run, skipped, output))
    return found


def normal(text: str) -> list[str]:
    """The lines without what differs from run to run: ids, times, codes, widths."""
    for pattern, same in _SAME:
        text = pattern.sub(same, text)
    lines = (line.rstrip() for line in text.replace("\r", "\n").splitlines())
    return [line for line in lines if line]
