"""`ops rules test`: the tests of rule files, run and told of."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.periods import Timing
from ops import stack
from ops.bundle import ROOT
from ops.errors import OperatorError
from ops.output import counted, sanitize
from ops.points.rules import limits_of
from ops.replay.replay import Deployment
from ops.rule_files import FOLDER, SUFFIXES, Mistake
from ops.rule_tests.junit import junit_xml
from ops.rule_tests.reading import ReadTests, files_of_tests, read_test_files
from ops.rule_tests.running import run_test
from templates.config import Config


def run(options: argparse.Namespace) -> int:
    """Run the tests; 0 only if there are some and all pass. OperatorError with all mistakes of the files at once."""
    config = stack.settings(options.environment)
    found = _read(options, config.alerts.tick_seconds)
    tests = [test for test in found.tests if options.only in test.name]
    if not tests:
        names = ", ".join(repr(test.name) for test in found.tests[:10])
        raise _nothing_run(options, f"no test has {options.only!r} in its name; there are {names}")
    began_s = time.perf_counter()
    deployment = _deployment(config)
    outcomes = []
    for test in tests:
        outcome = run_test(test, deployment)
        outcomes.append(outcome)
        if outcome.differences:
            print(f"FAILED {sanitize(f'{test.file}:{test.line}: {test.name}')}")
            for line in outcome.differences:
                print(f"    {sanitize(line)}")
    if options.junit:
        _write(options.junit, junit_xml(outcomes))
    _say_what_is_untested(options, found)
    failed = sum(bool(outcome.differences) for outcome in outcomes)
    verdict = f"{failed} failed" if failed else "all passed"
    print(f"{counted(len(outcomes), 'test')}, {verdict} in {time.perf_counter() - began_s:.1f} s")
    return int(bool(failed))


def _read(options: argparse.Namespace, tick_seconds: int) -> ReadTests:
    """The tests of the files, of which there is at least one."""
    folders: Sequence[Path] = options.paths or [Path(os.path.relpath(ROOT / FOLDER))]
    files = files_of_tests(folders)
    if not files:
        endings = " or ".join(f"*{suffix}" for suffix in SUFFIXES)
        raise _nothing_run(options, f"no tests: there is no {endings} in {', '.join(map(str, folders))}")
    found = read_test_files(files, tick_seconds)
    if found.mistakes:
        if options.junit:
            _write(options.junit, junit_xml((), found.mistakes))
        listed = "\n".join(map(str, found.mistakes))
        raise OperatorError(f"{counted(len(found.mistakes), 'mistake')}; no test was run:\n{listed}")
    return found


def _nothing_run(options: argparse.Namespace, why: str) -> OperatorError:
    """The error of a run without tests, which is an error in JUnit's file, too: CI would take the one before for it."""
    if options.junit:
        _write(options.junit, junit_xml((), [Mistake(Path("-"), 1, why)]))
    return OperatorError(why)


def _deployment(config: Config) -> Deployment:
    alerts = config.alerts
    return Deployment(
        timing=Timing(alerts.tick_seconds, alerts.grace_seconds),
        origin=Origin(config.home, config.environment),
        group_cap=alerts.maximum_groups,
        limits=limits_of(config.store),
    )


def _say_what_is_untested(options: argparse.Namespace, found: ReadTests) -> None:
    tested = {rule.rule_id for test in found.tests for rule in test.rules}
    untested = [rule.rule_id for rule in found.rules if rule.rule_id not in tested]
    if untested and not options.only:
        print(f"note: no test of {', '.join(untested)}", file=sys.stderr)


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise OperatorError(f"--junit {path}: cannot be written: {error.strerror}") from error
