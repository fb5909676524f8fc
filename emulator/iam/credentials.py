"""Temporary credentials: what acts as a role signs with them, and the endpoint knows the role by their id."""

import secrets
import string
import threading
from collections.abc import Callable
from dataclasses import dataclass

_ALPHABET = string.ascii_uppercase + string.digits
_TEMPORARY = "ASIA"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key pair with its session token, and who it stands for: a role, or a service that calls for a resource.

    Neither means the operator, who may do all.
    """

    access_key: str = "local"
    secret_key: str = "local"  # noqa: S105 - made up; nothing local checks it
    session_token: str | None = None
    role_arn: str = ""
    session: str = ""
    service: str = ""
    source_arn: str = ""

    @property
    def arn(self) -> str:
        """The caller as AWS's messages name it."""
        if self.service:
            return self.service
        start, _, path = self.role_arn.partition(":role/")
        return f"{start.replace(':iam:', ':sts:')}:assumed-role/{path.rpartition('/')[2]}/{self.session}"


OPERATOR = Credentials()
"""The person at this machine, an administrator."""

Issuer = Callable[[str, str], Credentials]
"""Gives the credentials of a role for a session of this name."""


ServiceIssuer = Callable[[str, str], Credentials]
"""Gives the credentials of a service that calls for the resource of this ARN."""


def issue_operators(role_arn: str, session: str) -> Credentials:  # noqa: ARG001 - an Issuer
    """The operator's credentials whatever the role, where nothing evaluates policies."""
    return OPERATOR


class IssuedCredentials:
    """The temporary credentials of this run; those of a role and session are always the same, and never expire."""

    def __init__(self) -> None:
        self._by_session: dict[tuple[str, str], Credentials] = {}
        self._by_key: dict[str, Credentials] = {}
        self._lock = threading.Lock()

    def issue(self, role_arn: str, session: str) -> Credentials:
        """The credentials of a role for one who acts as it."""
        return self._issue((role_arn, session), role_arn=role_arn, session=session)

    def issue_to_service(self, service: str, source_arn: str) -> Credentials:
        """The credentials of a service that calls for a resource, which its function's or topic's policy may name."""
        return self._issue((service, source_arn), service=service, source_arn=source_arn)

    def _issue(self, whose: tuple[str, str], **named: str) -> Credentials:
        with self._lock:
            found = self._by_session.get(whose)
            if found is None:
                key = _TEMPORARY + "".join(secrets.choice(_ALPHABET) for _ in range(16))
                found = Credentials(key, secrets.token_hex(20), secrets.token_hex(64), **named)
                self._by_session[whose] = self._by_key[key] = found
            return found

    def find(self, access_key: str, session_token: str | None) -> Credentials | None:
        """The caller of a request; None for temporary credentials that were not issued here.

        A key of another kind is the operator's, whatever it is.
        """
        if not access_key.startswith(_TEMPORARY):
            return OPERATOR
        found = self._by_key.get(access_key)
        return found if found is not None and found.session_token == session_token else None
