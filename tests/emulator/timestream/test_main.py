"""Starting and ending the server as a program."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from emulator.timestream.__main__ import main
from tests.support.timestream_factory import DATABASE, TABLE, record
from tests.support.timestream_process import Client, Process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_the_server_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    """SIGTERM and SIGINT end it with status 0, and what it had is there at the next start."""
    process = Process(tmp_path)
    process.start()
    client = Client(process.port)
    assert client.call("CreateDatabase", {"DatabaseName": "metrics"})[0] == 200
    process.running.send_signal(number)
    assert process.terminate() == 0
    client.close()
    process.start()
    client = Client(process.port)
    assert len(client.call("ListDatabases", {})[1]["Databases"]) == 1
    client.close()
    assert process.terminate() == 0


def test_port_in_use_is_one_line_and_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A program whose port is taken says so, frees its data folder and ends with 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for _ in range(2):
            assert main(["--port", str(port), "--data", str(tmp_path)]) == 2
            error = capsys.readouterr().err
            assert error.count("\n") == 1
            assert f"127.0.0.1:{port}" in error
            assert "in use" in error


def test_data_folder_in_use_is_one_line_and_status_2(tmp_path: Path) -> None:
    """Two servers never share a folder."""
    process = Process(tmp_path)
    process.start()
    command = [sys.executable, "-m", "emulator.timestream", "--port", "0", "--data", str(tmp_path)]
    second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert second.returncode == 2
    assert second.stderr == (
        f"python -m emulator.timestream: cannot use the data folder {tmp_path}: another process uses it\n"
    )
    assert process.terminate() == 0


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--data", "x", "--port", "http"],
        ["--data", "x", "--port", "65536"],
        ["--data", "x", "--memory-limit-mb", "1"],
        ["--data", "x", "--clock-offset", "soon"],
        ["--data", "x", "--clock-offset", "-5"],
        ["--data", "x", "--clock-offset", "nan"],
        ["--data", "x", "--unknown"],
    ],
    ids=str,
)
def test_bad_arguments_are_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Arguments that make no sense end the program with 2 before it does anything."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_unusable_data_folder_is_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file where the folder should be is told in one line."""
    (tmp_path / "file").write_text("")
    assert main(["--port", "0", "--data", str(tmp_path / "file")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_server_ends_with_the_process_that_holds_its_standard_input(tmp_path: Path) -> None:
    """Told so, it ends cleanly when standard input closes, as it does when the parent is killed."""
    command = [
        sys.executable,
        "-m",
        "emulator.timestream",
        "--port",
        "0",
        "--data",
        str(tmp_path),
        "--until-stdin-closes",
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        assert "Timestream: http://127.0.0.1:" in server.stdout.readline()
        assert server.poll() is None
        server.stdin.close()
        assert server.wait(30) == 0


def test_another_address_is_warned_of(tmp_path: Path) -> None:
    """--host listens on that address, and says to whom that opens everything."""
    command = [sys.executable, "-m", "emulator.timestream", "--port", "0", "--data", str(tmp_path)]
    with subprocess.Popen(
        [*command, "--host", "127.0.0.2", "--until-stdin-closes"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        assert server.stderr is not None
        port = int(server.stdout.readline().split("http://127.0.0.2:")[1].split()[0])
        socket.create_connection(("127.0.0.2", port), timeout=10).close()
        server.stdin.close()
        assert "warning: --host 127.0.0.2: whoever reaches this address" in server.stderr.read()


def test_zeros_at_the_end_of_the_log_are_no_obstacle(tmp_path: Path) -> None:
    """After a power cut that left zeros behind the last write the server starts with every write."""
    process, log = _with_writes(tmp_path, 3)
    with log.open("ab") as file:
        file.write(bytes(4096))
    process.start()
    assert _count(process) == 3
    assert process.terminate() == 0


def test_a_flipped_bit_is_told_and_can_be_salvaged(tmp_path: Path) -> None:
    """A damaged log ends the start with 2 and one line that says where; --salvage loses that write alone."""
    process, log = _with_writes(tmp_path, 5)
    content = bytearray(log.read_bytes())
    places = [place for place in range(len(content)) if content.startswith(b'"Records"', place)]
    content[places[1]] ^= 1
    log.write_bytes(content)
    command = [sys.executable, "-m", "emulator.timestream", "--port", "0", "--data", str(tmp_path)]
    for _ in range(2):
        refused = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
        assert refused.returncode == 2
        assert refused.stderr.count("\n") == 1
        assert f"{log} is damaged at byte" in refused.stderr
        assert "3 whole writes follow; no write was dropped. --salvage" in refused.stderr
        assert log.read_bytes() == content
    process = Process(tmp_path, "--salvage")
    process.start()
    assert _count(process) == 4
    assert process.terminate() == 0
    assert log.with_name(f"{log.name}.damaged").read_bytes() == content
    process = Process(tmp_path)
    process.start()
    assert _count(process) == 4
    assert process.terminate() == 0


def test_a_log_without_its_tables_is_refused(tmp_path: Path) -> None:
    """A folder whose DuckDB file is gone is not taken for an empty one."""
    process, log = _with_writes(tmp_path, 1)
    assert process.running.poll() is not None
    tables = log.with_name("store.duckdb")
    tables.unlink()
    tables.with_name("store.duckdb.wal").unlink(missing_ok=True)
    command = [sys.executable, "-m", "emulator.timestream", "--port", "0", "--data", str(tmp_path)]
    refused = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert refused.returncode == 2
    assert f"{tables} is missing, but its write log is there" in refused.stderr


def test_damaged_tables_are_told(tmp_path: Path) -> None:
    """A DuckDB file that cannot be read ends the start with one line that names it."""
    _, log = _with_writes(tmp_path, 1)
    log.with_name("store.duckdb").write_bytes(b"no DuckDB at all" * 1000)
    command = [sys.executable, "-m", "emulator.timestream", "--port", "0", "--data", str(tmp_path)]
    refused = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "a store.duckdb in it, or the .wal beside it, is damaged or of another version" in refused.stderr


def _with_writes(data: Path, number: int) -> tuple[Process, Path]:
    """A killed server, of which so many writes are in the log alone, and that log."""
    process = Process(data)
    process.start()
    client = Client(process.port)
    assert client.call("CreateDatabase", {"DatabaseName": DATABASE})[0] == 200
    assert client.call("CreateTable", {"DatabaseName": DATABASE, "TableName": TABLE})[0] == 200
    now_ns = time.time_ns()
    for later in range(number):
        request = {
            "DatabaseName": DATABASE,
            "TableName": TABLE,
            "Records": [record(Time=str(now_ns + later))],
        }
        assert client.call("WriteRecords", request)[0] == 200
    client.close()
    process.kill()
    (log,) = data.glob("*/writes-*.log")
    return process, log


def _count(process: Process) -> int:
    client = Client(process.port)
    found = int(client.rows(f'SELECT count(*) FROM "{DATABASE}"."{TABLE}"')[0][0])
    client.close()
    return found
