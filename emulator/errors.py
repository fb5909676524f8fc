"""What can go wrong while the local AWS starts, each as one line that a person can act on."""

from typing import Self


class CloudError(Exception):
    """Base of everything the local AWS raises on purpose."""


class TemplateError(CloudError):
    """A template that CloudFormation would refuse, or that this machine cannot run faithfully."""

    def __init__(self, message: str, *, at: tuple[str, ...] = ()) -> None:
        self.at = at
        self._message = message
        super().__init__(f"{'.'.join(at)}: {message}" if at else message)

    def inside(self, logical_id: str) -> Self:
        """The same error, its place beginning with this resource."""
        return self if self.at[:1] == (logical_id,) else type(self)(self._message, at=(logical_id, *self.at))


class PortInUseError(CloudError):
    """Something else listens on the port that was asked for."""

    def __init__(self, port: int) -> None:
        self.port = port
        super().__init__(f"port {port} on 127.0.0.1 is in use; stop what uses it or choose another port")


class EngineError(CloudError):
    """The Timestream engine did not start, or ended by itself."""
