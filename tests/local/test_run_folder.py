"""The temporary folder of a run."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from local.run_folder import run_folder
from tests.support.local_run import ROOT

HOLD = """
import sys, tempfile
from local.run_folder import run_folder
with run_folder() as folder:
    (folder / "store").mkdir()
    print(folder, tempfile.mkdtemp(), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for temporary files that is the test's own."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_everything_temporary_is_in_the_folder_and_goes_with_it(where: Path) -> None:
    """For this process and its children; afterwards all is as before."""
    with run_folder() as folder:
        assert folder.parent == where
        assert Path(tempfile.mkdtemp()).parent == folder
        assert os.environ["TMPDIR"] == str(folder)
    assert list(where.iterdir()) == []
    assert (os.environ["TMPDIR"], tempfile.gettempdir()) == (str(where), str(where))


def test_what_a_killed_run_left_is_taken_away_by_the_next(where: Path) -> None:
    """While that run lives it is left alone; folders of others, whatever their name, are none of its business."""
    foreign = where / "tidegauge-else"
    foreign.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as killed:
        assert killed.stdout is not None
        folder, inner = map(Path, killed.stdout.readline().split())
        assert inner.parent == folder
        with run_folder():
            assert (folder / "store").is_dir()
        killed.kill()
    assert folder.is_dir()
    with run_folder() as other:
        assert not folder.exists()
        assert {path for path in where.iterdir() if path.name[0] != "."} == {other, foreign}
    assert list(where.iterdir()) == [foreign]
