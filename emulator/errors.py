"""Errors of the local AWS, each as one line that a person can act on."""

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


class UnsupportedApiError(CloudError):
    """The template asks for something the local API Gateway does not do; the message names the logical id."""


class UnsupportedFunctionError(CloudError):
    """The template asks for something the local Lambda does not do; the message names the logical id."""


class UnsupportedScheduleError(CloudError):
    """The template has a schedule that would run otherwise than on AWS; the message names the logical id."""


class UnknownFunctionError(CloudError):
    """No function of the deployment has this name."""


class EngineError(CloudError):
    """The Timestream engine did not start, or ended by itself."""


class UnsupportedPolicyError(CloudError):
    """A policy has an element that is not evaluated here; the message names it."""


class PermissionMissingError(CloudError):
    """A role lacks what AWS asks for before it creates the resource that the message names."""
