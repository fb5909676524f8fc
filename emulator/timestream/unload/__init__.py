"""UNLOAD: a query's rows to S3 as CSV or Parquet, with a manifest that says they are all there."""

from emulator.timestream.unload.run import UnloadTarget, run_unload

__all__ = ["UnloadTarget", "run_unload"]
