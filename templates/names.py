"""Physical names: the few resources that must have one get it here, valid for their service and never two alike."""

import hashlib
import json
import re
from dataclasses import dataclass

# Filled in by CloudFormation, in each region for itself.
ACCOUNT = "${AWS::AccountId}"
REGION = "${AWS::Region}"

_WORD = re.compile(r"[a-z][a-z0-9]*")
_HASH = 12
_LONGEST = {ACCOUNT: 12, REGION: len("ap-northeast-1")}


@dataclass(frozen=True)
class Named:
    """A kind of name: the length that its service allows, and the word that tells it from others of its kind.

    `ending` is text that AWS or its namespaces want after the name, with `{account}` and `{region}` in it.
    """

    longest: int
    what: str = ""
    separator: str = "-"
    prefix: str = ""
    ending: str = ""


# In the account's regional namespace no other account can have the name, in any region:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html
_ACCOUNT_REGIONAL = "-{account}-{region}-an"

# A stack instance is named StackSet-<its StackSet>-<UUID>, and a stack's name has 128 characters.
_STACK_SET = 128 - len("StackSet--") - 36

ARTIFACTS_BUCKET = Named(63, "artifacts", ending=_ACCOUNT_REGIONAL)
EXPORT_BUCKET = Named(63, "exports", ending=_ACCOUNT_REGIONAL)
QUARANTINE_BUCKET = Named(63, "quarantine", ending=_ACCOUNT_REGIONAL)
DATABASE = Named(255, separator="_")  # Timestream's and Glue's: letters, digits and underscores suit both
WORK_GROUP = Named(128)
COMPACTION_WORK_GROUP = Named(128, "compaction")
KEY_ALIAS = Named(256, prefix="alias/")
INGEST_API = Named(128, "ingest")
SAMPLING_RULE = Named(32, "ingest")
REGIONAL_STACK = Named(128)
ARTIFACTS_STACK = Named(128, "artifacts")
FLEET_STACK = Named(128, "fleet")
ARTIFACTS_STACK_SET = Named(_STACK_SET, "artifacts")
REGIONAL_STACK_SET = Named(_STACK_SET, "regional")
PIPELINE_STACK_SET = "RegionalStackSet"
"""The logical id of the pipelines' StackSet in the fleet's template."""
DASHBOARD = Named(255, ending="-{region}")  # dashboards are the account's, whatever region made them
ROLE_PATH = Named(512, prefix="/", ending="/")


def physical_name(
    named: Named, project: str, environment: str, *, account: str = ACCOUNT, region: str = REGION
) -> str:
    """`<project>-<environment>-<what>`; what would be ambiguous, invalid or too long is cut and ends in a hash.

    Without an account and a region these are left to CloudFormation, and the room they may need is kept free.
    """
    ending = named.ending.format(account=account, region=region)
    room = named.longest - len(named.prefix) - _length(named.ending)
    parts = [part for part in (project, environment, named.what) if part]
    plain = named.separator.join(parts)
    if not (_WORD.fullmatch(project) and _WORD.fullmatch(environment) and len(plain) <= room):
        plain = _cut(plain, (project, environment, named.what), room, named.separator)
    return f"{named.prefix}{plain}{ending}"


def _cut(plain: str, parts: tuple[str, str, str], room: int, separator: str) -> str:
    # A letter first, as some services want, should nothing readable stand before it.
    digest = "n" + hashlib.sha256(json.dumps(parts).encode()).hexdigest()[: _HASH - 1]
    readable = re.sub(r"[^a-z0-9]+", separator, plain.lower()).lstrip(separator + "0123456789")
    kept = readable[: room - len(digest) - len(separator)].rstrip(separator)
    return f"{kept}{separator}{digest}" if kept else digest


def _length(ending: str) -> int:
    return len(ending.format(account="1" * _LONGEST[ACCOUNT], region="r" * _LONGEST[REGION]))
