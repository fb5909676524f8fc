"""`build/local.env`: what points a shell, an SDK or the AWS CLI at the local run."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from local.errors import LocalError
from local.lock import PathLock

DEFAULT = Path("build") / "local.env"
"""The file of the first run in a checkout."""
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class EnvironmentFile:
    """The file of one run: no other run writes it or takes it away for as long as this one lives."""

    def __init__(self, lock: PathLock) -> None:
        self.path, self._lock = lock.path, lock

    @classmethod
    def claim(cls, path: Path | None, *, aws_port: int) -> Self:
        """The file of the run at this port: the one asked for, or build/local.env, or one of its own beside that.

        LocalError when the one asked for is that of another run, which lives, or cannot be written.
        """
        paths = [path] if path else [DEFAULT, DEFAULT.with_name(f"local-{aws_port}.env")]
        try:
            lock = PathLock.take(*paths)
        except OSError as error:
            raise LocalError(f"--env-file {paths[0]}: cannot be written: {error.strerror}") from error
        if lock is None:
            raise LocalError(
                f"--env-file {paths[-1]} is that of a run that is up: name another, or end that run"
            )
        return cls(lock)

    def write(
        self,
        *,
        endpoint_url: str,
        environment: str,
        region: str,
        ingest_url: str,
        token: str,
        outputs: Mapping[str, str],
    ) -> None:
        """Write `export NAME=value` lines, all at once, so that a reader who waits for the file never gets half of it.

        The credentials are made up: nothing checks them, and they must not be anyone's real ones. A token is the run's,
        and goes with it; so the file is its owner's alone. Each output of the stack is there as
        TIDEGAUGE_<NAME_IN_CAPITALS>.
        """
        variables = {
            "AWS_ENDPOINT_URL": endpoint_url,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_SESSION_TOKEN": "",
            "AWS_PAGER": "",
            "TIDEGAUGE_ENVIRONMENT": environment,
            "TIDEGAUGE_URL": ingest_url,
            "TIDEGAUGE_TOKEN": token,
            **{f"TIDEGAUGE_{_WORD.sub('_', name).upper()}": value for name, value in outputs.items()},
        }
        partial = self.path.with_name(f".{self.path.name}.partial")
        partial.unlink(missing_ok=True)
        partial.touch(mode=0o600)
        partial.write_text(
            "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
        )
        partial.rename(self.path)

    def remove(self) -> None:
        """Take the file away, if it was written, and leave the path to others."""
        if self._lock.in_force:
            self.path.unlink(missing_ok=True)
        self._lock.free()
