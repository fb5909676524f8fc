"""AWS on this machine: stacks deployed from their own templates and run behind one endpoint. README.md shows how.

A name is loaded when it is first asked for: whoever runs one service alone does not load the others.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.apigateway.execute_api import Answered
    from emulator.apigateway.server import Gateway, serve_gateway
    from emulator.clock import Clock
    from emulator.cloud import Cloud
    from emulator.cloudformation.deployment import Deployment, Resource
    from emulator.errors import (
        CloudError,
        EngineError,
        PermissionMissingError,
        PortInUseError,
        TemplateError,
        UnknownFunctionError,
        UnsupportedApiError,
        UnsupportedFunctionError,
        UnsupportedPolicyError,
        UnsupportedScheduleError,
    )
    from emulator.lambda_.function_urls import FunctionUrls, UrlAnswered
    from emulator.lambda_.invocation import InvokeResult
    from emulator.lambda_.service import Functions, start_functions
    from emulator.scheduler.schedules import Schedules
    from emulator.starting import EngineCommand, FromOutput, StackTemplate, start
    from emulator.timestream_process import timestream_command

__all__ = [
    "Answered", "Clock", "Cloud", "CloudError", "Deployment", "EngineCommand", "EngineError", "FromOutput",
    "FunctionUrls", "Functions", "Gateway", "InvokeResult", "PermissionMissingError", "PortInUseError",
    "Resource", "Schedules", "StackTemplate", "TemplateError", "UnknownFunctionError", "UnsupportedApiError",
    "UnsupportedFunctionError", "UnsupportedPolicyError", "UnsupportedScheduleError", "UrlAnswered", "serve_gateway",
    "start", "start_functions", "timestream_command",
]  # fmt: skip
# The module of each name that is not one of the errors.
_MODULES = {
    "Answered": "apigateway.execute_api", "Clock": "clock", "Cloud": "cloud", "EngineCommand": "starting",
    "Deployment": "cloudformation.deployment", "FromOutput": "starting", "FunctionUrls": "lambda_.function_urls",
    "Functions": "lambda_.service", "Gateway": "apigateway.server", "InvokeResult": "lambda_.invocation",
    "Resource": "cloudformation.deployment", "Schedules": "scheduler.schedules", "StackTemplate": "starting",
    "serve_gateway": "apigateway.server", "start": "starting", "start_functions": "lambda_.service",
    "timestream_command": "timestream_process", "UrlAnswered": "lambda_.function_urls",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES.get(name, 'errors')}"), name)
