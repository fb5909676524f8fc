"""A post of a notification to a chat or paging service, by the address or key that a parameter holds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Body = Mapping[str, Any]
"""The body of a notification, as `docs/alert-notification.schema.json` has it."""


class SecretError(Exception):
    """The secret is of another form than the service's; the text says which was expected, and nothing of the secret."""


@dataclass(frozen=True, slots=True)
class Post:
    """A request: an address, which may be a secret, and what is sent there as JSON."""

    url: str = field(repr=False)
    content: Mapping[str, Any] = field(repr=False)


MakePost = Callable[[Body, str], Post]
"""The post of a notification, made with a secret. Raises SecretError."""


def is_address(text: str) -> bool:
    """True for an address with TLS, or one of this machine."""
    begins = text.startswith(("https://", "http://127.0.0.1:", "http://localhost:"))
    return begins and text.isprintable() and " " not in text
