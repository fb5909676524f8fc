"""`python -m local`: the generated stack on this machine, fed with its metrics."""

import argparse
import contextlib
import ctypes
import gc
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from local.errors import LocalError
from local.faults import fault_of
from local.run_folder import run_folder

_M_ARENA_MAX = -8


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until Ctrl-C, SIGTERM or the duration; 0 only if every accepted point is accounted for.

    1: points are unaccounted for, or something failed while it ran; 2: it could not start as asked.
    """
    options = _parser().parse_args(arguments)
    _share_heaps()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        if options.data is not None:
            _expect_folder(options.data)
        print("loading     the local AWS", flush=True)
        with run_folder() as folder:
            return _run(options, options.data or folder)
    except KeyboardInterrupt:
        print("ended before it was ready", file=sys.stderr)
        return 130
    except BrokenPipeError:  # nobody reads any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except LocalError as error:
        print(f"python -m local: {error}", file=sys.stderr)
        return 2


def _share_heaps() -> None:
    """Let all threads have two heaps, where the C library knows this: each of their own keeps what was large once.

    https://man7.org/linux/man-pages/man3/mallopt.3.html
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


def _expect_folder(path: Path) -> None:
    """Make the folder of the store if it is not there; LocalError if it cannot be one."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LocalError(f"--data {path}: no folder can be there: {error.strerror}") from error


def _run(options: argparse.Namespace, data: Path) -> int:
    # What is loaded and made now stays: looking for garbage in it would take a fifth of the start.
    gc.disable()
    # Loading this takes a second or two, in which a signal must already end the run in order.
    from local.run import Run, Settings  # noqa: PLC0415 - see above
    from local.view.live import LiveView  # noqa: PLC0415 - see above
    from local.view.plain import PlainView  # noqa: PLC0415 - see above

    view = LiveView() if sys.stdout.isatty() else PlainView()
    settings = Settings(
        environment=options.environment,
        regions=tuple(options.region or ()),
        port=options.port,
        aws_port=options.aws_port,
        duration_s=options.duration,
        feed=not options.no_feed,
        data=data,
        environment_file=options.env_file,
        console=options.console,
        faults=_faults(options),
    )
    try:
        with Run(settings, view) as run:
            gc.freeze()
            # Requests make many small objects and few cycles: looking for those as often as by default takes a tenth.
            gc.set_threshold(20_000, 20, 5)
            gc.enable()
            return run.until_interrupted()
    finally:
        gc.enable()
        view.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument(
        "--environment", default="dev", metavar="NAME", help="environments/NAME.toml (default dev)"
    )
    parser.add_argument(
        "--region",
        action="append",
        metavar="REGION",
        help="may be repeated; default: the environment's first",
    )
    parser.add_argument(
        "--port",
        type=_port,
        help="of the first region's API; further ones count up; auto: free ones (default: the environment's, 8080)",
    )
    parser.add_argument(
        "--aws-port",
        type=_port,
        help="of the one local AWS endpoint, or auto (default: the environment's, 4566)",
    )
    parser.add_argument("--duration", type=_seconds, metavar="SECONDS", help="end by itself, with a summary")
    parser.add_argument("--no-feed", action="store_true", help="do not send this machine's metrics")
    parser.add_argument(
        "--env-file",
        type=Path,
        metavar="FILE",
        help="where the addresses are written as shell variables (default build/local.env; while that is another "
        "run's, build/local-<aws port>.env)",
    )
    parser.add_argument(
        "--console",
        nargs="?",
        type=_port,
        const=0,
        metavar="PORT",
        help="serve the page of `ops console`, too (default: at 8090, or any free port)",
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="keep the store here, and start from what is there"
    )
    parser.add_argument(
        "--fault",
        action="append",
        type=fault_of,
        metavar="SPEC",
        help="have something fail from the start, as kinesis:PutRecord=throttle@10%%x100 or a JSON object as "
        "/_local/faults takes it; may be repeated (docs/local.md)",
    )
    parser.add_argument(
        "--fault-seed", type=_whole, metavar="N", help="let what the faults strike follow from this number"
    )
    return parser


def _faults(options: argparse.Namespace) -> tuple[Mapping[str, Any], ...]:
    seed = () if options.fault_seed is None else ({"seed": options.fault_seed},)
    return (*seed, *(options.fault or ()))


def _whole(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a seed; give a whole number of at least 0")
    return int(text)


def _port(text: str) -> int:
    if text == "auto":
        return 0
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; give a number from 1 to 65535, or auto")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration; give a number of seconds above 0")
    return seconds


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    _status = main()
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.flush()
    # Everything is closed. Threads that wait for nothing any more keep DuckDB, which would write a line for each of its
    # objects when the interpreter takes itself down, so it is not waited for.
    os._exit(_status)
