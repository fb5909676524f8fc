"""The newest trouble of a run: what a part of it reports, or warns of in its log."""

import logging
import time
from collections.abc import Callable
from pathlib import Path


class LastError:
    """The newest error and since when it is known; sources whose text changes have a new one."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self.text = ""
        self._at_s = 0.0

    @property
    def age_s(self) -> float:
        """The seconds since it was noted."""
        return time.monotonic() - self._at_s

    def note(self, source: str, text: str) -> None:
        """Take a source's text, which may be the one that it had before."""
        if text and self._texts.get(source) != text:
            self.text, self._at_s = text, time.monotonic()
        self._texts[source] = text


class WarningsToFile(logging.Handler):
    """A log handler that keeps warnings whole in a file, tracebacks too, and tells of each in a line."""

    def __init__(self, path: Path, tell: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._file, self._tell = logging.FileHandler(path, mode="w", encoding="utf-8"), tell
        self._file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it, and tell of it."""
        self._file.emit(record)
        failed = record.exc_info[1] if record.exc_info else None
        self._tell(f"{record.getMessage()}: {failed}" if failed else record.getMessage())

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()
