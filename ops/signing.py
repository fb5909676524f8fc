"""Signs requests to the ingest API where it asks for Signature Version 4."""

from collections.abc import Callable, Mapping

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

HEADERS = {"Content-Type": "application/json"}

Sign = Callable[[str, bytes], Mapping[str, str]]
"""From the address and the body of a POST to its headers."""


def unsigned(_url: str, _body: bytes) -> Mapping[str, str]:
    """Only say what the body is: for an API without authorization."""
    return HEADERS


def signed_for(region: str, credentials: Credentials) -> Sign:
    """Sign for an API in `region`."""
    signer = SigV4Auth(credentials, "execute-api", region)

    def sign(url: str, body: bytes) -> Mapping[str, str]:
        request = AWSRequest("POST", url, headers=dict(HEADERS), data=body)
        signer.add_auth(request)
        return dict(request.headers)

    return sign
