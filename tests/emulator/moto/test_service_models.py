"""AWS's models of its services, read once in a process."""

from pathlib import Path

import botocore.session
import moto.core.utils
import pytest
from botocore.loaders import JSONFileLoader, Loader

from emulator.moto import service_models

MODELS = Path(Loader.BUILTIN_DATA_PATH)


@pytest.mark.parametrize("file", ["sdk-default-configuration", "sns/2010-03-31/service-2", "none"])
def test_a_model_is_read_as_the_sdk_reads_it(file: str) -> None:
    """Packed or not; what is not there is nothing."""
    service_models.share()
    path = str(MODELS / file)
    assert Loader().file_loader.load_file(path) == JSONFileLoader().load_file(path)


def test_sessions_share_what_they_have_read() -> None:
    """Two sessions of the SDK have one loader, and so have all of moto's services."""
    service_models.share()
    first, second = (botocore.session.Session().get_component("data_loader") for _ in range(2))
    assert first is second
    assert moto.core.utils.create_loader() is moto.core.utils.create_loader()
