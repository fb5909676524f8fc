"""pytest with these arguments: `python -m tests.support.run_tests tests/ops -x`.

In CI, the tests that failed in up to three files run once more, alone, and the output says so: much here waits for
processes on a machine that is shared, and what a file's tests share fails them all. What is wrong fails twice.
Compiled code is kept, whatever the environment says of it: every worker reads every file, and each run of the pipeline
starts many processes.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

_FAILED = Path(".pytest_cache/v/cache/lastfailed")
_AGAIN = ("-n", "0", "--last-failed", "--last-failed-no-failures=none")


def _main() -> int:
    pytest = [sys.executable, "-m", "pytest", "-q", *sys.argv[1:]]
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    _FAILED.unlink(missing_ok=True)
    status = subprocess.run(pytest, check=False).returncode
    if status != 1 or "CI" not in os.environ:
        return status
    failed = list(json.loads(_FAILED.read_text()))
    files = {name.partition("::")[0] for name in failed}
    # A file that could not be collected, or a worker that ended, is no test that could pass the next time.
    if len(files) > 3 or not all("::" in name for name in failed):
        return status
    print(f"== {len(failed)} failed; once more, alone", flush=True)
    return subprocess.run([*pytest, *_AGAIN], check=False).returncode


if __name__ == "__main__":
    sys.exit(_main())
