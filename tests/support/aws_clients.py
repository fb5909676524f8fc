"""SDK clients of a local AWS, one for each service and region."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import boto3
from botocore.config import Config

Clients = Callable[..., Any]


@contextlib.contextmanager
def clients_of(endpoint_url: str, *, region: str) -> Iterator[Clients]:
    """A function that makes a client of a service at this endpoint, in `region` unless told otherwise."""
    session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local")
    made: dict[tuple[str, str], Any] = {}

    def make(service: str, region: str = region) -> Any:
        if (service, region) not in made:
            made[service, region] = session.client(
                service,
                region_name=region,
                endpoint_url=endpoint_url,
                config=Config(retries={"total_max_attempts": 1}, inject_host_prefix=False),
            )
        return made[service, region]

    yield make
    for each in made.values():
        each.close()
