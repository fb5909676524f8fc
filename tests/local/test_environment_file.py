"""The file that points a shell at the local run."""

import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from local.environment_file import EnvironmentFile
from local.errors import LocalError


def write(file: EnvironmentFile, **given: Any) -> None:
    """Write a run's file."""
    file.write(
        **{
            "endpoint_url": "http://127.0.0.1:4566",
            "environment": "dev",
            "region": "us-east-1",
            "ingest_url": "http://127.0.0.1:8080/metrics",
            "token": "",
            "outputs": {},
            **given,
        }
    )


def test_a_shell_reads_every_value_back_as_it_was(tmp_path: Path) -> None:
    """Values with quotes, spaces and dollar signs reach a shell unchanged, under the output's name in capitals."""
    hostile = 'a\'b "c" $HOME `date`'
    file = EnvironmentFile.claim(tmp_path / "build" / "local.env", aws_port=4566)
    write(file, environment="mine", outputs={"QuarantineBucketName": hostile})
    script = (
        f". {file.path}; "
        'printf "%s|" "$TIDEGAUGE_QUARANTINE_BUCKET_NAME" "$AWS_ENDPOINT_URL" "$TIDEGAUGE_ENVIRONMENT"'
    )
    shown = subprocess.run(["/bin/bash", "-c", script], capture_output=True, text=True, check=True)
    assert shown.stdout == f"{hostile}|http://127.0.0.1:4566|mine|"


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    """There may be a token in it; what an interrupted run has left does not keep it open to others."""
    file = EnvironmentFile.claim(tmp_path / "local.env", aws_port=4566)
    (tmp_path / ".local.env.partial").touch(mode=0o644)
    write(file, token="tg_x")
    assert "export TIDEGAUGE_TOKEN=tg_x\n" in file.path.read_text()
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_nothing_of_a_file_is_left_at_its_end(tmp_path: Path) -> None:
    """Neither the file nor what kept others from it."""
    file = EnvironmentFile.claim(tmp_path / "local.env", aws_port=4566)
    write(file)
    assert [path.name for path in tmp_path.glob("[!.]*")] == ["local.env"]
    file.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_leaves_the_first_ones_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one run is up the next one's file has its own name, and either may end first."""
    monkeypatch.chdir(tmp_path)
    first = EnvironmentFile.claim(None, aws_port=4566)
    second = EnvironmentFile.claim(None, aws_port=4567)
    write(first)
    write(second, endpoint_url="http://127.0.0.1:4567")
    assert (first.path, second.path) == (Path("build/local.env"), Path("build/local-4567.env"))
    second.remove()
    assert "http://127.0.0.1:4566" in first.path.read_text()
    third = EnvironmentFile.claim(None, aws_port=4568)
    first.remove()
    write(third)
    assert not first.path.exists()
    assert EnvironmentFile.claim(None, aws_port=4569).path == Path("build/local.env")


def test_a_file_that_is_another_runs_is_refused_where_it_was_asked_for(tmp_path: Path) -> None:
    """One line says whose it is; the file stays as it was."""
    path = tmp_path / "mine.env"
    write(EnvironmentFile.claim(path, aws_port=4566))
    before = path.read_text()
    with pytest.raises(LocalError, match=r"mine\.env is that of a run that is up"):
        EnvironmentFile.claim(path, aws_port=4567)
    assert path.read_text() == before


@pytest.mark.parametrize("place", ["/dev/null/local.env", "/proc/local.env"])
def test_a_place_that_cannot_be_written_is_refused_by_name(place: str) -> None:
    """A file where a folder should be, or a folder that takes no files, is a line that names it."""
    with pytest.raises(LocalError, match=place):
        EnvironmentFile.claim(Path(place), aws_port=4566)
