"""`build/local.env`: what points a shell, an SDK or the AWS CLI at the local run."""

import contextlib
import re
import shlex
from collections.abc import Mapping
from pathlib import Path

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def write(path: Path, *, endpoint_url: str, region: str, ingest_url: str, outputs: Mapping[str, str]) -> None:
    """Write `export NAME=value` lines, all at once, so that a reader who waits for the file never gets half of it.

    The credentials are made up: nothing checks them, and they must not be anyone's real ones. Each output of the
    stack is there as TIDEGAUGE_<NAME_IN_CAPITALS>.
    """
    variables = {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "",
        "AWS_PAGER": "",
        "TIDEGAUGE_URL": ingest_url,
        "TIDEGAUGE_TOKEN": "",
        **{f"TIDEGAUGE_{_WORD.sub('_', name).upper()}": value for name, value in outputs.items()},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items()))
    partial.rename(path)


def remove(path: Path, *, endpoint_url: str) -> None:
    """Take the file away, unless it points at another run by now."""
    with contextlib.suppress(FileNotFoundError):
        if f"export AWS_ENDPOINT_URL={endpoint_url}\n" in path.read_text():
            path.unlink()
