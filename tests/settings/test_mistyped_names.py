"""A name that is mistyped is said wherever it stands; what is somebody else's is left alone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from onboarding import Settings, SettingsError


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without a .env or an onboarding.toml."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["ONBOARDING_TIMEOUTT", "onboarding_timeoutt"])
def test_a_name_that_is_mistyped_in_a_dotenv_file_is_not_passed_over(here: Path, name: str) -> None:
    (here / ".env").write_text(f"THEIR_TIMEOUTT=1\nONBOARDING_SOMETHING_OF_MY_OWN=1\n{name}=canary\n")
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    assert str(caught.value) == (
        "the settings are not usable: there is no setting ONBOARDING_TIMEOUTT (in .env); is ONBOARDING_TIMEOUT meant?"
    )
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "line", ["ONBOARDING_API_TOKEN:canary", "ONBOARDING_API_TOKENcanary", "ONBOARDING_API_TOKEN:canary=1"]
)
def test_a_line_of_a_dotenv_file_that_sets_nothing_is_said_without_what_may_be_its_value(here: Path, line: str) -> None:
    (here / ".env").write_text(f"{line}\n")
    with pytest.raises(
        SettingsError, match=r"a line of \.env sets nothing; is ONBOARDING_API_TOKEN=… meant\?"
    ) as caught:
        Settings.load()
    assert "canary" not in str(caught.value)


def test_what_others_keep_in_a_dotenv_file_is_theirs(here: Path) -> None:
    (here / ".env").write_text(
        "TIMEOUTT=1\nMY_ONBOARDING_TIMEOUTT=1\nONBOARDING_SOMETHING_OF_MY_OWN=1\nONBOARDING_CONFIG=x\nONBOARDING_KEYS\n"
        "ONBOARDING_TIMEOUT=3s\n"
    )
    assert Settings.load().timeout == timedelta(seconds=3)


@pytest.mark.parametrize("name", ["ONBOARDING_API_TOKN", "onboarding_api_tokn"])
def test_a_file_of_secrets_whose_name_is_mistyped_is_not_passed_over(
    here: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    secrets = here / "secrets"
    secrets.mkdir()
    monkeypatch.setenv("ONBOARDING_SECRETS_DIR", str(secrets))
    for other in ("api_tokn", "onboarding_something_of_my_own"):
        (secrets / other).write_text("canary")
    (secrets / "onboarding_api_token").write_text("token")
    token = Settings.load().api_token
    assert token is not None
    assert token.get_secret_value() == "token"
    (secrets / name).write_text("canary")
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    assert str(caught.value) == (
        f"the settings are not usable: there is no setting {name} (a file in ONBOARDING_SECRETS_DIR); "
        "is ONBOARDING_API_TOKEN meant?"
    )
