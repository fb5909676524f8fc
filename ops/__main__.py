"""`python -m ops`: what the operator of a deployment types."""

import io
import sys
from collections.abc import Mapping, Sequence

# Each is a module of this package, with `add_arguments(parser)`. Only the one that is called is imported: some take
# the templates with them, and so most of a second.
COMMANDS: Mapping[str, str] = {
    "bundle": "build the functions' code with its dependencies",
    "publish": "create the artifacts stack and upload the functions' code",
    "deploy": "create or update the regional stack with the code that publish uploaded",
    "rollout": "bring code and templates to every region, canary first",
    "fleet": "every region: status, networks, taking a region's data back",
    "cost": "price a month of an environment, idle and under a load",
    "console": "one page to look at: pipeline, metrics, alerts, quarantine, exports, fleet",
    "query": "ask the metrics in SQL",
    "clients": "clients with tokens: add, list, rotate, revoke, sync",
    "send": "send the points of a file to the ingest API",
    "quarantine": "points that were accepted and could not be stored: list, show, redrive, drop, query",
    "request": "a request's account: where each of its points ended",
    "metrics": "metrics and series, with dimensions and last values",
    "check": "hold points of a file against the rules of the pipeline, before they are sent",
    "rules": "alert rules: check, test, plan, apply, list, delete",
    "alerts": "alerts: list, show, ack, silence, close",
    "store": "copy the points of a Timestream environment into a lake",
    "export": "export hours, and see how the exports are",
    "status": "one region in one screen: what runs, what is late, what is wrong",
    "logs": "log lines of functions, state machines and the API, or of one request",
}


_INSTALLED = "what it needs is installed by `make run`, for .venv/bin/python -m ops"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status says whether it did what was asked, or that it was interrupted."""
    try:
        # Loading all this takes a moment, in which Ctrl-C must already end in silence.
        import os  # noqa: PLC0415 - see above
        import signal  # noqa: PLC0415 - see above

        _open_streams(os.devnull)
        from ops import command_line  # noqa: PLC0415 - see above

        status = command_line.run(COMMANDS, sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read, `head` say, has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except KeyboardInterrupt:
        return 130
    except ModuleNotFoundError as error:
        print(f"python -m ops: {sys.executable} has no {error.name}: {_INSTALLED}", file=sys.stderr)
        return 1
    return status


def _open_streams(nothing: str) -> None:
    """Open what the shell closed, and let no character fail that a terminal's encoding lacks."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(nothing, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - as long as the process
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
