"""Regions: which there are, and how a change goes through them."""

from collections.abc import Iterator
from dataclasses import dataclass

from handlers.vocabulary import LAKE, TIMESTREAM
from templates.config.checks import BadValue, Check, Section, one_of, optional, setting, whole

# The commercial regions (the AWS partition) in November 2026, each of which has every service of the stack but
# Timestream: botocore 1.44.5, endpoints.json.
REGIONS = (
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
)

# Where Timestream for LiveAnalytics can be had.
TIMESTREAM_REGIONS = (
    "ap-northeast-1",
    "ap-south-1",
    "ap-southeast-2",
    "eu-central-1",
    "eu-west-1",
    "us-east-1",
    "us-east-2",
    "us-west-2",
)

# https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html
WITHOUT_FUNCTION_URLS = (
    "ap-east-2",
    "ap-south-2",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-west-1",
    "eu-central-2",
    "eu-south-2",
    "il-central-1",
    "me-central-1",
)

STORE_REGIONS = {TIMESTREAM: TIMESTREAM_REGIONS, LAKE: REGIONS}
"""Where each kind of store can be had."""

REGION = Check(
    lambda value: isinstance(value, str) and value in REGIONS,
    "a commercial region of AWS such as eu-north-1",
    {"enum": list(REGIONS)},
)


@dataclass(frozen=True)
class Fleet(Section):
    """The way of a change from region to region, and the region that it is steered from."""

    home: str | None = setting(
        optional(REGION), None, about="where the fleet's stack and dashboard are; by default the first region"
    )
    canary: str | None = setting(optional(REGION), None, about="takes each change before the others")
    concurrency: str = setting(
        one_of(("sequential", "parallel")),
        "sequential",
        about="region by region, or all at once, without a canary",
    )
    # CloudFormation counts failing accounts of a region, and there is one: so it stops at a failure, or never.
    failure_tolerance: int = setting(
        whole(0, 1, "0 stops the rollout at a failed region, 1 goes on with the others"), 0
    )

    def region_faults(self, regions: tuple[str, ...]) -> Iterator[BadValue]:
        """The faults if home or canary are not among the regions, or the canary cannot go first."""
        for name in ("home", "canary"):
            region = getattr(self, name)
            if region is not None and region not in regions:
                yield BadValue(f"fleet.{name}", region, f"one of regions: {', '.join(regions)}")
        if self.canary and self.concurrency == "parallel":
            allowed = 'sequential, as a canary goes before the others; or no canary with "parallel"'
            yield BadValue("fleet.concurrency", self.concurrency, allowed)

    def order(self, regions: tuple[str, ...]) -> tuple[str, ...]:
        """The regions as a change goes through them: the canary, then the others as they are listed."""
        return tuple(sorted(regions, key=lambda region: region != self.canary))
