"""The stack that a resource handler works for, and what it returns."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.client import local_client
from emulator.cloudformation.naming import physical_name, unique_id
from emulator.cloudformation.properties import Properties
from emulator.errors import UnsupportedPolicyError
from emulator.iam.policy import parse_policy
from emulator.moto import ACCOUNT_ID


@dataclass(frozen=True, slots=True)
class Created:
    """A resource that a handler made: the answers to Ref and GetAtt."""

    physical_id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


class Context:
    """A stack being created in one region, with clients of the local AWS."""

    account_id = ACCOUNT_ID

    def __init__(self, *, region: str, stack_name: str, endpoint_url: str) -> None:
        self.region = region
        self.stack_name = stack_name
        self._endpoint_url = endpoint_url
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
                self._clients[service] = local_client(
                    service, endpoint_url=self._endpoint_url, region=self.region
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


def policy_text(properties: Properties, name: str, document: Any = None) -> str:
    """A property's policy document (or one inside it) as JSON, refused where it says what is not evaluated here."""
    wanted = properties.require(name) if document is None else document
    try:
        parse_policy(wanted)
    except UnsupportedPolicyError as error:
        raise properties.refuse(name, str(error)) from error
    return json.dumps(wanted)


def tags_as_map(tags: Any) -> dict[str, str]:
    """CloudFormation's list of tags as an object; one that is an object already stays."""
    if isinstance(tags, Mapping):
        return dict(tags)
    return {tag["Key"]: tag["Value"] for tag in tags or []}


def lower_tags(tags: Any) -> list[dict[str, str]]:
    """Tags with the lower case keys that some services want."""
    return [{"key": key, "value": value} for key, value in tags_as_map(tags).items()]
