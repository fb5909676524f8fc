"""The installation of the locked requirements: once, and with one line about what is missing."""

import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("bash", "cksum", "cut", "grep", "head", "rm", "sed")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a folder with a space in its name, whose lock asks for nothing."""
    return _made(tmp_path)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, installed: an environment with pip takes seconds."""
    project = _made(tmp_path_factory.mktemp("installed"))
    assert install(project, PYTHON=sys.executable).returncode == 0
    return project


@pytest.fixture
def installed(original: Path, tmp_path: Path) -> Path:
    """A copy of the installed project, moved as people move folders."""
    return shutil.copytree(original, tmp_path / original.name, symlinks=True)


def _made(parent: Path) -> Path:
    folder = parent / "a project"
    (folder / "ops").mkdir(parents=True)
    (folder / "requirements").mkdir()
    (folder / "clients" / "python").mkdir(parents=True)
    shutil.copy(ROOT / "ops" / "install.sh", folder / "ops")
    (folder / "requirements" / "local.txt").write_text("# nothing\n")
    return folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A folder for PATH with the tools that every machine has, and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        (folder / tool).symlink_to(str(shutil.which(tool)))
    return folder


def install(project: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Install the project's local requirements."""
    return subprocess.run(
        [str(shutil.which("bash")), "ops/install.sh", "local"],
        cwd=project,
        env={"PATH": os.environ["PATH"], "PIP_CONFIG_FILE": os.devnull, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def python(path: Path, script: str) -> None:
    """Put a `python3` on the PATH."""
    (path / "python3").write_text(f"#!/bin/sh\n{script}\n")
    (path / "python3").chmod(0o755)


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The one line of a failed installation."""
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    return line


def test_scripts_start_where_the_path_has_spaces_and_a_second_time_nothing_is_done(installed: Path) -> None:
    """Scripts that pip made with a first line that no kernel understands can be started all the same."""
    project = installed
    again = install(project, PYTHON="/nowhere")
    assert (again.returncode, again.stdout) == (0, "")
    [folder] = (project / ".venv" / "lib").glob("python3*/site-packages")
    (folder / "tidegauge.pth").write_text(
        "/elsewhere\n"
    )  # as where the folder was moved, or an older release installed
    assert install(project).returncode == 0
    paths = [str(project / ".venv" / "bin" / "python"), "-c", "import sys; print(*sys.path, sep='\\n')"]
    known = subprocess.run(paths, cwd="/", capture_output=True, text=True, check=True).stdout.splitlines()
    assert {str(project), str(project / "clients" / "python")} <= set(known), (
        "modules are found from every folder"
    )
    script = project / ".venv" / "bin" / "tool"
    script.write_text(f"#!{project}/.venv/bin/python\nimport sys\nprint(sys.prefix, sys.argv[1:])\n")
    script.chmod(0o755)
    with pytest.raises(FileNotFoundError):
        subprocess.run([str(script)], check=True)
    (project / "requirements" / "local.txt").write_text("# nothing again\n")
    assert install(project, PYTHON=sys.executable).returncode == 0
    shown = subprocess.run([str(script), "x y"], capture_output=True, text=True, check=True)
    assert shown.stdout == f"{project}/.venv ['x y']\n"


def test_an_environment_that_is_lent_stays_its_owners(installed: Path, tmp_path: Path) -> None:
    """A copy of the project that uses it by a link does not put its own folders into it."""
    project = installed
    assert install(project).returncode == 0
    [file] = (project / ".venv" / "lib").glob("python3*/site-packages/tidegauge.pth")
    before = file.read_text()
    copy = shutil.copytree(project, tmp_path / "copy", ignore=shutil.ignore_patterns(".venv"))
    (copy / ".venv").symlink_to(project / ".venv")
    assert install(copy).returncode == 0
    assert file.read_text() == before


def test_a_python_that_is_too_old_is_named(project: Path, path: Path) -> None:
    """The line says which was found, which is wanted, and how to name another one."""
    python(path, 'if [ "$1" = --version ]; then echo Python 3.9.1; else exit 1; fi')
    line = complaint(install(project, PATH=str(path)))
    assert "needs Python 3.11 or newer, found Python 3.9.1" in line
    assert "PYTHON=" in line


def test_a_machine_without_python_is_told_so(project: Path, path: Path) -> None:
    """The name that was looked for stands in the line."""
    assert "found no python3" in complaint(install(project, PATH=str(path)))


def test_a_python_without_its_venv_module_is_told_what_to_install(project: Path, path: Path) -> None:
    """Debian keeps it in a package of its own; what was begun is taken away again."""
    python(path, f'if [ "$2" = venv ]; then mkdir -p "$3"; exit 1; fi; exec {sys.executable} "$@"')
    assert "apt install python3-venv" in complaint(install(project, PATH=f"{path}:/bin"))
    assert not (project / ".venv").exists()


def test_without_a_package_index_the_line_says_so(installed: Path) -> None:
    """Nothing is marked as installed, so the next time it is tried again."""
    project = installed
    lock = f"tidegauge-nowhere==1.0 --hash=sha256:{'0' * 64}\n"
    (project / "requirements" / "local.txt").write_text(lock)
    done = install(project, PYTHON=sys.executable, PIP_INDEX_URL="http://127.0.0.1:9/simple")
    assert "the package index cannot be reached" in complaint(done)
    assert not (project / ".venv" / "installed-local").exists()


PIP = """#!/bin/sh
case "$*" in
  *"pip install"*)
    for name in one two; do echo "Collecting $name==1.0 (from -r lock)"; done
    echo "Processing /mirror/three-1.0-py3-none-any.whl"
    echo "Ignoring four: markers 'sys_platform == \'win32\'' don't match your environment"
    sleep 1.2
    echo "Installing collected packages: one, two, three"
    sleep 1.2 ;;
esac
"""


def test_a_terminal_sees_that_it_goes_on(project: Path) -> None:
    """The first word before anything slow; packages of an index, of a folder and of other systems; then the files."""
    names = ("one", "two", "three", "four")
    (project / "requirements" / "local.txt").write_text("".join(f"{name}==1.0\n" for name in names))
    (project / ".venv" / "bin").mkdir(parents=True)
    (project / ".venv" / "bin" / "python").write_text(PIP)
    (project / ".venv" / "bin" / "python").chmod(0o755)
    terminal, end = pty.openpty()
    with subprocess.Popen(
        [str(shutil.which("bash")), "ops/install.sh", "local"],
        cwd=project,
        stdout=end,
        stderr=end,
        start_new_session=True,
    ) as installing:
        os.close(end)
        shown = ""
        while part := _read(terminal):
            shown += part
    os.close(terminal)
    assert installing.returncode == 0
    lines = shown.replace("\r", "\n").splitlines()
    assert lines[0] == "Installing 4 packages into .venv, once; about a minute …"
    said = [line.split(" s  ", 1)[-1].strip() for line in lines]
    for line in (
        "2 of 4  two==1.0",
        "3 of 4  three-1.0-py3-none-any.whl",
        "4 of 4  four:",
        "installing files …",
    ):
        assert line in said
    assert len({line.split(" s  ")[0] for line in lines if "installing files" in line}) > 1, (
        "the seconds go on"
    )


def _read(terminal: int) -> str:
    try:
        return os.read(terminal, 4096).decode()
    except OSError:  # the other end is closed
        return ""
