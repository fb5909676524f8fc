"""The local AWS: templates resolved and deployed into moto, behind one endpoint."""

from emulator.cloud import Cloud, FromOutput, StackTemplate, start
from emulator.errors import CloudError, EngineError, PortInUseError, TemplateError
from emulator.lambda_.api import Invocation

__all__ = [
    "Cloud",
    "CloudError",
    "EngineError",
    "FromOutput",
    "Invocation",
    "PortInUseError",
    "StackTemplate",
    "TemplateError",
    "start",
]
