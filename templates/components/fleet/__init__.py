"""The fleet: the StackSets that carry artifacts and pipeline to every region, their roles, and the dashboard."""

from templates.components.fleet.dashboard import add_dashboard
from templates.components.fleet.roles import FleetRoles, add_fleet_roles
from templates.components.fleet.stack_sets import add_stack_sets

__all__ = ["FleetRoles", "add_dashboard", "add_fleet_roles", "add_stack_sets"]
