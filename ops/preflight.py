"""Obstacles of a rollout, found and said before anything is made."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError

from handlers.vocabulary import TIMESTREAM
from ops.errors import REFUSALS, OperatorError, code_of, reason_of, refusals
from ops.retained import identifier, retained
from ops.stack import Clients, NoStackError, Target
from templates.config import Config
from templates.config.alerting import FORWARDED
from templates.config.fleet import TIMESTREAM_REGIONS

Templates = Mapping[str, Mapping[str, Any]]
"""Bodies of the generated templates: "regional" and "artifacts"."""

# Lambda keeps so many executions for functions without a reservation: https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
_UNRESERVED = 100
_VPCS_QUOTA = ("vpc", "L-F678F1CE")
# Retained resources with a name of ours: what it is, and the call with its argument that says whether there is one.
NAMED = {
    "AWS::Timestream::Database": (
        "Timestream database",
        ("timestream-write", "describe_database", "DatabaseName"),
    ),
    "AWS::Glue::Database": ("Glue database", ("glue", "get_database", "Name")),
    "AWS::S3::Bucket": ("bucket", ("s3", "head_bucket", "Bucket")),
}
_LAKE = 'Every account may have the lake: store.kind = "lake" (docs/stores.md)'
_NOT_THERE = frozenset({"ResourceNotFoundException", "EntityNotFoundException", "404"})


def problems(
    config: Config,
    account: str,
    clients: Clients,
    *,
    templates: Templates,
    new_regions: Sequence[str],
    bare_regions: Sequence[str],
) -> list[str]:
    """A line for each thing that stands in the way, which says what to do.

    `templates` are those to be rolled out; the fleet has no pipeline in `new_regions` yet, no artifacts in
    `bare_regions`.
    """
    try:
        disabled = _disabled(config, clients)
    except OperatorError as error:
        return [str(error)]
    found = [
        f"{region} is not enabled in this account: aws account enable-region --region-name {region}"
        for region in disabled
    ]
    found += [
        f"alerts.subscriptions: {one.endpoint} is for the local run: no topic on AWS reaches it; take it out"
        for one in config.alerts.subscriptions
        if one.protocol == "http"
    ]
    found += _said(_roles(config, templates, new_regions, clients))
    for region in config.regions:
        if region in disabled:
            continue
        if region not in new_regions:
            found += _said(_other_kind(config, region))
        found += _said(_secrets(config, region, clients))
        timestream = list(_timestream(config, region, clients)) if config.store.kind == TIMESTREAM else []
        found += timestream
        if config.network.private and not timestream:
            found += _said(_zones(config, region, templates["regional"], clients))
        if region in new_regions:
            found += _said(_concurrency(config, region, clients))
            found += _said(_networks(config, region, clients))
            if not timestream:
                new = [templates["regional"], *([templates["artifacts"]] if region in bare_regions else [])]
                found += _retained(config, account, region, new, clients)
    return found


def _said(obstacles: Iterator[str]) -> Iterator[str]:
    """The obstacles; what AWS refuses to say is one, too."""
    try:
        yield from obstacles
    except OperatorError as error:
        yield str(error)


def _disabled(config: Config, clients: Clients) -> list[str]:
    """The regions that the account has not opted in to."""
    with refusals("cannot see which regions are enabled (ec2:DescribeRegions)"):
        known = clients("ec2", config.home).describe_regions(AllRegions=True)["Regions"]
    enabled = {
        region["RegionName"]
        for region in known
        if region.get("OptInStatus", "opt-in-not-required") != "not-opted-in"
    }
    return [region for region in config.regions if region not in enabled]


def _secrets(config: Config, region: str, clients: Clients) -> Iterator[str]:
    """The parameters that forwarders of alerts read and that are not there; who may not look is told nothing."""
    for one in config.alerts.subscriptions:
        if one.protocol not in FORWARDED:
            continue
        try:
            clients("ssm", region).get_parameter(Name=one.endpoint)
        except ClientError as error:
            if code_of(error) == "ParameterNotFound":
                yield (
                    f"alerts.subscriptions: {one.protocol} needs the parameter {one.endpoint} in {region}: aws ssm "
                    f"put-parameter --region {region} --type SecureString --name {one.endpoint} --value file://FILE"
                )
            elif code_of(error) != "AccessDeniedException":
                raise OperatorError(f"cannot see the parameter {one.endpoint}: {reason_of(error)}") from error


def _other_kind(config: Config, region: str) -> Iterator[str]:
    """A stack has one store: another kind would leave what is there where nobody looks."""
    try:
        outputs = Target(config, region, config.stack_name).outputs()
    except NoStackError:
        return
    deployed = outputs.get("StoreKind", TIMESTREAM)
    if outputs and deployed != config.store.kind:
        name = config.environment
        yield (
            f"{config.stack_name} in {region} stores in {deployed}, environments/{name}.toml says "
            f'kind = "{config.store.kind}": a stack has one store. Give {name} its kind back, and make a second '
            f"environment beside it: copy environments/{name}.toml to another name, and choose there; docs/stores.md"
        )


def _timestream(config: Config, region: str, clients: Clients) -> Iterator[str]:
    cells = {
        "timestream-write": config.network.ingest_cell.get(region),
        "timestream-query": config.network.query_cell.get(region),
    }
    for service, cell in cells.items():
        try:
            endpoints = clients(service, region).describe_endpoints()["Endpoints"]
        except EndpointConnectionError:
            yield (
                f"{region} has no Timestream for LiveAnalytics; these have: {', '.join(TIMESTREAM_REGIONS)}. {_LAKE}"
            )
            return
        except REFUSALS as error:
            yield (
                f"Timestream for LiveAnalytics refuses this account in {region} ({reason_of(error)}): AWS has "
                f"taken no new customers since 2025-06-20, and a caller needs timestream:DescribeEndpoints. {_LAKE}"
            )
            return
        serving = {address["Address"].split(".")[0].rpartition("-")[2] for address in endpoints}
        if config.network.private and cell not in serving:
            yield (
                f"{service} of {region} is served by {', '.join(sorted(serving))}, not by {cell}: see "
                f"python -m ops fleet network --environment {config.environment}"
            )


def _roles(
    config: Config, templates: Templates, new_regions: Sequence[str], clients: Clients
) -> Iterator[str]:
    """IAM is global: every region's roles count against one quota. An update of what is there takes none."""
    if not new_regions:
        return
    in_each = sum(
        part["Type"] == "AWS::IAM::Role"
        for template in templates.values()
        for part in template["Resources"].values()
    )
    with refusals("cannot see how many roles the account may have (iam:GetAccountSummary)"):
        summary = clients("iam", config.home).get_account_summary()["SummaryMap"]
    room, needed = summary["RolesQuota"] - summary["Roles"], in_each * len(new_regions) + 2
    if needed > room:
        yield (
            f"the account has room for {room} more IAM roles and {len(new_regions)} new regions take {needed}: ask for "
            "a higher quota (Roles per account) first"
        )


def _concurrency(config: Config, region: str, clients: Clients) -> Iterator[str]:
    reserved = config.writer.reserved_concurrency
    if reserved is None:
        return
    with refusals(f"cannot see Lambda's quota in {region} (lambda:GetAccountSettings)"):
        limit = clients("lambda", region).get_account_settings()["AccountLimit"]
    room = limit["UnreservedConcurrentExecutions"] - _UNRESERVED
    if reserved > room:
        yield (
            f"Lambda can reserve {max(room, 0)} executions in {region}, writer.reserved_concurrency asks for "
            f"{reserved}: raise the quota (Concurrent executions) or lower the setting"
        )


def _networks(config: Config, region: str, clients: Clients) -> Iterator[str]:
    if not config.network.private:
        return
    service, code = _VPCS_QUOTA
    with refusals(f"cannot see how many VPCs {region} may have (servicequotas:GetServiceQuota)"):
        quota = clients("service-quotas", region).get_service_quota(ServiceCode=service, QuotaCode=code)
        there = len(clients("ec2", region).describe_vpcs()["Vpcs"])
    most = int(quota["Quota"]["Value"])
    if there >= most:
        yield f"{region} has {there} of {most} VPCs, and private mode takes one: raise the quota (VPCs per Region)"


def _zones(config: Config, region: str, regional: Mapping[str, Any], clients: Clients) -> Iterator[str]:
    """An interface endpoint is refused in a zone that its service is not in."""
    cells = {
        "ingest": config.network.ingest_cell.get(region, ""),
        "query": config.network.query_cell.get(region, ""),
    }
    names = []
    for part in regional["Resources"].values():
        if part["Type"] == "AWS::EC2::VPCEndpoint" and part["Properties"]["VpcEndpointType"] == "Interface":
            text = part["Properties"]["ServiceName"]["Fn::Sub"]
            name = (text if isinstance(text, str) else text[0]).replace("${AWS::Region}", region)
            names.append(name.replace("${Cell}", cells["ingest" if ".ingest-" in name else "query"]))
    ec2 = clients("ec2", region)
    with refusals(f"cannot see which zones of {region} endpoints are in (ec2:DescribeVpcEndpointServices)"):
        services = ec2.describe_vpc_endpoint_services(ServiceNames=names)["ServiceDetails"]
        known = ec2.describe_availability_zones(
            Filters=[{"Name": "zone-type", "Values": ["availability-zone"]}]
        )
    there = sorted(zone["ZoneName"] for zone in known["AvailabilityZones"])
    taken = config.network.zones.get(region) or there[:2]
    lacking = [one["ServiceName"] for one in services if not {*taken} <= {*one["AvailabilityZones"]}]
    if lacking:
        common = [zone for zone in there if all(zone in one["AvailabilityZones"] for one in services)]
        yield (
            f"{', '.join(lacking)} cannot have an endpoint in both {' and '.join(taken)}; all have one in "
            f"{', '.join(common) or 'none'}: choose two, for every region, under [network.zones]"
        )


def _retained(
    config: Config, account: str, region: str, templates: Sequence[Mapping[str, Any]], clients: Clients
) -> Iterator[str]:
    """Data that an earlier pipeline of the region left behind, under names that a new one would ask for in vain."""
    left = []
    for what, (service, operation, argument), name in named(config, account, region, templates):
        try:
            getattr(clients(service, region), operation)(**{argument: name})
        except ClientError as error:
            if code_of(error) not in _NOT_THERE:
                yield f"cannot see whether {region} has a {what} {name} already: {reason_of(error)}"
            continue
        left.append(f"{what} {name}")
    if left:
        yield (
            f"{region} keeps the data of an earlier pipeline ({', '.join(left)}); take it back with: "
            f"python -m ops fleet import --environment {config.environment} --region {region}"
        )


def named(
    config: Config, account: str, region: str, templates: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, tuple[str, str, str], str]]:
    """The retained resources whose names are ours: what each is, the call that looks for it, and its name."""
    for kind, (what, call) in NAMED.items():
        for template in templates:
            kept = retained(template)
            for part in kept.values():
                if part["Type"] == kind:
                    [name] = (identifier(config, account, region, part, kept) or {}).values()
                    yield what, call, name
