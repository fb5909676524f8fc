"""The installation of Debian's packages: only those that are absent, and one line where it cannot be."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("cut", "env", "grep", "mktemp", "rm", "true")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A folder for PATH with the tools that every machine has, and no apt-get."""
    for tool in TOOLS:
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))
    return tmp_path


def put(path: Path, name: str, script: str) -> None:
    """Put a command on the PATH."""
    (path / name).write_text(f"#!/bin/sh\n{script}\n")
    (path / name).chmod(0o755)


def install(path: Path, *pairs: str) -> subprocess.CompletedProcess[str]:
    """Install what is absent of these commands."""
    return subprocess.run(
        [str(shutil.which("bash")), str(ROOT / "ops" / "debian.sh"), *pairs],
        env={"PATH": str(path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The one line of a failed installation."""
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    return line


def test_what_is_there_is_not_installed(path: Path) -> None:
    """By name or by path; nothing is said, and no apt-get is wanted."""
    put(path, "browser", "exit 0")
    done = install(path, "browser=chromium", f"{path}/browser=chromium")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_only_what_is_absent_is_installed_after_one_update(path: Path, tmp_path: Path) -> None:
    """apt-get is not to ask questions, and to say nothing."""
    put(path, "there", "exit 0")
    put(path, "sudo", 'shift; exec "$@"')
    put(path, "apt-get", f'echo "$DEBIAN_FRONTEND" "$@" >>{tmp_path}/asked; echo chatter')
    done = install(path, "there=present", "node=nodejs", "/nowhere/aws=awscli")
    assert done.returncode == 0, done.stderr
    assert "nodejs awscli" in done.stdout
    assert "chatter" not in done.stdout + done.stderr
    update, install_ = (tmp_path / "asked").read_text().splitlines()
    assert update.startswith("noninteractive ")
    assert update.endswith(" update")
    assert install_.endswith(" install -y --no-install-recommends nodejs awscli")


def test_a_package_may_be_unpacked_only(path: Path, tmp_path: Path) -> None:
    """It is downloaded into the folder and unpacked there: apt-get installs nothing."""
    put(path, "sudo", 'shift; exec "$@"')
    put(path, "apt-get", f'echo "$@" >>{tmp_path}/asked; case "$*" in *download*) : >tool.deb;; esac')
    put(path, "dpkg-deb", 'echo "$1 $2" >"$3/unpacked"')
    (path / "mkdir").symlink_to(str(shutil.which("mkdir")))
    folder = tmp_path / "folder"
    done = install(path, "--unpack", str(folder), f"{folder}/bin/tool=tool,library")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "asked").read_text().splitlines()[-1].endswith("download tool library")
    assert [file.name for file in folder.iterdir()] == ["unpacked"]
    assert "install" not in (tmp_path / "asked").read_text()


def test_a_machine_without_apt_is_told_what_it_lacks(path: Path) -> None:
    """The commands and their packages stand in the line."""
    line = complaint(install(path, "node=nodejs"))
    assert "needs node" in line
    assert "no apt-get here to install nodejs" in line


def test_what_apt_says_is_in_the_line(path: Path) -> None:
    """The first error, without the rest."""
    put(path, "sudo", 'shift; exec "$@"')
    put(path, "apt-get", 'echo "E: Unable to locate package nodejs" >&2; echo "E: more" >&2; exit 100')
    line = complaint(install(path, "node=nodejs"))
    assert "needs node" in line
    assert line.endswith("E: Unable to locate package nodejs")
