"""The one place that a token is shown in."""

import stat
from pathlib import Path

import pytest

from ops.errors import OperatorError
from ops.token_output import output


def test_standard_output_has_the_token_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """As a line, which a shell takes by `$(…)`."""
    with output(None) as show:
        show("tg_x")
    assert capsys.readouterr() == ("tg_x\n", "")


def test_a_file_is_its_owners_alone_from_the_beginning(tmp_path: Path) -> None:
    """Nobody else can read it before the token is in it, either."""
    file = tmp_path / "token"
    with output(file) as show:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        show("tg_x")
    assert file.read_text() == "tg_x\n"


def test_no_file_is_left_without_a_token(tmp_path: Path) -> None:
    """So the command can be given again as it was."""
    file = tmp_path / "token"
    with pytest.raises(RuntimeError), output(file):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_or_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """A link is not followed, what it leads to is not written."""
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    for file in (link, tmp_path, tmp_path / "no" / "token"):
        with pytest.raises(OperatorError, match="nothing was changed"), output(file):
            raise AssertionError
    assert not (tmp_path / "elsewhere").exists()
