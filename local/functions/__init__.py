"""Lambda on this machine: functions behind the Runtime API, and event source mappings that feed them."""

from local.functions.facade import Functions, start_functions
from local.functions.invocation import InvokeResult

__all__ = ["Functions", "InvokeResult", "start_functions"]
