"""The stacks, by the name of the file each is written to."""

from collections.abc import Callable, Mapping

from troposphere import Template

from templates.config import Config
from templates.stacks.artifacts import artifacts
from templates.stacks.fleet import fleet
from templates.stacks.regional import regional

STACKS: Mapping[str, Callable[[Config], Template]] = {
    "regional": regional,
    "artifacts": artifacts,
    "fleet": fleet,
}
