"""The SDK's settings, held to what botocore makes of the same environment."""

from pathlib import Path

import botocore.session
import pytest
from botocore.exceptions import NoRegionError, PartialCredentialsError

from handlers.adapters import sdk_settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the SDK's files, of which there are none, and an environment that says nothing."""
    for name in (
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "AWS_REGION",
        "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "AWS_ENDPOINT_URL", "AWS_PROFILE",
    ):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return tmp_path


def by_botocore(service: str, region: str) -> str:
    """The URL of a service."""
    session = botocore.session.get_session()
    client = session.create_client(service, region, aws_access_key_id="a", aws_secret_access_key="s")
    url: str = client.meta.endpoint_url
    return url


@pytest.mark.parametrize(
    "region",
    [
        *botocore.session.get_session().get_available_regions("timestream-write"),
        "mx-central-1", "ap-southeast-7", "us-gov-west-1", "cn-north-1", "us-iso-east-1", "eusc-de-east-1",
    ],
)  # fmt: skip
def test_a_service_is_where_botocore_has_it(region: str) -> None:
    """In every region, whatever names end in there."""
    for service, host in (("timestream-write", "ingest.timestream"), ("dynamodb", "dynamodb")):
        url = sdk_settings.service_url(service, f"{host}.{region}.amazonaws.com", region)
        assert url == by_botocore(service, region)


@pytest.mark.parametrize(
    "variables",
    [
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ENDPOINT_URL_TIMESTREAM_WRITE": "http://127.0.0.1:8"},
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:8"},
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
        {"AWS_ENDPOINT_URL": ""},
        {"AWS_USE_FIPS_ENDPOINT": "true"},
        {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
        {"config": "[default]\nendpoint_url = http://127.0.0.1:7\n"},
        {"config": "[default]\nuse_fips_endpoint = true\n"},
    ],
    ids=str,
)
def test_an_endpoint_that_is_set_is_obeyed(
    variables: dict[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a variable or by a file, for the service or for all."""
    for name, value in variables.items():
        if name == "config":
            (folder / name).write_text(value)
        else:
            monkeypatch.setenv(name, value)
    url = sdk_settings.service_url(
        "timestream-write", "ingest.timestream.us-east-1.amazonaws.com", "us-east-1"
    )
    assert url == by_botocore("timestream-write", "us-east-1")


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s"},
        {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"},
        {
            "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t",
            "AWS_CREDENTIAL_EXPIRATION": "2099-01-01T00:00:00Z",
        },
        {"AWS_SECRET_ACCESS_KEY": "s"},
        {"credentials": "[default]\naws_access_key_id = b\naws_secret_access_key = t\n"},
        {"AWS_PROFILE": "other", "credentials": "[other]\naws_access_key_id = b\naws_secret_access_key = t\n"},
    ],
    ids=str,
)  # fmt: skip
def test_credentials_are_those_that_botocore_finds(
    variables: dict[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the environment, of a file, or none."""
    for name, value in variables.items():
        if name == "credentials":
            (folder / name).write_text(value)
        else:
            monkeypatch.setenv(name, value)
    ours, theirs = sdk_settings.credentials(), botocore.session.get_session().get_credentials()
    assert (ours is None) == (theirs is None)
    if ours is not None:
        keys, expected = ours.get_frozen_credentials(), theirs.get_frozen_credentials()
        assert (keys.access_key, keys.secret_key, keys.token) == expected[:3]


def test_half_a_pair_of_keys_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is in botocore."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    with pytest.raises(PartialCredentialsError):
        sdk_settings.credentials()


def test_region_and_certificates_come_from_the_environment_or_a_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment goes first; without a region there is nothing to sign for."""
    with pytest.raises(NoRegionError):
        sdk_settings.region()
    assert sdk_settings.certificates() is None
    (folder / "config").write_text("[default]\nregion = eu-west-1\nca_bundle = /some/file.pem\n")
    assert (sdk_settings.region(), sdk_settings.certificates()) == ("eu-west-1", "/some/file.pem")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-2")
    monkeypatch.setenv("AWS_CA_BUNDLE", "/other/file.pem")
    assert (sdk_settings.region(), sdk_settings.certificates()) == ("us-east-2", "/other/file.pem")
