"""The start of a query: what its work group says to what was asked, and Athena's refusals.

https://docs.aws.amazon.com/athena/latest/ug/workgroups-settings-override.html
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from emulator.athena.data_catalog import CATALOG
from emulator.athena.executions import Asked
from emulator.athena.outcome import Statement
from emulator.athena.refusals import invalid
from emulator.moto.work_groups import WorkGroup

PRIMARY = "primary"
_LOCATION = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?", re.DOTALL)
_NO_LOCATION = (
    "No output location provided. You did not provide an output location for  your query results. Either specify an S3 "
    "bucket location or enable Athena managed query results in your workgroup settings."
)


def asked_of(
    request: Mapping[str, Any], group: WorkGroup, classify: Callable[[str], Statement], region: str
) -> Asked:
    """The query with the work group's settings, its statement judged last. Raises RefusedError."""
    configuration = group.configuration
    if not group.enabled:
        raise invalid("WorkGroup is disabled.")
    if configuration.get("ManagedQueryResultsConfiguration", {}).get("Enabled"):
        raise invalid(
            "Managed query results are not supported by the local run; give the work group an OutputLocation"
        )
    if "EngineConfiguration" in request:
        raise invalid("EngineConfiguration is not supported by the local run: nothing runs Spark here")
    context = request.get("QueryExecutionContext", {})
    if context.get("Catalog", CATALOG).lower() != CATALOG.lower():
        raise invalid(f"Catalog {context['Catalog']} was not found; the local run has {CATALOG} alone")
    theirs = request.get("ResultConfiguration", {})
    ours = configuration.get("ResultConfiguration", {})
    result = dict(ours if configuration.get("EnforceWorkGroupConfiguration", True) else {**ours, **theirs})
    location = result.pop("OutputLocation", "")
    if not location:
        raise invalid(_NO_LOCATION)
    if not _LOCATION.fullmatch(location):
        raise invalid("outputLocation is not a valid S3 path.")
    if result.get("EncryptionConfiguration", {}).get("EncryptionOption") == "CSE_KMS":
        raise invalid("EncryptionOption CSE_KMS is not supported by the local run; SSE_S3 and SSE_KMS are")
    return Asked(
        region=region,
        token=request["ClientRequestToken"],
        sql=request["QueryString"],
        work_group=group.name,
        statement=classify(request["QueryString"]),
        location=location.rstrip("/"),
        result=result,
        context=context,
        parameters=request.get("ExecutionParameters", ()),
        scan_limit_bytes=configuration.get("BytesScannedCutoffPerQuery"),
        published=bool(configuration.get("PublishCloudWatchMetricsEnabled")),
        reuse=request.get("ResultReuseConfiguration", {}),
        identity=(request["QueryString"], context.get("Database", ""), theirs.get("OutputLocation", "")),
    )


def check_bucket(s3: Any, location: str) -> None:
    """Refuse a query whose caller may not even ask where the bucket of results is, as Athena does first of all."""
    bucket = location.removeprefix("s3://").partition("/")[0]
    try:
        s3.get_bucket_location(Bucket=bucket)
    except ClientError as error:
        raise invalid(f"Unable to verify/create output bucket {bucket}") from error
