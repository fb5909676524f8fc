"""TLS as botocore has it: a server shows a certificate for its name, from an authority that is believed."""

import ssl
from pathlib import Path

import botocore

_OLDEST = ssl.TLSVersion.TLSv1_2


def tls_context(certificates: str | None) -> ssl.SSLContext:
    """The context of connections to servers that the authorities in a file vouch for, by default botocore's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # checks the certificate and its name
    context.minimum_version = _OLDEST
    context.hostname_checks_common_name = False
    context.set_alpn_protocols(["http/1.1"])
    context.load_verify_locations(certificates or _usual_certificates())
    return context


def _usual_certificates() -> str:
    """The file that botocore believes: certifi's where that is installed, else its own."""
    try:
        from certifi import where  # noqa: PLC0415 -- as botocore does
    except ImportError:
        return str(Path(botocore.__file__).with_name("cacert.pem"))
    return where()
