"""AWS's models of its services, which moto and the SDK's clients go by, found once and read fast."""

import functools
import gzip
from pathlib import Path
from typing import Any

import botocore.session
import moto.core.utils
import orjson
from botocore.loaders import JSONFileLoader, Loader


class _FileLoader(JSONFileLoader):
    """Reads a model several times as fast as the SDK does."""

    def load_file(self, file_path: str) -> Any:
        """The content of a file whose ending is left out; None if there is none."""
        plain, packed = Path(f"{file_path}.json"), Path(f"{file_path}.json.gz")
        if plain.is_file():
            return orjson.loads(plain.read_bytes())
        if packed.is_file():
            return orjson.loads(gzip.decompress(packed.read_bytes()))
        return None


_loader = functools.cache(botocore.session.create_loader)
_moto_loader = functools.cache(moto.core.utils.create_loader)


def share() -> None:
    """Let all sessions of this process, and all services of moto, share what they have read of the models.

    Each would look through the folders of all of AWS's services.
    """
    Loader.FILE_LOADER_CLASS = _FileLoader
    botocore.session.create_loader = _loader
    moto.core.utils.create_loader = _moto_loader
