"""Ways to say who sends: not at all, with a token, or by Signature Version 4."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Sign = Callable[[str, bytes, Mapping[str, str]], Mapping[str, str]]
"""From the address, the body and the headers of a POST to its headers with whatever says who sends it."""


def unsigned(_url: str, _body: bytes, headers: Mapping[str, str]) -> Mapping[str, str]:
    """Leave the headers as they are: for an API without authorization."""
    return headers


def bearer(token: str) -> Sign:
    """Send a token; ValueError, without showing it, if it has characters that no header takes."""
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError("token: empty, or with characters that no token has")

    def sign(_url: str, _body: bytes, headers: Mapping[str, str]) -> Mapping[str, str]:
        return {**headers, "Authorization": f"Bearer {token}"}

    return sign


def sigv4(region: str, credentials: Any = None) -> Sign:
    """Sign for an API in `region`, with botocore, which must be installed.

    Without credentials each request takes those that the SDK finds, so that they may expire and be renewed.
    """
    from botocore.auth import SigV4Auth  # noqa: PLC0415 - for those alone who sign
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415
    from botocore.session import Session  # noqa: PLC0415

    session = Session()

    def sign(url: str, body: bytes, headers: Mapping[str, str]) -> Mapping[str, str]:
        found = credentials or session.get_credentials()
        if found is None:
            raise LookupError("the API takes signed requests, and there are no AWS credentials here")
        request = AWSRequest("POST", url, headers=dict(headers), data=body)
        SigV4Auth(found, "execute-api", region).add_auth(request)
        return dict(request.headers)

    return sign
