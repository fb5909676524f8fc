"""Amazon Timestream for LiveAnalytics on this machine: its wire protocol over DuckDB.

`Server` is a Timestream behind HTTP, for any AWS SDK; `python -m emulator.timestream` runs it alone. `Store` is one
region of it without HTTP, with `run` for statements and `create_database` and `create_table` for requests in AWS's
shape. README.md says what is emulated, what is refused and where the limits are.
"""

from emulator.timestream.administration import create_database, create_table
from emulator.timestream.clock import Clock
from emulator.timestream.server import DataFolderError, Server
from emulator.timestream.statements import run
from emulator.timestream.store import Store
from emulator.timestream.unload import UnloadTarget

__all__ = [
    "Clock",
    "DataFolderError",
    "Server",
    "Store",
    "UnloadTarget",
    "create_database",
    "create_table",
    "run",
]
