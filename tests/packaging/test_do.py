"""``do.py`` and ``.ci/run`` for real, on a project of three files that needs no package index."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = ("onboarding", "pytest", "mypy", "ruff", "zensical")

# A build backend that needs nothing: its "editable" wheel holds one module that stands in for every program.
BACKEND = """
import zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    version = VERSION
    info = f"onboarding-{version}.dist-info"
    scripts = "\\n".join(f"{name} = standin:main" for name in PROGRAMS)
    files = {
        "standin.py": STANDIN,
        f"{info}/METADATA": f"Metadata-Version: 2.1\\nName: onboarding\\nVersion: {version}\\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        f"{info}/entry_points.txt": f"[console_scripts]\\n{scripts}\\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\\n" for path in [*files, f"{info}/RECORD"])
    name = f"onboarding-{version}-py3-none-any.whl"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
    return name
"""
STANDIN = """
import json, os, pathlib, sys

def main():
    name = pathlib.Path(sys.argv[0]).name
    seen = {"arguments": sys.argv[1:], "folder": os.getcwd(), "process": os.getpid()}
    print(json.dumps({"name": name} | seen))
    return 7 if name in os.environ.get("FAILING", "").split() else 0
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "onboarding"
version = "{version}"
[tool.ruff]
line-length = {line_length}
"""

pytestmark = pytest.mark.skipif(importlib.util.find_spec("ensurepip") is None, reason="Python without ensurepip")


def describe(project: Path, *, version: str = "1", line_length: int = 100) -> None:
    """Write the project's own files."""
    text = f"PROGRAMS = {PROGRAMS!r}\nSTANDIN = {STANDIN!r}\nVERSION = {version!r}\n{BACKEND}"
    (project / "backend.py").write_text(text)
    (project / "pyproject.toml").write_text(PYPROJECT.format(version=version, line_length=line_length))
    (project / "requirements.lock").write_text("# nothing is needed\n")


def start(project: Path, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    """Start ``do.py`` from a folder that is not the project's."""
    argv = [getattr(sys, "_base_executable", sys.executable), str(project / "do.py"), *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(argv, cwd=project.parent, env=os.environ | variables, stdout=pipe, stderr=pipe, text=True)


def finish(run: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Its exit code, output and messages."""
    output, messages = run.communicate(timeout=120)
    return run.returncode, output, messages


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = tmp_path_factory.mktemp("do") / "a folder with spaces"
    (project / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / "do.py", project)
    shutil.copy(ROOT / ".ci/run", project / ".ci")
    describe(project)
    return project


@pytest.fixture
def project(made: Path) -> Path:
    """The project, set up; ``do.py`` repairs what the test before has broken."""
    describe(made)
    code, _, messages = finish(start(made, "setup"))
    assert code == 0, messages
    (made / ".venv/marker").touch()  # gone where the environment is made anew
    return made


@pytest.fixture
def module(made: Path) -> ModuleType:
    """The project's ``do.py`` as a module."""
    return load(made)


def load(project: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("do", project / "do.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.thorough
def test_a_second_run_sets_nothing_up_and_passes_on_arguments_folder_and_exit_code(project: Path) -> None:
    run = start(project, "run", "--file", "a b", FAILING="onboarding")
    code, output, messages = finish(run)
    assert (code, messages) == (7, "")
    seen = json.loads(output)
    assert seen["arguments"] == ["--file", "a b"]
    assert Path(seen["folder"]) == project.parent.resolve()
    if os.name == "posix":
        assert seen["process"] == run.pid  # it takes our place: signals and the terminal are its own


@pytest.mark.thorough
def test_the_tests_run_at_the_root_with_the_arguments_given(project: Path) -> None:
    code, output, _ = finish(start(project, "test", "-k", "word"))
    seen = json.loads(output)
    assert (code, seen["name"], seen["arguments"]) == (0, "pytest", ["-k", "word"])
    assert Path(seen["folder"]) == project.resolve()


@pytest.mark.thorough
def test_ci_runs_every_part_though_one_fails_and_names_it_at_the_end(project: Path) -> None:
    argv = ["bash", ".ci/run"]
    variables = os.environ | {"FAILING": "ruff", "CI": "true"}
    done = subprocess.run(argv, cwd=project, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert [f'"name": "{name}"' in done.stdout for name in ("ruff", "mypy", "zensical", "onboarding", "pytest")] == [
        True
    ] * 5
    assert done.stdout.splitlines()[-1] == "check: failed: lint"


@pytest.mark.thorough
def test_check_succeeds_when_all_parts_do(project: Path) -> None:
    code, output, _ = finish(start(project, "check"))
    parts = "lint, types, docs, verify, thorough, postgres, temporal, test"
    assert (code, output.splitlines()[-1]) == (0, f"check: all is well: {parts}")


@pytest.mark.thorough
def test_another_version_of_the_project_is_renewed_in_place_and_lint_settings_change_nothing(
    project: Path, module: ModuleType
) -> None:
    describe(project, line_length=79)
    assert module.ready()
    describe(project, version="2")
    assert not module.ready()
    code, _, messages = finish(start(project, "setup"))
    assert code == 0, messages
    assert (project / ".venv/marker").exists()
    assert "onboarding-2.dist-info" in module.distributions()
    assert module.ready()


@pytest.mark.thorough
def test_what_is_no_longer_whole_is_not_used(project: Path, module: ModuleType, tmp_path: Path) -> None:
    assert module.ready()
    python = module.script(module.VENV, "python")
    distribution = next((project / ".venv").rglob("onboarding-1.dist-info"))
    for lost in (python, distribution, module.STAMP):
        aside = lost.rename(lost.with_name("aside"))
        assert not module.ready()
        assert not module.intact(module.read_stamp())
        aside.rename(lost)
    whole = module.STAMP.read_text()
    module.STAMP.write_text(whole[: len(whole) // 2])
    assert not module.ready()
    module.STAMP.write_text(whole)
    assert module.ready()

    moved = tmp_path / "moved"
    shutil.copytree(project, moved, symlinks=True)
    assert not load(moved).intact(load(moved).read_stamp())


def test_a_missing_lock_file_and_a_python_without_venv_are_told_in_a_sentence(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    module.LOCK.unlink(missing_ok=True)
    with pytest.raises(module.Problem, match=r"^requirements\.lock is missing"):
        module.set_up()
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None if name == "ensurepip" else name)
    with pytest.raises(module.Problem, match=r"apt install python3\.\d+-venv"):
        module.make_venv(module.VENV)


def test_an_older_python_can_read_do_py_and_is_told_what_is_needed() -> None:
    source = (ROOT / "do.py").read_text()
    ast.parse(source, feature_version=(3, 7))
    pretend = f"import sys; sys.version_info = (3, 8, 0); exec(compile({source!r}, 'do.py', 'exec'))"
    done = subprocess.run([sys.executable, "-c", pretend], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("do.py: needs Python 3.11 or newer")
    assert done.stderr.count("\n") == 1


def test_alone_or_asked_for_help_it_lists_every_command(module: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert module.main([]) == 0
    listed = capsys.readouterr().out
    assert module.main(["--help"]) == 0
    assert capsys.readouterr().out == listed
    for name in ("demo", "run", "test", "lint", "types", "check", "lock", "setup"):
        assert f"\n  {name} " in listed


@pytest.mark.parametrize("words", [["sandbox", "--port", "0"], ["onboarding", "sandbox", "--port", "0"]])
def test_run_takes_a_command_with_or_without_the_programs_name(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    performed: list[list[str]] = []
    monkeypatch.setattr(module, "set_up", lambda: None)
    monkeypatch.setattr(module, "perform", lambda _, rest: performed.append(rest) or 0)
    assert module.main(["run", *words]) == 0
    assert performed == [["sandbox", "--port", "0"]]


def test_what_it_starts_knows_what_to_type_for_a_command(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.sys, "argv", ["some folder/do.py", "demo"])
    monkeypatch.setattr(module.shutil, "which", lambda name: sys.executable if name == "python3" else None)
    assert module.environment()["ONBOARDING_COMMAND"] == "python3 'some folder/do.py' run"
    monkeypatch.setattr(module.shutil, "which", lambda _: "/elsewhere/python3")
    assert module.environment()["ONBOARDING_COMMAND"] == f"{sys.executable} 'some folder/do.py' run"


@pytest.mark.parametrize("arguments", [["tset"], ["lint", "x"], ["check", "x"]])
def test_what_there_is_not_ends_with_two_and_a_sentence(
    module: ModuleType, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert module.main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith("do.py: ")
    assert shown.err.count("\n") == 1


@pytest.mark.thorough
def test_a_failing_pip_is_told_in_a_sentence_with_its_last_lines_and_leaves_no_stamp(
    project: Path, module: ModuleType
) -> None:
    (project / "requirements.lock").write_text(f"absent-package==1 --hash=sha256:{'0' * 64}\n")
    code, output, messages = finish(start(project, "run", PIP_NO_INDEX="1"))
    assert (code, output) == (1, "")
    assert "do.py: pip could not install what requirements.lock lists" in messages
    assert "No matching distribution found for absent-package==1" in messages
    assert "Traceback" not in messages
    assert not module.STAMP.exists()


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="a kill that nothing can catch is POSIX's")
@pytest.mark.thorough
def test_after_a_kill_in_mid_set_up_two_runs_at_once_make_one_environment(made: Path) -> None:
    describe(made)
    shutil.rmtree(made / ".venv", ignore_errors=True)
    killed = start(made, "setup")
    deadline = time.monotonic() + 60
    while not (made / ".venv/pyvenv.cfg").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    killed.kill()
    killed.communicate()
    assert not (made / ".venv/do-stamp.json").exists()

    ended = [finish(run) for run in [start(made, "run"), start(made, "run")]]
    assert [code for code, _, _ in ended] == [0, 0]
    assert [json.loads(output)["name"] for _, output, _ in ended] == ["onboarding", "onboarding"]
    assert sum("setting up .venv, once" in messages for _, _, messages in ended) == 1
