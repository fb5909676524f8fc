"""What a provisioner works with."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

from emulator.cloudformation.naming import physical_name, unique_id
from emulator.moto import ACCOUNT_ID


@dataclass(frozen=True, slots=True)
class Created:
    """What a provisioner made: the answers to Ref and GetAtt."""

    physical_id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


class Context:
    """A stack being created in one region, with clients of the local AWS."""

    account_id = ACCOUNT_ID

    def __init__(self, *, region: str, stack_name: str, endpoint_url: str) -> None:
        self.region = region
        self.stack_name = stack_name
        self._endpoint_url = endpoint_url
        self._session = boto3.Session(
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 - made up; nothing local checks it
            region_name=region,
        )
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    @property
    def stack_id(self) -> str:
        """The stack's ARN."""
        return self.arn(
            "cloudformation", f"stack/{self.stack_name}/{unique_id(f'{self.region}/{self.stack_name}')}"
        )

    def client(self, service: str) -> Any:
        """The client of a service, the same one each time."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._session.client(
                    service,
                    endpoint_url=self._endpoint_url,
                    config=Config(retries={"total_max_attempts": 1}, inject_host_prefix=False),
                )
            return self._clients[service]

    def close(self) -> None:
        """Close the clients' connections."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def arn(self, service: str, resource: str, *, region: str | None = None) -> str:
        """The ARN of something of this account, in this region unless another (or "") is given."""
        return f"arn:aws:{service}:{self.region if region is None else region}:{self.account_id}:{resource}"

    def name(self, logical_id: str, *, longest: int = 255, lower: bool = False) -> str:
        """The physical id of a resource the template does not name."""
        return physical_name(self.stack_name, logical_id, seed=self.region, longest=longest, lower=lower)

    def id(self, logical_id: str, length: int) -> str:
        """An id in the style of services that choose their own."""
        return unique_id(f"{self.region}/{self.stack_name}/{logical_id}", length=length)


def tags_as_map(tags: Any) -> dict[str, str]:
    """Return CloudFormation's list of tags as an object; one that is an object already stays."""
    if isinstance(tags, Mapping):
        return dict(tags)
    return {tag["Key"]: tag["Value"] for tag in tags or []}


def lower_tags(tags: Any) -> list[dict[str, str]]:
    """Return tags with the lower case keys some services want."""
    return [{"key": key, "value": value} for key, value in tags_as_map(tags).items()]
