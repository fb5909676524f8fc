"""What can go wrong in the local gateway, at its start and while it answers."""

from dataclasses import dataclass, field


class UnsupportedApiError(Exception):
    """The template asks for something the local gateway does not do; the message names the logical id."""


class TemplateRenderError(Exception):
    """A mapping template failed while it was rendered."""


@dataclass(eq=False)
class GatewayError(Exception):
    """A request that ends in a gateway response instead of an integration's."""

    response_type: str
    message: str
    validation_error: str = field(default="")
