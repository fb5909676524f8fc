"""Places: one page for every environment and region."""

from collections.abc import Callable

import pytest

from emulator import Cloud
from ops import local_run
from ops.console.place import Place, Places
from ops.errors import OperatorError

ENVIRONMENTS = ("dev", "load")
REGION = "us-east-1"


def test_two_environments_are_two_places(place_of: Callable[[str], Place]) -> None:
    """Each has its own outputs and resources, at the same endpoint."""
    dev, load = place_of("dev"), place_of("load")
    assert dev.output("DatabaseName") == "metrics_dev"
    assert load.output("DatabaseName") == "metrics_load"
    assert load.resource("MetricWriterFunction").startswith("metrics-load-MetricWriterFunction-")
    assert dev.where == f"local run at {str(dev.local_endpoint).removeprefix('http://')}"
    assert abs(dev.now_s() - load.now_s()) < 5


def test_a_place_is_made_once_and_unknown_ones_are_refused(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an address names is checked before anything is asked."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.endpoint_url)
    places = Places("dev", REGION)
    assert places.find("", "") is places.find("dev", REGION)
    assert places.find("load", "").environment == "load"
    assert {"dev", "load", "prod"} <= set(places.environments)
    for environment, region in (("nope", ""), ("../dev", ""), ("dev", "mars-1")):
        with pytest.raises(OperatorError):
            places.find(environment, region)


def test_another_local_runs_environment_is_shown_from_there(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A second run that answers has its own endpoint, which its environment file names."""
    file = tmp_path_factory.mktemp("build") / "local-2.env"
    file.write_text(f"export AWS_ENDPOINT_URL={cloud.endpoint_url}\nexport TIDEGAUGE_ENVIRONMENT=load\n")
    monkeypatch.setattr(local_run, "others", lambda _: [file])
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    places = Places("dev", REGION)
    assert places.find("load", REGION).output("DatabaseName") == "metrics_load"
    with pytest.raises(OperatorError):
        places.find("dev", REGION).output("DatabaseName")


def test_what_is_not_there_is_named(place: Place) -> None:
    """An output or a resource of another version of the stack, and a stack that is not deployed."""
    for ask in (place.output, place.resource):
        with pytest.raises(OperatorError, match="Nope"):
            ask("Nope")


def test_an_account_has_no_controls(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing answers as a local run, the console changes nothing."""
    monkeypatch.setattr(local_run, "status", lambda _: None)
    assert place.local_endpoint is None
    with pytest.raises(OperatorError, match="only a local run"):
        place.local("faults")
    assert place.ingest_url().startswith("https://")
