"""`generate.py`: what it writes, and what it says when it cannot."""

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

import generate
from templates.config import ENVIRONMENTS, load
from templates.stacks import STACKS

ROOT = Path(generate.__file__).parent


def test_it_writes_every_stack_of_the_environment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The files are where scripts look for them, and their names are printed."""
    assert generate.main(["--environment", "prod", "--output", str(tmp_path)]) == 0
    written = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.json"))
    assert written == sorted(f"prod/{stack}.template.json" for stack in STACKS)
    assert sorted(capsys.readouterr().out.split()) == sorted(str(tmp_path / name) for name in written)
    for name in written:
        assert json.loads((tmp_path / name).read_text())["AWSTemplateFormatVersion"] == "2010-09-09"


def test_the_same_configuration_gives_the_same_bytes(tmp_path: Path) -> None:
    """In another process, with other hash seeds, without credentials, region or network: byte for byte."""
    contents = []
    for seed in ("0", "1", "4242"):
        folder = tmp_path / seed
        command = [sys.executable, str(ROOT / "generate.py"), "--output", str(folder)]
        environment = {"PYTHONHASHSEED": seed, "PATH": os.environ["PATH"]}
        # From another folder, as the environments are the project's, not the caller's.
        subprocess.run(command, check=True, env=environment, cwd=tmp_path, capture_output=True)
        contents.append({path.name: path.read_bytes() for path in sorted(folder.rglob("*.json"))})
    assert contents[0]
    assert contents[0] == contents[1] == contents[2]


def test_the_default_is_dev_in_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without arguments it writes the development environment below `build`."""
    monkeypatch.chdir(tmp_path)
    assert generate.main([]) == 0
    assert (tmp_path / "build/dev/regional.template.json").is_file()


@pytest.mark.parametrize("environment", ["../x", "nope", "", "Dev", "a/b", "dev\n"])
def test_an_unknown_environment_ends_it_with_one_line(
    environment: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 2, nothing written, and the line lists the environments that there are."""
    assert generate.main(["--environment", environment, "--output", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "dev, lake, load, prod" in error
    assert list(tmp_path.iterdir()) == []


def test_a_bad_value_ends_it_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 2, nothing written, and the line names file, field, value and what is allowed."""
    environments = tmp_path / "environments"
    environments.mkdir()
    text = (ENVIRONMENTS / "dev.toml").read_text().replace("memory_hours = 1 ", "memory_hours = 0 ")
    (environments / "dev.toml").write_text(text)
    monkeypatch.setattr(generate, "load", partial(load, folder=environments))
    assert generate.main(["--output", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert error == (
        "environments/dev.toml: line 24: store.memory_hours = 0: expected a whole number from 1 to 8766 "
        "(hours a point stays in the memory store)\n"
    )
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_ends_it_with_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 2 and the folder's name, no traceback."""
    (tmp_path / "file").write_text("")
    assert generate.main(["--output", str(tmp_path / "file")]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert str(tmp_path / "file") in error


def test_the_reference_of_settings_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """For people and for editors, instead of templates."""
    monkeypatch.setattr(generate, "SETTINGS", tmp_path / "settings.md")
    monkeypatch.setattr(generate, "ENVIRONMENTS", tmp_path)
    assert generate.main(["--settings"]) == 0
    assert capsys.readouterr().out.split() == [str(path) for path in sorted(tmp_path.iterdir())]
    assert {path.name for path in tmp_path.iterdir()} == {"settings.md", "settings.schema.json"}
