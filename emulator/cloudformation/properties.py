"""The resolved properties of one resource, watched so that none is passed over."""

from collections.abc import Mapping
from typing import Any

from emulator.errors import TemplateError


class Properties:
    """Hands out properties by name, and refuses those nobody asked for."""

    def __init__(self, values: Mapping[str, Any], *, at: tuple[str, ...]) -> None:
        self._values = values
        self._at = at
        self._taken: set[str] = set()

    @property
    def logical_id(self) -> str:
        """The resource's name in the template."""
        return self._at[0]

    def get(self, name: str, default: Any = None) -> Any:
        """An optional property."""
        self._taken.add(name)
        return self._values.get(name, default)

    def require(self, name: str) -> Any:
        """A property that must be there."""
        self._taken.add(name)
        if name not in self._values:
            raise TemplateError("is required", at=(*self._at, name))
        return self._values[name]

    def text(self, name: str, default: str | None = None) -> str:
        """A property that must be a text."""
        value = self.require(name) if default is None else self.get(name, default)
        if not isinstance(value, str):
            raise TemplateError(f"needs text, not {type(value).__name__}", at=(*self._at, name))
        return value

    def integer(self, name: str, default: int | None = None) -> int | None:
        """An optional whole number; CloudFormation takes digits in a text too."""
        value = self.get(name, default)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        if isinstance(value, str) and value.lstrip("-").isdigit():
            return int(value)
        raise TemplateError(f"needs a whole number, not {value!r}", at=(*self._at, name))

    def boolean(self, name: str, *, default: bool = False) -> bool:
        """An optional truth; CloudFormation takes it as a text too."""
        value = self.get(name, default)
        if isinstance(value, bool):
            return value
        if value in {"true", "false"}:
            return value == "true"
        raise TemplateError(f"needs true or false, not {value!r}", at=(*self._at, name))

    def only(self, name: str, *accepted: Any) -> None:
        """Note a property that changes nothing here as long as it has one of the accepted values."""
        value = self.get(name)
        if value is not None and value not in accepted:
            raise TemplateError(f"the local run does not support the value {value!r}", at=(*self._at, name))

    def without_effect(self, *names: str) -> None:
        """Note properties that do nothing on one machine (tags of a service that keeps none, for one)."""
        self._taken.update(names)

    def refuse(self, name: str, message: str) -> TemplateError:
        """An error that names this property."""
        return TemplateError(message, at=(*self._at, name))

    def subset(self, *names: str) -> dict[str, Any]:
        """Those of the named properties that are there."""
        self._taken.update(names)
        return {name: self._values[name] for name in names if name in self._values}

    def all(self) -> Mapping[str, Any]:
        """Every property, for a resource that is handed on as it is."""
        self._taken.update(self._values)
        return self._values

    def refuse_rest(self, resource_type: str) -> None:
        """Raise for the first property that was not asked for."""
        for name in self._values:
            if name not in self._taken:
                raise TemplateError(
                    f"the local run does not support this property of {resource_type}", at=(*self._at, name)
                )
