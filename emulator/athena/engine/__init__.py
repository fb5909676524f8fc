"""Everything from a SQL text to rows: statements over Glue's tables and S3's objects, computed by DuckDB."""

from emulator.athena.engine.execution import Engine

__all__ = ["Engine"]
