"""Clients of the local endpoint, for the parts of the emulator that call each other as AWS's services do."""

import functools
import threading
from typing import Any

import boto3
from botocore.config import Config

from emulator.iam.credentials import OPERATOR, Credentials

_making = threading.Lock()  # a session makes one client at a time


def local_client(
    service: str,
    *,
    endpoint_url: str,
    region: str,
    attempts: int = 1,
    caller: Credentials = OPERATOR,
    read_timeout_s: float = 70,
    validated: bool = True,
) -> Any:
    """An SDK client of a service in a region, for this caller.

    `attempts` is how often a call is tried in all; unless it is `validated`, the service alone judges parameters.
    """
    with _making:
        return _session().client(
            service,
            endpoint_url=endpoint_url,
            region_name=region,
            aws_access_key_id=caller.access_key,
            aws_secret_access_key=caller.secret_key,
            aws_session_token=caller.session_token,
            config=Config(
                max_pool_connections=32,
                read_timeout=read_timeout_s,
                parameter_validation=validated,
                retries={"mode": "standard", "total_max_attempts": attempts},
                inject_host_prefix=False,
            ),
        )


@functools.cache
def _session() -> boto3.Session:
    return boto3.Session()
