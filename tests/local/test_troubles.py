"""The newest trouble of a run."""

import logging
from pathlib import Path

from local.troubles import LastError, WarningsToFile


def test_the_last_error_is_the_newest_of_all_sources() -> None:
    """A source that repeats itself, or is well again, takes no other one's place."""
    last = LastError()
    assert last.text == ""
    last.note("feed", "503: busy")
    last.note("prober", "throttled")
    last.note("feed", "503: busy")
    last.note("prober", "")
    assert last.text == "throttled"
    last.note("feed", "413: large")
    assert (last.text, last.age_s < 60) == ("413: large", True)


def test_warnings_go_to_a_file_whole_and_are_told_of_in_a_line(tmp_path: Path) -> None:
    """A traceback is for the file; nothing is printed."""
    told: list[str] = []
    handler = WarningsToFile(tmp_path / "run.log", told.append)
    log = logging.getLogger("tests.troubles")
    log.addHandler(handler)
    log.propagate = False
    try:
        int("no number")
    except ValueError:
        log.exception("POST / failed")
    log.info("nothing to see")
    log.removeHandler(handler)
    handler.close()
    assert told == ["POST / failed: invalid literal for int() with base 10: 'no number'"]
    assert "Traceback" in (tmp_path / "run.log").read_text()
