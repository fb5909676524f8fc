"""Clients of the local endpoint, for the parts of the emulator that call each other as AWS's services do."""

import functools
import threading
from typing import Any

import boto3
from botocore.config import Config

_making = threading.Lock()  # a session makes one client at a time


def local_client(service: str, *, endpoint_url: str, region: str, attempts: int = 1) -> Any:
    """An SDK client of a service in a region; `attempts` is how often a call is tried in all."""
    with _making:
        return _session().client(
            service,
            endpoint_url=endpoint_url,
            region_name=region,
            config=Config(
                max_pool_connections=32,
                read_timeout=70,
                retries={"mode": "standard", "total_max_attempts": attempts},
                inject_host_prefix=False,
            ),
        )


@functools.cache
def _session() -> boto3.Session:
    return boto3.Session(
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - made up; nothing local checks it
    )
