"""The run on one machine."""

from collections.abc import Iterator
from dataclasses import dataclass

from templates.config.checks import BadValue, Section, setting, whole

PORT = whole(1024, 65535, "a port on 127.0.0.1")


@dataclass(frozen=True)
class Local(Section):
    """The ports of the local run, and the memory of its store."""

    gateway_port: int = setting(PORT, 8080)
    aws_port: int = setting(PORT, 4566)
    store_memory_mb: int = setting(whole(64, 65_536, "MB the local store may use in each region"), 400)

    def _faults(self) -> Iterator[BadValue]:
        if self.gateway_port == self.aws_port:
            yield BadValue("aws_port", self.aws_port, "another port than gateway_port's")
