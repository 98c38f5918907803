from __future__ import annotations

import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from onboarding.errors import JournalError, KeyMismatch, SettingsError
from onboarding.journal import Keyring, add_primary_key, create_key_file, drop_old_keys, load_key_file

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")


def test_a_new_file_holds_one_key_for_its_owner_alone(folder: Path) -> None:
    file = folder / "below" / "keys"
    ring = create_key_file(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert load_key_file(file).ids == ring.ids
    assert file.read_text().startswith("#")
    assert [place.name for place in file.parent.iterdir()] == ["keys"]


def test_a_file_that_is_there_is_loaded_and_left(folder: Path) -> None:
    first = create_key_file(folder / "keys")
    before = (folder / "keys").read_bytes()
    assert create_key_file(folder / "keys").ids == first.ids
    assert (folder / "keys").read_bytes() == before


def test_a_new_primary_key_comes_first_and_the_old_ones_still_open(folder: Path) -> None:
    old = create_key_file(folder / "keys")
    blob = old.seal(b"plain", journey="j", field="f")
    new = add_primary_key(folder / "keys")
    assert new.ids[1:] == old.ids
    assert load_key_file(folder / "keys").unseal(blob, journey="j", field="f") == b"plain"
    assert drop_old_keys(folder / "keys").ids == new.ids[:1]
    with pytest.raises(KeyMismatch):
        load_key_file(folder / "keys").unseal(blob, journey="j", field="f")
    assert stat.S_IMODE((folder / "keys").stat().st_mode) == 0o600


def test_keys_added_at_once_are_all_kept(folder: Path) -> None:
    create_key_file(folder / "keys")
    with ThreadPoolExecutor(4) as pool:
        rings = list(pool.map(lambda _: add_primary_key(folder / "keys"), range(8)))
    kept = load_key_file(folder / "keys").ids
    assert len(kept) == 9
    assert {ring.ids[0] for ring in rings} < set(kept)


def test_comments_and_empty_lines_are_passed_over(folder: Path) -> None:
    key = Keyring.generate_key()
    file = folder / "keys"
    file.touch(0o600)
    file.write_text(f"\n# a comment\n  {key}  # made today\n\n")
    assert load_key_file(file).ids == Keyring([key]).ids


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"hunter2\n", b"\xff\xfe"])
def test_a_file_without_keys_is_refused_and_not_quoted(folder: Path, content: bytes) -> None:
    file = folder / "keys"
    file.touch(0o600)
    file.write_bytes(content)
    for use in (load_key_file, create_key_file, add_primary_key, drop_old_keys):
        with pytest.raises((SettingsError, JournalError)) as refused:
            use(file)
        assert "hunter2" not in str(refused.value)
        assert refused.value.__context__ is None
    assert file.read_bytes() == content


def test_a_file_open_to_others_a_link_and_a_missing_one_are_refused(folder: Path) -> None:
    create_key_file(folder / "keys")
    (folder / "link").symlink_to(folder / "keys")
    with pytest.raises(JournalError, match="symbolic link"):
        load_key_file(folder / "link")
    with pytest.raises(JournalError, match="symbolic link"):
        create_key_file(folder / "link")
    (folder / "keys").chmod(0o644)
    with pytest.raises(JournalError, match="chmod 600"):
        load_key_file(folder / "keys")
    with pytest.raises(JournalError, match="chmod 600"):
        add_primary_key(folder / "keys")
    with pytest.raises(JournalError, match="cannot be read"):
        load_key_file(folder / "missing")
