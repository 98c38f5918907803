"""Settings: where each comes from, which source wins, and what is said of a bad one."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from onboarding import Meaning, Onboarding, OnboardingError, Refused, Settings, SettingsError, TaskType, TaskVerdict
from onboarding.clock import SystemClock
from onboarding.connect import account_api
from onboarding.sandbox import SandboxDesk, SandboxServer


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without a .env or an onboarding.toml."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_anything_there_are_defaults() -> None:
    settings = Settings.load()
    assert settings.base_url == "https://account.api.lwork.com"
    assert settings.timeout == timedelta(seconds=10)
    assert settings.journal_url.startswith("sqlite:////")
    assert (settings.tenant_id, settings.api_token, settings.keys) == (None, None, [])


def test_the_nearer_source_wins(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def tenant() -> str | None:
        return Settings.load().tenant_id

    (here / "onboarding.toml").write_text('tenant_id = "toml"\n')
    assert tenant() == "toml"
    secrets = here / "secrets"
    secrets.mkdir()
    (secrets / "ONBOARDING_TENANT_ID").write_text("folder")
    monkeypatch.setenv("ONBOARDING_SECRETS_DIR", str(secrets))
    assert tenant() == "folder"
    (here / ".env").write_text("ONBOARDING_TENANT_ID=dotenv\n")
    assert tenant() == "dotenv"
    monkeypatch.setenv("ONBOARDING_TENANT_ID", "environment")
    assert tenant() == "environment"
    assert Settings.load(tenant_id="argument").tenant_id == "argument"
    monkeypatch.setenv("ONBOARDING_TENANT_ID", "")
    assert tenant() == "dotenv", "an empty variable is none"


def test_a_file_elsewhere_can_be_named(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = here / "elsewhere.toml"
    elsewhere.write_text('pool_size = 7\nflows = ["a:B"]\n[result_codes]\nX_1 = "code_wrong"\n')
    monkeypatch.setenv("ONBOARDING_CONFIG", str(elsewhere))
    settings = Settings.load()
    assert (settings.pool_size, settings.flows) == (7, ["a:B"])
    assert settings.result_codes == {"X_1": Meaning.CODE_WRONG}


def test_the_file_of_the_documentation_is_one(here: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "settings.md").read_text("utf-8")
    example = page.partition("```toml\n")[2].partition("```")[0]
    (here / "onboarding.toml").write_text(example)
    settings = Settings.load()
    assert (settings.tenant_id, settings.attempts, settings.timeout) == ("T001117", 5, timedelta(seconds=15))
    assert settings.result_codes == {"PUB_AUTH_0000099": Meaning.CODE_WRONG}


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("36h", 129600), ("14d", 1209600), ("2.5", 2.5), ("PT1M", 60)]
)
def test_lengths_of_time_are_written_as_people_write_them(
    monkeypatch: pytest.MonkeyPatch, text: str, seconds: float
) -> None:
    monkeypatch.setenv("ONBOARDING_LANDING_DELAY", text)
    assert Settings.load().landing_delay == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["a:B, c:D", '["a:B", "c:D"]', "a:B,c:D,"])
def test_lists_are_written_with_commas_or_as_json(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("ONBOARDING_FLOWS", text)
    assert Settings.load().flows == ["a:B", "c:D"]


@pytest.mark.parametrize(
    ("text", "hosts"),
    [("Example.com., ::1", ["example.com", "[::1]"]), ('["*"]', ["*"]), ("[]", []), ("localhost", ["localhost"])],
)
def test_hosts_are_kept_as_they_are_compared(monkeypatch: pytest.MonkeyPatch, text: str, hosts: list[str]) -> None:
    monkeypatch.setenv("ONBOARDING_AVATAR_HOSTS", text)
    assert Settings.load().avatar_hosts == hosts


def test_tables_are_written_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONBOARDING_RESULT_CODES", json.dumps({"LIVE_1": "code_expired"}))
    monkeypatch.setenv("ONBOARDING_FINAL_STATES", json.dumps({"Closed": "finished"}))
    settings = Settings.load(tenant_id="T1", api_token="t")
    assert settings.result_codes == {"LIVE_1": Meaning.CODE_EXPIRED}
    assert settings.final_states == {"Closed": TaskVerdict.FINISHED}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TIMEOUT", "canary"),
        ("TIMEOUT", "0"),
        ("CONNECT_TIMEOUT", "-1s"),
        ("BACKOFF_BASE", "0s"),
        ("BACKOFF_CAP", "0s"),
        ("POLL_EVERY", "0s"),
        ("COOLDOWN", "-1s"),
        ("LANDING_DELAY", "-5"),
        ("POOL_SIZE", "0"),
        ("POOL_SIZE", "canary"),
        ("CONCURRENCY", "1001"),
        ("ATTEMPTS", "0"),
        ("TRUST_ENV", "canary"),
        ("KEYS", "[canary"),
        ("FLOWS", "[canary"),
        ("AVATAR_HOSTS", "[canary"),
        ("AVATAR_HOSTS", "https://canary.example.com"),
        ("AVATAR_HOSTS", "*.canary.example.com"),
        ("AVATAR_HOSTS", "example.com,canary!"),
        ("RESULT_CODES", "canary"),
        ("RESULT_CODES", '{"X_1": "canary"}'),
        ("RESULT_CODES", '["canary"]'),
        ("FINAL_STATES", '{"Closed": "canary"}'),
    ],
)
def test_a_bad_value_is_one_sentence_that_names_it_and_does_not_show_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"ONBOARDING_{name}", value)
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    message = str(caught.value)
    assert f"ONBOARDING_{name}: " in message
    assert "canary" not in message
    assert "\n" not in message
    assert caught.value.__context__ is None


def test_several_bad_values_are_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONBOARDING_TIMEOUT", "x")
    monkeypatch.setenv("ONBOARDING_POOL_SIZE", "x")
    with pytest.raises(SettingsError, match=r"ONBOARDING_TIMEOUT: .*; ONBOARDING_POOL_SIZE: "):
        Settings.load()


@pytest.mark.parametrize("name", ["CONFIG", "SECRETS_DIR"])
def test_a_named_file_or_folder_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"ONBOARDING_{name}", "not-there")
    with pytest.raises(SettingsError, match=f"ONBOARDING_{name} names no"):
        Settings.load()


@pytest.mark.parametrize("content", [b"tenant_id = canary", b"\xff\xfe"])
def test_a_broken_toml_file_is_said(here: Path, content: bytes) -> None:
    (here / "onboarding.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=r"onboarding\.toml") as caught:
        Settings.load()
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('tenant_ud = "canary"\n', r"onboarding.toml holds what is no setting: tenant_ud \(is it tenant_id\?\)$"),
        ('ONBOARDING_TENANT_ID = "canary"\n', r"ONBOARDING_TENANT_ID \(is it tenant_id\?\)$"),
        ('pool-size = 3\nwhatever = "canary"\n', r"pool-size \(is it pool_size\?\); whatever$"),
        ('[onboarding]\ntenant_id = "canary"\n', r"the table \[onboarding\] \(settings stand at the top of the file"),
        ("attempts = 3\ntenant_id = canary\n", r"onboarding.toml is not TOML at line 2: a setting is written as"),
        ('tenant_id = "canary', r"onboarding.toml is not TOML at its end: "),
    ],
)
def test_what_a_toml_file_holds_beside_settings_is_refused_with_what_may_have_been_meant(
    here: Path, content: str, says: str
) -> None:
    (here / "onboarding.toml").write_text(content)
    with pytest.raises(SettingsError, match=says) as caught:
        Settings.load()
    assert "canary" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("TIMEOUT", "soon", "must be a length of time: 90s, 15m, 36h, 14d, or seconds"),
        ("LANDING_DELAY", "P", "must be a length of time: 90s, 15m, 36h, 14d, or seconds"),
        ("POOL_SIZE", "many", "must be a whole number"),
        ("POOL_SIZE", "201", "must be at most 200"),
        ("ATTEMPTS", "0", "must be at least 1"),
        ("TRUST_ENV", "perhaps", "must be true or false"),
        ("RESULT_CODES", "x", 'must be a JSON object, such as {"NAME": "value"}'),
        ("RESULT_CODES", "[]", "must be a JSON object"),
        ("FLOWS", "[x", "write a,b or a JSON list"),
    ],
)
def test_what_is_said_of_a_bad_value_is_what_to_write_instead(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(f"ONBOARDING_{name}", value)
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    assert says in str(caught.value)


def test_an_argument_that_is_no_setting_is_said() -> None:
    with pytest.raises(SettingsError, match="there is no setting tenantid"):
        Settings.load(tenantid="canary")


def test_secrets_do_not_show() -> None:
    given = {"api_token": "canary-token", "keys": "canary-key", "temporal_api_key": "canary-key"}
    settings = Settings.load(tenant_id="T1", **given)
    assert "canary" not in repr(settings) + str(settings)


@pytest.mark.parametrize("key", ["canary key", "canary\nkey", "canaryé", ""])
def test_a_key_that_temporals_client_would_leave_out_in_silence_is_refused(key: str) -> None:
    with pytest.raises(SettingsError, match="ONBOARDING_TEMPORAL_API_KEY: must be one line of ASCII") as told:
        Settings.load(temporal_api_key=key)
    assert "canary" not in str(told.value)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"journal": "canary://x"}, "ONBOARDING_JOURNAL"),
        ({"journal": "postgresql://canary:canary@127.0.0.1:1/y?wait=0"}, "cannot be reached"),
        ({"keys": ["canary"]}, "ONBOARDING_KEYS"),
        ({"base_url": "http://canary.example.com"}, "ONBOARDING_BASE_URL"),
        ({"tenant_id": "with canary"}, "ONBOARDING_TENANT_ID"),
        ({"api_token": "with canary"}, "ONBOARDING_API_TOKEN"),
        ({"language": "canary!"}, "ONBOARDING_LANGUAGE"),
        ({"flows": ["canary"]}, "canary"),
    ],
)
@pytest.mark.anyio
async def test_what_only_its_user_can_judge_is_said_when_it_is_opened(given: dict[str, str], says: str) -> None:
    settings = Settings.load(**{"journal": "memory://", "tenant_id": "T1", "api_token": "t", **given})
    with pytest.raises(OnboardingError, match=says) as caught:
        async with Onboarding(settings):
            pass
    if says != "canary":
        assert "canary" not in str(caught.value)


@pytest.mark.anyio
async def test_the_meanings_that_a_tenant_sets_reach_the_adapter() -> None:
    with SandboxServer() as server:
        desk = SandboxDesk(server.url)
        user = desk.create_user("Demo", phone="15912345678", password="Abcd1234")
        desk.create_task(user, "JOB_TYPE_TA_OPEN", "Handling")
        settings = Settings.load(
            base_url=server.url, tenant_id="T001117", api_token="sandbox-token",
            result_codes={"PUB_AUTH_0000052": "account_locked"}, final_states={"Handling": "finished"},
        )  # fmt: skip
        async with account_api(settings, SystemClock()) as api:
            with pytest.raises(Refused) as caught:
                await api.log_in("15912345678", SecretStr("wrong"))
            assert caught.value.meaning is Meaning.ACCOUNT_LOCKED
            task = await api.get_task(user, TaskType.OPEN)
            assert task is not None
            assert task.verdict is TaskVerdict.FINISHED


def test_an_empty_address_does_not_lead_to_the_live_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONBOARDING_BASE_URL", " ")
    with pytest.raises(SettingsError, match="ONBOARDING_BASE_URL is empty: say where the service is, or unset it"):
        Settings.load()


def test_what_is_no_list_is_not_counted_through() -> None:
    with pytest.raises(SettingsError, match="ONBOARDING_FLOWS: must be a list"):
        Settings.load(flows=range(10**9))


def test_a_mistyped_variable_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONBOARDING_BASE_ULR", "http://127.0.0.1:1")
    with pytest.raises(SettingsError, match="no setting ONBOARDING_BASE_ULR; is ONBOARDING_BASE_URL meant"):
        Settings.load()
    monkeypatch.delenv("ONBOARDING_BASE_ULR")
    monkeypatch.setenv("ONBOARDING_SOMETHING_OF_MY_OWN", "1")
    Settings.load()


def test_a_journal_on_a_server_is_shown_without_its_password() -> None:
    for url in ("postgresql://me:Hunter22@db.example/onboarding?lease=5", "postgresql://me:Hun@ter22@db.example/x"):
        settings = Settings(journal=url)
        for shown in (repr(settings), str(settings)):
            assert "Hun" not in shown
            assert "ter22" not in shown
            assert "db.example" in shown
        assert settings.journal_url == url
