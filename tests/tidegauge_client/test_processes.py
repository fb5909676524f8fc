"""Processes that fork, end, and are ended, each in an interpreter of its own."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.support.documents import blocks
from tests.support.scripted_api import HANG_UP, dribble, scripted_api, status

CLIENT = Path(__file__).resolve().parents[2] / "clients" / "python"
BEGINNING = """
import os, sys, time
from tidegauge_client import Client
client = Client(sys.argv[1], interval_s=600, exit_s=3)
"""


def python(url: str, script: str, *, expected: int = 0) -> str:
    """The output of a script that has a client."""
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", BEGINNING + textwrap.dedent(script), url],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(CLIENT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == expected, done.stderr
    return done.stdout + done.stderr


def test_what_is_left_goes_at_the_end_of_the_process() -> None:
    """Also after an outage that is shorter than the time which it has."""
    with scripted_api(HANG_UP, status(503)) as api:
        assert python(api.url, "client.record('m', 1); client.record('m', 2)") == ""
        assert api.values == [1.0, 2.0]


def test_a_process_ends_in_time_and_says_what_is_lost() -> None:
    """The API may be away for good."""
    with scripted_api(then=status(503, Retry_After="60")) as api:
        output = python(api.url, "client.record('m', 1)")
    assert "1 points were dropped (closed): 503" in output


def test_an_uncaught_exception_loses_nothing() -> None:
    """The points that led to it are those that are wanted."""
    with scripted_api() as api:
        python(api.url, "client.record('m', 1); raise SystemExit(3)", expected=3)
        python(api.url, "client.record('m', 2); 1 // 0", expected=1)
        assert api.values == [1.0, 2.0]


def test_the_child_of_a_fork_starts_afresh_and_the_parent_goes_on() -> None:
    """Nothing is lost, and nothing is sent twice, whoever ends first and how."""
    with scripted_api() as api:
        output = python(
            api.url,
            """
            client.record("parent", 0)
            client.flush()
            client.record("parent", 1)
            for number in range(3):
                pid = os.fork()
                if pid == 0:
                    assert client.stats().recorded == 0, client.stats()
                    client.record("child", number)
                    if number:
                        sys.exit()
                    client.close()
                    os._exit(0)
                os.waitpid(pid, 0)
                client.record("parent", 2 + number)
            client.close()
            print(client.stats().accepted)
            """,
        )
        found = sorted((point["metric_name"], point["value"]) for point in api.accepted)
    assert output.strip() == "5"
    assert found == [("child", float(number)) for number in range(3)] + [
        ("parent", float(number)) for number in range(5)
    ]


def test_a_fork_in_the_midst_of_everything_stops_nobody() -> None:
    """Threads that record and a request under way are the parent's; the child's own points arrive."""
    with scripted_api() as api:
        python(
            api.url,
            """
            import threading
            going = True
            def work():
                while going:
                    client.record("parent", 1)
                    time.sleep(0.0001)
            threads = [threading.Thread(target=work) for _ in range(4)]
            for thread in threads: thread.start()
            for number in range(20):
                pid = os.fork()
                if pid == 0:
                    client.record("child", number)
                    client.close()
                    os._exit(0 if client.stats().accepted == 1 else 1)
                assert os.waitpid(pid, 0)[1] == 0
            going = False
            for thread in threads: thread.join()
            client.close(20)
            stats = client.stats()
            assert stats.recorded == stats.accepted, stats
            """,
        )
        children = sorted(point["value"] for point in api.accepted if point["metric_name"] == "child")
        times = [point["timestamp"] for point in api.accepted]
    assert children == list(range(20))
    assert len(set(times)) == len(times)


def test_a_fork_while_the_first_connection_is_made_locks_nobody_out() -> None:
    """A child cannot import what its parent's thread was importing, so to send imports nothing."""
    with scripted_api(status(503, Retry_After="0")) as api:
        output = python(
            api.url,
            """
            client = Client(sys.argv[1], interval_s=600, batch_points=1, exit_s=20)
            before = set(sys.modules)
            client.record("parent", 1)
            children = []
            for number in range(20):
                time.sleep(0.0005)
                pid = os.fork()
                if pid == 0:
                    client.record("child", number)
                    client.close()
                    os._exit(0 if client.stats().accepted == 1 else 1)
                children.append(pid)
            assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 20
            client.close()
            print(sorted(set(sys.modules) - before))
            """,
        )
    assert output.strip() == "[]"


def test_the_child_of_a_fork_reads_nothing_from_its_parents_connection() -> None:
    """Its answer is on its way, and arrives at the parent alone."""
    with scripted_api(
        dribble(f"HTTP/1.1 202 x\r\nContent-Length: 40\r\n\r\n{'x' * 40}", every_s=0.01)
    ) as api:
        python(
            api.url,
            """
            client = Client(sys.argv[1], interval_s=600, batch_points=1, exit_s=20)
            client.record("parent", 1)
            for number in range(10):
                time.sleep(0.07)
                pid = os.fork()
                if pid == 0:
                    client.record("child", number)
                    client.close()
                    os._exit(0 if client.stats().accepted == 1 else 1)
                assert os.waitpid(pid, 0)[1] == 0
            client.close()
            assert client.stats().accepted == 1, client.stats()
            """,
        )
        assert len(api.requests) == 11


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_of_multiprocessing_lose_nothing(method: str, tmp_path: Path) -> None:
    """They end without what `atexit` has."""
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import multiprocessing, sys
            from tidegauge_client import Client
            client = Client(sys.argv[1], interval_s=600)
            def work(number):
                client.record("child", number)
            if __name__ == "__main__":
                context = multiprocessing.get_context("{method}")
                client.record("parent", 0)
                processes = [context.Process(target=work, args=(number,)) for number in range(3)]
                for process in processes: process.start()
                for process in processes: process.join()
            """
        )
    )
    with scripted_api() as api:
        subprocess.run(
            [sys.executable, str(script), api.url],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(CLIENT)},
            check=True,
            timeout=60,
        )
        assert sorted(api.values) == [0.0, 0.0, 1.0, 2.0]


def test_the_readmes_example_sends_its_point() -> None:
    """As it stands, with the address and the token that a local run's file names."""
    [example] = [
        one.text for one in blocks() if (one.name, one.language) == ("clients/python/README.md", "python")
    ]
    with scripted_api() as api:
        subprocess.run(
            [sys.executable, "-c", example],
            env={"PYTHONPATH": str(CLIENT), "TIDEGAUGE_BASE_URL": api.url, "TIDEGAUGE_TOKEN": "tg_x"},
            check=True,
            timeout=60,
        )
        assert api.values == [0.213]
    assert api.requests[0].headers["authorization"] == "Bearer tg_x"
