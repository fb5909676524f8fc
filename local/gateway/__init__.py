"""API Gateway on this machine: serves a deployed REST API by its own template."""

from local.gateway.server import Gateway, serve_gateway
from local.gateway.stats import GatewayStats

__all__ = ["Gateway", "GatewayStats", "serve_gateway"]
