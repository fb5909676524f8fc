"""The registry whose names are shown to readers."""

from collections.abc import Callable, Iterable

from handlers.adapters.lake.registry import ShownRegistry
from handlers.domain.errors import ConfigurationError, TransientError
from tests.support.fake_ports import FakeRegistry


class Catalog:
    """Shows names, or fails as often as it is told to."""

    def __init__(self, *errors: Exception) -> None:
        self.shown: list[list[str]] = []
        self.said: list[str] = []
        self._errors = iter(errors)

    def show(self, admitted: Callable[[], Iterable[str]]) -> None:
        """Keeps what is shown."""
        error = next(self._errors, None)
        if error:
            raise error
        self.shown.append(sorted(admitted()))


def admitted(catalog: Catalog, registry: FakeRegistry) -> ShownRegistry:
    """A registry to which one name was added."""
    found = ShownRegistry(registry, catalog.show, catalog.said.append)
    found.refresh()
    assert found.admit(["host"])
    return found


def test_admitted_names_are_shown_with_those_that_were_there() -> None:
    """Once: what is known to be shown is not shown again with each batch."""
    catalog = Catalog()
    registry = admitted(catalog, FakeRegistry(["zone"]))
    assert dict(registry.known()) == {"host": "host", "zone": "zone"}
    assert catalog.shown == [["host", "zone"]]


def test_a_process_that_begins_shows_what_is_admitted() -> None:
    """Another may have ended before it did, and an update of the stack makes the views anew; then it is shown."""
    catalog = Catalog()
    registry = ShownRegistry(FakeRegistry(["zone"]), catalog.show, catalog.said.append)
    registry.known()
    registry.known()
    assert catalog.shown == [["zone"]]


def test_a_refused_admission_shows_nothing() -> None:
    """The registry has changed meanwhile, and the caller looks again."""
    catalog = Catalog()
    registry = ShownRegistry(FakeRegistry(rivals=[["rival"]]), catalog.show, catalog.said.append)
    registry.refresh()
    assert not registry.admit(["host"])
    assert catalog.shown == []


def test_points_do_not_wait_for_the_catalog() -> None:
    """A failure is said, and the names are shown with the next batch."""
    catalog = Catalog(
        TransientError("UpdateTable: ThrottlingException"), ConfigurationError("GetTable: AccessDenied")
    )
    registry = admitted(catalog, FakeRegistry())
    assert catalog.shown == []
    registry.known()
    registry.known()
    registry.known()
    assert catalog.shown == [["host"]]
    assert catalog.said == ["UpdateTable: ThrottlingException", "GetTable: AccessDenied"]
