"""API Gateway on this machine: serves a deployed REST API by its own template."""

from emulator.apigateway.server import Gateway, serve_gateway
from emulator.apigateway.stats import GatewayStats

__all__ = ["Gateway", "GatewayStats", "serve_gateway"]
