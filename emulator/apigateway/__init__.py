"""API Gateway on this machine: serves a deployed REST API by its own template."""

from emulator.apigateway.execute_api import Answered
from emulator.apigateway.server import Gateway, serve_gateway

__all__ = ["Answered", "Gateway", "serve_gateway"]
