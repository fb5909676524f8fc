"""Who vouches for servers."""

from botocore.httpsession import get_cert_path

from handlers.adapters.http import tls


def test_the_authorities_are_those_of_the_sdk() -> None:
    """The file is found without importing the client that knows it."""
    assert tls._usual_certificates() == get_cert_path(verify=True)
