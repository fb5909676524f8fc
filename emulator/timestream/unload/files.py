"""The files of an UNLOAD: each grows in a temporary file up to its size limit, then goes to S3 and is forgotten."""

import zlib
from collections.abc import Callable, Sequence
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


class Partition:
    """The files of one partition, one at a time, and its rows that are not in a file yet."""

    def __init__(self, number: int, folder: Path, open_file: Callable[[Path], File]) -> None:
        self._path = folder / str(number)
        self._open = open_file
        self._file: File | None = None
        self._waiting: list[pa.RecordBatch] = []
        self.waiting_bytes = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Keep rows until the next flush."""
        self._waiting.append(batch)
        self.waiting_bytes += batch.nbytes

    def flush(self) -> None:
        """Write the rows kept."""
        if not self._waiting:
            return
        whole = pa.Table.from_batches(self._waiting).combine_chunks().to_batches()
        self._waiting, self.waiting_bytes = [], 0
        if self._file is None:
            self._file = self._open(self._path)
        for batch in whole:
            self._file.write(batch)

    def full(self, limit: int) -> bool:
        """True if the file has reached its size limit."""
        return self._file is not None and self._file.size() >= limit

    def finish(self) -> tuple[Path, int] | None:
        """Close the file and return its path and rows, None if there is none."""
        self.flush()
        if self._file is None:
            return None
        self._file.close()
        finished, self._file = (self._path, self._file.rows), None
        return finished


Send = Callable[[Path, int, Sequence[str | None]], None]
"""Takes a finished file, its rows, and the values of its partition."""

_WAITING_BYTES = 32 << 20


class Files:
    """All partitions of an UNLOAD; what waits in memory is bounded for all of them together."""

    def __init__(self, limit: int, open_file: Callable[[Path], File], send: Send) -> None:
        self._folder = TemporaryDirectory(prefix="unload-")
        self._limit = limit
        # A quarter of a file, so that none grows far beyond its limit before it is looked at.
        self._most_waiting = min(_WAITING_BYTES, limit // 4)
        self._open = open_file
        self._send = send
        self._partitions: dict[tuple[str | None, ...], Partition] = {}

    def __len__(self) -> int:
        """The number of partitions."""
        return len(self._partitions)

    def add(self, values: tuple[str | None, ...], batch: pa.RecordBatch) -> None:
        """Append rows to a partition."""
        if values not in self._partitions:
            self._partitions[values] = Partition(len(self._partitions), Path(self._folder.name), self._open)
        self._partitions[values].add(batch)
        if sum(partition.waiting_bytes for partition in self._partitions.values()) >= self._most_waiting:
            self._flush()

    def _flush(self) -> None:
        for values, partition in self._partitions.items():
            partition.flush()
            if partition.full(self._limit):
                self._finish(values, partition)

    def _finish(self, values: Sequence[str | None], partition: Partition) -> None:
        finished = partition.finish()
        if finished is not None:
            path, rows = finished
            self._send(path, rows, values)
            path.unlink()

    def finish(self) -> None:
        """Complete and send every file."""
        for values, partition in self._partitions.items():
            self._finish(values, partition)

    def discard(self) -> None:
        """Remove what is left on disk."""
        self._folder.cleanup()
