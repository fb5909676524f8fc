"""First code of a function's process: ties its life to the parent's, then becomes AWS's runtime client.

Run by path, isolated (`-I -S`): arguments are the parent's process id, the bundle, the runtime client's folder and
the handler. Imports nothing of this project.
"""

import ctypes
import importlib
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Start the runtime client with the function's bundle first on the path, as on Lambda."""
    parent, bundle, runtime, handler = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent):
            os._exit(1)
    sys.path[:0] = [bundle, runtime]
    # Ctrl-C in the terminal is the parent's to handle.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    importlib.import_module("awslambdaric.__main__").main(["bootstrap", handler])


if __name__ == "__main__":
    main()
