"""Starting and ending the server as a program."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.timestream.__main__ import main
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
