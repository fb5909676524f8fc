"""The dimension registry of the lake, whose names are columns of what people read."""

from collections.abc import Callable, Iterable, Mapping

from handlers.domain.errors import ConfigurationError, TransientError
from handlers.domain.ingest.registry import DimensionRegistry


class ShownRegistry:
    """A registry that has the names shown once it has admitted some, and when it begins.

    Points do not wait for that: what fails is said, and tried again with the next batch. A process that begins shows
    what another admitted and did not live to show, or what an update of the stack took back.
    """

    def __init__(
        self,
        registry: DimensionRegistry,
        show: Callable[[Callable[[], Iterable[str]]], object],
        say: Callable[[str], object],
    ) -> None:
        """`show` is given what reads the admitted names; `say` is given why they could not be shown."""
        self._registry = registry
        self._show = show
        self._say = say
        self._hidden = True

    def known(self) -> Mapping[str, str]:
        """The names that this process knows; those that could not be shown are shown first."""
        self._show_hidden()
        return self._registry.known()

    def refresh(self) -> Mapping[str, str]:
        """The names admitted by now."""
        return self._registry.refresh()

    def admit(self, names: Iterable[str]) -> bool:
        """Adds the names, and shows them."""
        admitted = self._registry.admit(names)
        if admitted:
            self._hidden = True
            self._show_hidden()
        return admitted

    def _show_hidden(self) -> None:
        if self._hidden:
            try:
                self._show(lambda: self._registry.refresh().values())
                self._hidden = False
            except (TransientError, ConfigurationError) as error:
                self._say(str(error))
