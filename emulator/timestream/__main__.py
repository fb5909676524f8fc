"""Run the local Timestream: `python -m emulator.timestream --port 4567 --data DIR`."""

import argparse
import gc
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from emulator.errors import PortInUseError
from emulator.http_server import LOOPBACK
from emulator.timestream.clock import Clock
from emulator.timestream.errors import ServiceError
from emulator.timestream.server import DataFolderError, Server


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; 2 when that cannot begin."""
    options = _options(arguments)
    try:
        server = Server(
            options.data,
            port=options.port,
            clock=Clock(options.clock_offset),
            s3_endpoint=options.s3_endpoint,
            fsync=options.fsync,
            memory_limit_mb=options.memory_limit_mb,
            host=options.host,
            salvage=options.salvage,
        )
    except DataFolderError as error:
        return _refuse(f"cannot use the data folder {options.data}: {error}")
    except (OSError, PortInUseError) as error:
        reason = getattr(error, "strerror", error)
        return _refuse(f"cannot listen on {options.host}:{options.port}: {reason}")
    if options.host != LOOPBACK:
        warning = (
            "whoever reaches this address may read and write everything: nobody's credentials are checked"
        )
        print(f"python -m emulator.timestream: warning: --host {options.host}: {warning}", file=sys.stderr)
    # Requests make many small objects and no cycles; looking for those too often takes a tenth of the time.
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    ended = _first_signal()
    server.start()
    print(f"Timestream: {server.url} (data in {options.data})", flush=True)
    # The system closes the pipe of a parent that is killed, too.
    select.select([ended, sys.stdin] if options.until_stdin_closes else [ended], [], [])
    server.close()
    return 0


def _first_signal() -> socket.socket:
    """A socket that has something to read once SIGTERM or SIGINT came, to whichever thread."""
    reading, writing = socket.socketpair()
    writing.setblocking(False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(writing.detach(), warn_on_full_buffer=False)
    return reading


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m emulator.timestream", description=__doc__)
    port = _whole(0, 65_535, "port number from 0 to 65535")
    megabytes = _whole(64, 1 << 40, "whole number of megabytes of at least 64")
    parser.add_argument(
        "--port", type=port, default=4567, help="port to listen on (0: any free one; default 4567)"
    )
    parser.add_argument(
        "--host",
        default=LOOPBACK,
        help=f"address to listen on (default {LOOPBACK}; any other is open to others)",
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="folder for the data, one folder per region inside"
    )
    parser.add_argument("--s3-endpoint", help="URL of the S3 that UNLOAD writes to")
    parser.add_argument(
        "--clock-offset", type=_seconds, default=0.0, help="seconds by which the clock is ahead"
    )
    parser.add_argument(
        "--fsync", action="store_true", help="wait for the disk before a write is acknowledged"
    )
    parser.add_argument(
        "--salvage", action="store_true", help="start from a damaged write log with what is whole in it"
    )
    parser.add_argument(
        "--memory-limit-mb", type=megabytes, default=400, help="memory of the SQL engine per region"
    )
    parser.add_argument(
        "--until-stdin-closes", action="store_true", help="end when standard input does, so with the parent"
    )
    return parser.parse_args(arguments)


def _seconds(text: str) -> float:
    try:
        return Clock(float(text)).offset_seconds
    except (ValueError, ServiceError) as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of seconds by which a clock can be ahead"
        ) from error


def _whole(least: int, most: int, described: str) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if text.isascii() and text.isdigit() and least <= int(text) <= most:
            return int(text)
        raise argparse.ArgumentTypeError(f"{text!r} is no {described}")

    return parse


def _refuse(reason: str) -> int:
    print(f"python -m emulator.timestream: {' '.join(reason.split())}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    _status = main()
    sys.stdout.flush()
    # All files are closed. Threads of idle connections may hold the interpreter up, so it is not waited for.
    os._exit(_status)
