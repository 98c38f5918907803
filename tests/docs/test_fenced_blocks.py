"""The reader of pages finds what is to be run, and notices what is not so."""

from __future__ import annotations

from pathlib import Path

import pytest
from fenced_blocks import blocks, normal
from page_session import PageSession

PAGE = """\
<!-- run: exit 3 -->
```sh
exit 3
```

<!-- not run: it would never end -->
```sh
sleep infinity
```

```python
print("one")
```

```text
one
```

```toml
[project]
```

```text
nobody's output
```

```console
$ echo two
two
```
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    return page


def test_every_block_is_found_with_what_the_page_says_of_it(page: Path) -> None:
    found = [(block.text, block.run, block.skipped, block.output) for block in blocks(page)]
    assert found == [
        ("exit 3\n", "exit 3", "", None),
        ("sleep infinity\n", "", "it would never end", None),
        ('print("one")\n', "", "", "one\n"),
        ("echo two\n", "", "", "two\n"),
    ]


def test_what_differs_from_run_to_run_is_the_same() -> None:
    one = "01a204bc-dea0-72bd-b432-c0c2281e0438  19:30:16  took 29 ms\n\n ──── \n"
    other = "01a204bf-21a5-7e3b-a0bd-7c0f3f6f1f1f 09:00:00 took 1.5 s\r\n─"
    assert normal(one) == normal(other)
    assert normal("done: reset") != normal("failed: reset")
    assert normal(" flow   status") != normal("flow   status")


@pytest.mark.parametrize(("was", "now"), [("exit 3\n", "exit 4\n"), ("one\n```", "two\n```"), ("\ntwo\n", "\n2\n")])
def test_a_page_that_is_wrong_is_noticed(page: Path, tmp_path: Path, was: str, now: str) -> None:
    page.write_text(PAGE.replace(was, now, 1))
    folder = tmp_path / "folder"
    folder.mkdir()
    with PageSession(folder) as session, pytest.raises(AssertionError, match="line"):
        session.check_all(page)
