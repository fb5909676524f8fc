"""What would fail in a rollout, found and said before anything is made."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from ops.aws_errors import code_of, one_line
from templates.config import Config
from templates.config.fleet import TIMESTREAM_REGIONS
from templates.names import ARTIFACTS_BUCKET, DATABASE, EXPORT_BUCKET, QUARANTINE_BUCKET

Clients = Callable[[str, str], Any]

# Lambda keeps so many executions for functions without a reservation: https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
_UNRESERVED = 100
_VPCS_QUOTA = ("vpc", "L-F678F1CE")


def problems(
    config: Config,
    account: str,
    clients: Clients,
    *,
    new_regions: Sequence[str],
    bare_regions: Sequence[str],
) -> list[str]:
    """Each thing that stands in the way, as a line that says what to do.

    The fleet has no pipeline in `new_regions` yet, and no artifacts in `bare_regions`.
    """
    disabled = _disabled(config, clients)
    if isinstance(disabled, str):
        return [disabled]
    found = [
        f"{region} is not enabled in this account: aws account enable-region --region-name {region}"
        for region in disabled
    ]
    found += _roles(config, new_regions, clients)
    for region in config.regions:
        if region in disabled:
            continue
        timestream = list(_timestream(config, region, clients))
        found += timestream
        if region in new_regions:
            found += _concurrency(config, region, clients)
            found += _networks(config, region, clients)
            if not timestream:
                bare = region in bare_regions
                found += _retained(config, account, region, clients, bare=bare)
    return found


def _disabled(config: Config, clients: Clients) -> list[str] | str:
    """The regions that the account has not opted in to, or why they cannot be told."""
    try:
        known = clients("ec2", config.home).describe_regions(AllRegions=True)["Regions"]
    except (BotoCoreError, ClientError) as error:
        return f"cannot see which regions are enabled (ec2:DescribeRegions): {one_line(str(error))}"
    enabled = {
        region["RegionName"]
        for region in known
        if region.get("OptInStatus", "opt-in-not-required") != "not-opted-in"
    }
    return [region for region in config.regions if region not in enabled]


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
                f"{region} has no Timestream for LiveAnalytics; these have: {', '.join(TIMESTREAM_REGIONS)}"
            )
            return
        except (BotoCoreError, ClientError) as error:
            yield (
                f"Timestream for LiveAnalytics refuses this account in {region} ({one_line(str(error))}): AWS has "
                "taken no new customers since 2025-06-20, and a caller needs timestream:DescribeEndpoints"
            )
            return
        named = {address["Address"].split(".")[0].rpartition("-")[2] for address in endpoints}
        if config.network.private and cell not in named:
            yield (
                f"{service} of {region} is served by {', '.join(sorted(named))}, not by {cell}: see "
                f"python -m ops fleet network --environment {config.environment}"
            )


def _roles(config: Config, new_regions: Sequence[str], clients: Clients) -> Iterator[str]:
    """IAM is global: every region's roles count against one quota."""
    from templates.stacks import STACKS  # noqa: PLC0415 - building a stack takes a moment that most calls save

    in_each = sum(
        part.resource["Type"] == "AWS::IAM::Role"
        for stack in ("regional", "artifacts")
        for part in STACKS[stack](config).resources.values()
    )
    try:
        summary = clients("iam", config.home).get_account_summary()["SummaryMap"]
    except (BotoCoreError, ClientError) as error:
        yield f"cannot see how many roles the account may have (iam:GetAccountSummary): {one_line(str(error))}"
        return
    room, needed = summary["RolesQuota"] - summary["Roles"], in_each * len(new_regions) + 2
    if new_regions and needed > room:
        yield (
            f"the account has room for {room} more IAM roles and {len(new_regions)} new regions take {needed}: ask for "
            "a higher quota (Roles per account) first"
        )


def _concurrency(config: Config, region: str, clients: Clients) -> Iterator[str]:
    reserved = config.writer.reserved_concurrency
    if reserved is None:
        return
    try:
        limit = clients("lambda", region).get_account_settings()["AccountLimit"]
    except (BotoCoreError, ClientError) as error:
        yield f"cannot see Lambda's quota in {region} (lambda:GetAccountSettings): {one_line(str(error))}"
        return
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
    try:
        quota = clients("service-quotas", region).get_service_quota(ServiceCode=service, QuotaCode=code)
        there = len(clients("ec2", region).describe_vpcs()["Vpcs"])
    except (BotoCoreError, ClientError) as error:
        yield f"cannot see how many VPCs {region} may have (servicequotas:GetServiceQuota): {one_line(str(error))}"
        return
    most = int(quota["Quota"]["Value"])
    if there >= most:
        yield f"{region} has {there} of {most} VPCs, and private mode takes one: raise the quota (VPCs per Region)"


def _retained(config: Config, account: str, region: str, clients: Clients, *, bare: bool) -> Iterator[str]:
    """What an earlier pipeline of the region left behind, whose names a new one would ask for in vain."""
    database = config.name(DATABASE)
    names = (EXPORT_BUCKET, QUARANTINE_BUCKET, *((ARTIFACTS_BUCKET,) if bare else ()))
    buckets = [config.name(named, account=account, region=region) for named in names]
    questions: list[tuple[str, Callable[[], Any]]] = [
        (
            f"Timestream database {database}",
            lambda: clients("timestream-write", region).describe_database(DatabaseName=database),
        ),
        (f"Glue database {database}", lambda: clients("glue", region).get_database(Name=database)),
        *((f"bucket {bucket}", _head(clients, region, bucket)) for bucket in buckets),
    ]
    left = []
    for what, ask in questions:
        try:
            ask()
        except ClientError as error:
            if code_of(error) not in {"ResourceNotFoundException", "EntityNotFoundException", "404"}:
                yield f"cannot see whether {region} has a {what} already: {one_line(str(error))}"
            continue
        left.append(what)
    if left:
        yield (
            f"{region} keeps the data of an earlier pipeline ({', '.join(left)}); take it back with: "
            f"python -m ops fleet import --environment {config.environment} --region {region}"
        )


def _head(clients: Clients, region: str, bucket: str) -> Callable[[], Any]:
    return lambda: clients("s3", region).head_bucket(Bucket=bucket)
