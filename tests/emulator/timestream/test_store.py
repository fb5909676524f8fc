"""SIGKILL at any moment: what was acknowledged is there afterwards, once."""

import errno
import http.client
import os
import random
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest

from emulator.timestream.errors import InternalServerException
from emulator.timestream.logreader import DamagedLogError
from emulator.timestream.store import Store
from tests.support.timestream_factory import (
    DATABASE,
    NOW_NS,
    TABLE,
    ManualClock,
    create,
    record,
    select,
    write,
)
from tests.support.timestream_process import Client, Process

# TIDEGAUGE_KILLS=100 for the long run.
ROUNDS = int(os.environ.get("TIDEGAUGE_KILLS", "4"))
WRITERS = 2
CALL = 100


class Writer(threading.Thread):
    """Writes until the connection breaks; knows for each point which values it may have then.

    A point that was acknowledged has exactly the value of its last acknowledged write, or that of the one write after
    it whose answer never came.
    """

    def __init__(self, port: int, name: str, start_ms: int) -> None:
        super().__init__()
        self._client = Client(port)
        self._name = name
        self._start_ms = start_ms
        self.acknowledged: dict[tuple[str, int], float] = {}
        self.pending: dict[tuple[str, int], float] = {}
        self.unexpected: list[Any] = []

    def run(self) -> None:
        """Write new points, points in between, the same points again, and new versions of old ones."""
        version = 0
        dice = random.Random(self._name)
        try:
            while True:
                version += 1
                known = list(self.acknowledged)
                kind = dice.choice(["new", "new", "new", "late", "again", "replace"]) if known else "new"
                points = self._points(kind, version, known, dice)
                self.pending = points
                status, answer = self._client.call("WriteRecords", self._request(points, version))
                if status != 200:
                    self.unexpected.append(answer)
                self.acknowledged.update(points)
                self.pending = {}
        except (OSError, http.client.HTTPException):
            self._client.close()

    def _points(
        self, kind: str, version: int, known: list[tuple[str, int]], dice: random.Random
    ) -> dict[tuple[str, int], float]:
        if kind in {"again", "replace"}:
            keys = dice.sample(known, min(CALL, len(known)))
            return {key: self.acknowledged[key] if kind == "again" else version + 0.5 for key in keys}
        behind = 500 if kind == "late" else 0
        times = (self._start_ms + version * 1_000 + step - behind * 1_000 for step in range(CALL))
        return {(f"{self._name}-{step % 7}", moment): version for step, moment in enumerate(times)}

    def _request(self, points: dict[tuple[str, int], float], version: int) -> dict[str, Any]:
        common = {"MeasureName": "metric", "MeasureValueType": "MULTI", "Version": version}
        records = [
            {
                "Dimensions": [{"Name": "host", "Value": host}],
                "MeasureValues": [{"Name": "value", "Value": str(value), "Type": "DOUBLE"}],
                "Time": str(moment),
            }
            for (host, moment), value in points.items()
        ]
        return {"DatabaseName": DATABASE, "TableName": TABLE, "CommonAttributes": common, "Records": records}


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    """A server whose table takes records of the last day."""
    process = Process(tmp_path / "data")
    process.start()
    client = Client(process.port)
    assert client.call("CreateDatabase", {"DatabaseName": DATABASE})[0] == 200
    retention = {"MemoryStoreRetentionPeriodInHours": 48, "MagneticStoreRetentionPeriodInDays": 10}
    table = {"DatabaseName": DATABASE, "TableName": TABLE, "RetentionProperties": retention}
    assert client.call("CreateTable", table)[0] == 200
    client.close()
    yield process
    process.kill()


@pytest.mark.timeout(60 + 10 * ROUNDS)
def test_acknowledged_records_survive_sigkill(process: Process) -> None:
    """After any number of kills under load each acknowledged point is there once, with its last value."""
    dice = random.Random(20181101)
    expected: dict[tuple[str, int], float] = {}
    start_ms = int(time.time() * 1_000) - 20 * 3_600_000
    for number in range(ROUNDS):
        writers = [Writer(process.port, f"r{number}w{one}", start_ms) for one in range(WRITERS)]
        for writer in writers:
            writer.start()
        time.sleep(dice.uniform(0.01, 1.2))
        process.kill()
        for writer in writers:
            writer.join()
            assert writer.unexpected == []
        if dice.random() < 0.4:
            # While it reads the log again is a moment, too.
            process.launch()
            time.sleep(dice.uniform(0.1, 0.9))
            process.kill()
        process.start()
        expected.update(_check_round(process.port, f"r{number}w", writers))
    _check_all(process.port, expected)


def test_written_columns_survive_sigkill(process: Process) -> None:
    """Columns and measure names that only the log had are there after a restart, and the server goes on with them."""
    client = Client(process.port)
    now = str(int(time.time() * 1_000))
    measure = {"Name": "fresh", "Value": "7", "Type": "BIGINT"}
    record = {"Dimensions": [{"Name": "Host", "Value": "a"}], "MeasureName": "m", "MeasureValueType": "MULTI"}
    record = {**record, "MeasureValues": [measure], "Time": now}
    request = {"DatabaseName": DATABASE, "TableName": TABLE, "Records": [record]}
    assert client.call("WriteRecords", request)[0] == 200
    client.close()
    process.kill()
    process.start()
    client = Client(process.port)
    query = f'SELECT "Host", fresh FROM "{DATABASE}"."{TABLE}"'
    assert client.rows(query) == [["a", "7"]]
    assert client.call("WriteRecords", request)[0] == 200
    assert client.rows(query) == [["a", "7"]]
    client.close()


def test_a_write_to_a_table_that_is_not_there_is_told(tmp_path: Path) -> None:
    """An entry of the log that names a table the folder does not have ends the start, or is lost and told."""
    store = Store(tmp_path, "us-east-1", ManualClock())
    create(store)
    write(store, record())
    request = {"DatabaseName": DATABASE, "TableName": "another", "Records": [record()]}
    entry = struct.pack("<qI", NOW_NS, 0), b"", orjson.dumps(request)
    store._log.append(*entry)
    store._storage.close()
    with pytest.raises(DamagedLogError, match="The table another does not exist"):
        Store(tmp_path, "us-east-1", ManualClock())
    salvaged = Store(tmp_path, "us-east-1", ManualClock(), salvage=True)
    assert salvaged.status()["rows"] == 1
    salvaged.close()


def test_a_full_disk_is_named(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Queries and writes of a server without room say so, and go on when there is some again."""
    write(store, record())

    def full(*_: object) -> None:
        raise duckdb.IOException("Could not write file: No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr("emulator.timestream.table_storage.flush", full)
        with pytest.raises(InternalServerException, match="disk that holds the data folder is full"):
            select(store)
        disk.setattr("os.writev", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
        with pytest.raises(InternalServerException, match="disk that holds the data folder is full"):
            write(store, record(Time=str(NOW_NS + 1)))
    assert len(select(store)) == 1
    write(store, record(Time=str(NOW_NS + 1)))
    assert len(select(store)) == 2


def _check_round(port: int, prefix: str, writers: list[Writer]) -> dict[tuple[str, int], float]:
    client = Client(port)
    rows = client.rows(
        f'SELECT host, to_milliseconds(time), value FROM "{DATABASE}"."{TABLE}" WHERE host LIKE \'{prefix}%\''
    )
    client.close()
    found = {(host, int(moment)): float(value) for host, moment, value in rows}
    assert len(found) == len(rows), "a point is there twice"
    for writer in writers:
        for key, value in writer.acknowledged.items():
            assert found[key] in {value, writer.pending.get(key, value)}
    possible = set().union(*(writer.acknowledged.keys() | writer.pending.keys() for writer in writers))
    assert found.keys() <= possible
    return found


def _check_all(port: int, expected: dict[tuple[str, int], float]) -> None:
    client = Client(port)
    status = client.get("/_local/status")["regions"]["us-east-1"]
    assert status["rows"] == len(expected)
    assert status["accepted"] == status["rows"] + status["replaced"] + status["repeated"]
    total = client.rows(f'SELECT count(*), sum(value) FROM "{DATABASE}"."{TABLE}"')[0]
    client.close()
    assert int(total[0]) == len(expected)
    assert float(total[1]) == pytest.approx(sum(expected.values()))


def test_log_reaches_the_disk_before_the_tables_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flush waits for the log's disk, also without fsync: tables ahead of the log are none after a power cut."""
    store = Store(tmp_path, "us-east-1", ManualClock())
    create(store)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(os.fstat(file).st_size))
    write(store, record())
    assert synced == []
    store.flush()
    assert synced == [store.status()["log_bytes"]]
    store.close()
