"""The wheel, built from the source distribution and installed where nothing of this checkout can be found."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).parents[2]
PACKAGES = ("onboarding", "flows")

# Run in the new environment: imports the modules named, takes their public names (rooms load theirs when they are
# asked for) and prints what went wrong. A name may lack an extra that is absent on purpose, if it says so by
# MissingExtra.
IMPORT_ALL = """
import importlib, sys, traceback
from pathlib import Path

absent, modules = sys.argv[1].split(), sys.argv[2].split()
sys.modules.update(dict.fromkeys(absent))  # None: importing it raises ModuleNotFoundError
from onboarding.errors import MissingExtra

def attempt(name, action):
    try:
        return action()
    except BaseException as error:
        if not (absent and isinstance(error, MissingExtra)):
            print(f"{name}: {traceback.format_exc(limit=-2)}")

for name in modules:
    module = attempt(name, lambda: importlib.import_module(name))
    if module is not None:
        if not Path(module.__file__).is_relative_to(sys.prefix):
            print(f"{name} comes from {module.__file__}")
        for public in getattr(module, "__all__", []):
            attempt(f"{name}.{public}", lambda: getattr(module, public))
"""


def build(source: Path, target: str, folder: Path) -> Path:
    """Build with the project's own backend, from this environment: no package index is asked."""
    argv = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder)]
    subprocess.run(argv, cwd=source, check=True, capture_output=True, timeout=120)
    (made,) = folder.iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("build")
    with tarfile.open(build(ROOT, "sdist", folder / "sdist")) as archive:
        archive.extractall(folder / "source", filter="data")
    (source,) = (folder / "source").iterdir()
    return build(source, "wheel", folder / "wheel")


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel; its dependencies come from this one's site-packages.

    That folder stands in a ``.pth``: Python puts it on the path but reads no ``.pth`` in it, so the editable
    installation, which is one, stays out of sight.
    """
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=True)
    install = [
        program(folder, "python"),
        "-I",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
        wheel,
    ]
    subprocess.run([str(word) for word in install], check=True, capture_output=True, timeout=120)
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder)}))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


def program(folder: Path, name: str) -> Path:
    return folder / "Scripts" / f"{name}.exe" if sys.platform == "win32" else folder / "bin" / name


def troubles(environment: Path, names: list[str], absent: str = "") -> str:
    """Import modules in the environment; what went wrong with them."""
    argv = [
        str(program(environment, "python")),
        "-I",
        "-W",
        "error",
        "-c",
        IMPORT_ALL,
        absent,
        " ".join(names),
    ]
    done = subprocess.run(argv, cwd=environment, check=False, capture_output=True, text=True, timeout=120)
    return done.stdout + done.stderr


def modules() -> list[str]:
    """Every module's name, but for those that do something when they are imported."""
    paths = [path for path in sources() if path.endswith(".py") and "/migrations/" not in path]
    names = [path[: -len(".py")].replace("/", ".").removesuffix(".__init__") for path in paths]
    return sorted(name for name in names if not name.endswith("__main__"))


def sources() -> set[str]:
    """Every file of the packages, as a path from the root."""
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file()]
    return {path.relative_to(ROOT).as_posix() for path in paths if "__pycache__" not in path.parts}


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(wheel: Path) -> None:
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == sources()
    assert "onboarding/py.typed" in held


def test_the_wheel_carries_the_licence_the_flows_and_the_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        files = {name.partition(".dist-info/")[2]: name for name in archive.namelist()}
        entry_points = archive.read(files["entry_points.txt"]).decode()
    assert "licenses/LICENSE" in files
    assert "onboarding = onboarding.cli:main" in entry_points
    assert "[onboarding.flows]" in entry_points


def test_every_module_of_the_installed_wheel_can_be_imported(environment: Path) -> None:
    assert {"onboarding", "onboarding.errors", "flows"} <= set(modules())
    assert troubles(environment, modules()) == ""


def test_without_the_extras_every_public_name_is_there_or_names_the_extra_that_it_needs(environment: Path) -> None:
    rooms = [name for name in modules() if (ROOT / name.replace(".", "/")).is_dir()]
    assert (
        troubles(environment, rooms, absent="typer rich httpx2 httpcore2 starlette uvicorn mermaidx jinja2 hypothesis")
        == ""
    )


@pytest.mark.skipif(not (ROOT / "onboarding/cli/__init__.py").exists(), reason="there is no command line yet")
def test_the_installed_command_tells_how_it_is_used(environment: Path) -> None:
    argv = [str(program(environment, "onboarding")), "--help"]
    done = subprocess.run(argv, cwd=environment, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "usage" in done.stdout.lower()
