"""The settings of AWS's SDK, read without importing it where the environment alone tells them, as it does on Lambda.

What a file of the SDK may say, or what takes more than a look at the environment, botocore itself is asked for.
https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
"""

import os
import re
from typing import Any, NamedTuple, Protocol

from botocore.exceptions import NoRegionError

from handlers.adapters.signing import Credentials

# Regions whose services' names end in amazonaws.com.
_COMMERCIAL = re.compile(
    r"(us|eu|ap|sa|ca|me|af|il|mx)-(north|south|east|west|central|northeast|northwest|southeast|southwest)-\d"
)
_FILES = {"AWS_CONFIG_FILE": "~/.aws/config", "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials"}
_OTHER_ENDPOINTS = (
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)


class CredentialSource(Protocol):
    """Gives credentials, renewed before they end; botocore's credentials are one."""

    def get_frozen_credentials(self) -> Credentials:
        """Keys that are good now."""


class _Keys(NamedTuple):
    access_key: str
    secret_key: str
    token: str | None

    def get_frozen_credentials(self) -> Credentials:
        """These, which end with the process."""
        return self


def region() -> str:
    """The region. `NoRegionError` if none is set."""
    found = os.environ.get("AWS_DEFAULT_REGION") or _of_files("region")
    if not found:
        raise NoRegionError
    return found


def certificates() -> str | None:
    """The file of authorities to believe in the place of the usual ones, None if none is set."""
    return os.environ.get("AWS_CA_BUNDLE") or _of_files("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE")


def credentials() -> CredentialSource | None:
    """The source of credentials, None if there is none. Raises botocore's errors if they are not whole."""
    variables = os.environ
    access_key, secret_key = variables.get("AWS_ACCESS_KEY_ID"), variables.get("AWS_SECRET_ACCESS_KEY")
    if access_key and secret_key and not variables.get("AWS_CREDENTIAL_EXPIRATION"):
        token = variables.get("AWS_SECURITY_TOKEN", variables.get("AWS_SESSION_TOKEN"))
        return _Keys(access_key, secret_key, token)
    found: CredentialSource | None = _session().get_credentials()
    return found


def service_url(service: str, host: str, region: str) -> str:
    """The URL of a service as botocore names it; `host` is its name in a region without more to it.

    An endpoint that is set for the service, or for all, is that. Raises botocore's errors.
    """
    unusual = _has_files() or any(name in os.environ for name in _OTHER_ENDPOINTS)
    if not unusual:
        name = f"AWS_ENDPOINT_URL_{service.replace('-', '_').upper()}"
        if given := os.environ.get(name) or os.environ.get("AWS_ENDPOINT_URL"):
            return given
        if _COMMERCIAL.fullmatch(region):
            return f"https://{host}"
    url: str = _session().create_client(service, region_name=region).meta.endpoint_url
    return url


def _has_files() -> bool:
    # By the functions that pathlib itself is made of: it takes longer to import than all that is asked here.
    paths = (os.path.expanduser(os.environ.get(name, usual)) for name, usual in _FILES.items())  # noqa: PTH111
    return any(os.path.isfile(path) for path in paths)  # noqa: PTH113


def _of_files(variable: str) -> str | None:
    found: str | None = _session().get_config_variable(variable) if _has_files() else None
    return found


def _session() -> Any:
    import botocore.session  # noqa: PLC0415 -- see above

    return botocore.session.get_session()
