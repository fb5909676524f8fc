"""Lambda on this machine: functions behind the Runtime API, and event source mappings that feed them."""

from emulator.lambda_.invocation import InvokeResult
from emulator.lambda_.service import Functions, start_functions

__all__ = ["Functions", "InvokeResult", "start_functions"]
