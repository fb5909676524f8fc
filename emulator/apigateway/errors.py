"""Errors that end in a gateway response while an API is served."""

from dataclasses import dataclass, field


class TemplateRenderError(Exception):
    """A mapping template failed while it was rendered."""


@dataclass(eq=False)
class GatewayError(Exception):
    """A request that ends in a gateway response instead of an integration's; of some failures AWS says nothing."""

    response_type: str
    message: str | None
    validation_error: str = field(default="")
