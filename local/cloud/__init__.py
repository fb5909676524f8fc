"""The local AWS: templates resolved and deployed into moto, behind one endpoint."""

from local.cloud.cloud import Cloud, FromOutput, StackTemplate, start
from local.cloud.errors import CloudError, EngineError, PortInUseError, TemplateError
from local.cloud.lambda_api import Invocation

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
