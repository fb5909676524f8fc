"""The files of an UNLOAD: each grows in a temporary file up to its size limit, then goes to S3 and is forgotten."""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
from pyarrow import parquet

from emulator.timestream.unload.options import Options

_FAST = 1
"""zlib's fastest level: a file for a test need not be small."""


class ParquetFile:
    """Parquet with times as INT96, as AWS writes them."""

    def __init__(self, path: Path, schema: pa.Schema, options: Options) -> None:
        self.rows = 0
        self._sink = path.open("wb")
        gzip = options.compression == "GZIP"
        self._writer = parquet.ParquetWriter(
            self._sink,
            schema,
            compression="gzip" if gzip else "none",
            compression_level=_FAST if gzip else None,
            use_deprecated_int96_timestamps=True,
        )

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows as a row group."""
        self._writer.write_batch(batch)
        self.rows += batch.num_rows

    def size(self) -> int:
        """The bytes written so far."""
        return self._sink.tell()

    def close(self) -> None:
        """Write the footer."""
        self._writer.close()
        self._sink.close()


class CsvFile:
    """Lines that came ready from the query, compressed or not."""

    def __init__(self, path: Path, header: str, options: Options) -> None:
        self.rows = 0
        self._sink = path.open("wb")
        self._gzip = zlib.compressobj(_FAST, zlib.DEFLATED, 31) if options.compression == "GZIP" else None
        self._append(header.encode())

    def write(self, batch: pa.RecordBatch) -> None:
        """Append lines: in Arrow they already stand one after the other."""
        lines = batch.column(0)
        _validity, offsets, text = lines.buffers()
        if text is not None:
            bounds = memoryview(offsets).cast("i")
            self._append(memoryview(text)[bounds[lines.offset] : bounds[lines.offset + len(lines)]])
        self.rows += batch.num_rows

    def _append(self, data: bytes | memoryview) -> None:
        self._sink.write(self._gzip.compress(data) if self._gzip else data)

    def size(self) -> int:
        """The bytes written so far."""
        return self._sink.tell()

    def close(self) -> None:
        """Complete the compressed stream."""
        if self._gzip:
            self._sink.write(self._gzip.flush())
        self._sink.close()


File = ParquetFile | CsvFile


Send = Callable[[Path, int, Sequence[str | None]], None]
"""Takes a finished file, its rows, and the values of its partition."""

_WAITING_BYTES = 32 << 20


@dataclass
class Partition:
    """One partition: the path and the state of its file, and its rows that are not in a file yet."""

    path: Path
    file: File | None = None
    waiting: list[pa.RecordBatch] = field(default_factory=list)


class Files:
    """All partitions of an UNLOAD; what waits in memory is bounded for all of them together."""

    def __init__(self, limit: int, open_file: Callable[[Path], File], send: Send) -> None:
        self._folder = TemporaryDirectory(prefix="unload-")
        self._limit = limit
        # A quarter of a file, so that none grows far beyond its limit before it is looked at.
        self._most_waiting = min(_WAITING_BYTES, limit // 4)
        self._waiting_bytes = 0
        self._open = open_file
        self._send = send
        self._partitions: dict[tuple[str | None, ...], Partition] = {}

    def __len__(self) -> int:
        """The number of partitions."""
        return len(self._partitions)

    def add(self, values: tuple[str | None, ...], batch: pa.RecordBatch) -> None:
        """Append rows to a partition."""
        if values not in self._partitions:
            self._partitions[values] = Partition(Path(self._folder.name) / str(len(self._partitions)))
        self._partitions[values].waiting.append(batch)
        self._waiting_bytes += batch.nbytes
        if self._waiting_bytes >= self._most_waiting:
            self._waiting_bytes = 0
            for key, partition in self._partitions.items():
                file = self._write(partition)
                if file is not None and file.size() >= self._limit:
                    self._finish(key, partition)

    def _write(self, partition: Partition) -> File | None:
        """The partition's file with all its rows in it; None if it has none."""
        if partition.waiting:
            partition.file = partition.file or self._open(partition.path)
            for batch in pa.Table.from_batches(partition.waiting).combine_chunks().to_batches():
                partition.file.write(batch)
            partition.waiting.clear()
        return partition.file

    def _finish(self, values: Sequence[str | None], partition: Partition) -> None:
        file = self._write(partition)
        if file is not None:
            file.close()
            partition.file = None
            self._send(partition.path, file.rows, values)
            partition.path.unlink()

    def finish(self) -> None:
        """Complete and send every file."""
        for values, partition in self._partitions.items():
            self._finish(values, partition)

    def discard(self) -> None:
        """Remove what is left on disk."""
        self._folder.cleanup()
