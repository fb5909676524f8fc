"""Physical names: valid for their service, and never two alike, whatever project, environment and region are called."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from templates import names
from templates.config import load
from templates.config.fleet import REGIONS
from templates.names import (
    ARTIFACTS_BUCKET,
    ARTIFACTS_STACK,
    ARTIFACTS_STACK_SET,
    DATABASE,
    EXPORT_BUCKET,
    FLEET_STACK,
    QUARANTINE_BUCKET,
    REGIONAL_STACK,
    REGIONAL_STACK_SET,
    Named,
    physical_name,
)

ALL = {name: value for name, value in vars(names).items() if isinstance(value, Named)}
BUCKET = r"(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
STACK = r"[a-zA-Z][a-zA-Z0-9-]{0,127}"
# What each service takes, in the words of its API's reference.
VALID = {
    "ARTIFACTS_BUCKET": BUCKET,
    "EXPORT_BUCKET": BUCKET,
    "QUARANTINE_BUCKET": BUCKET,
    "DATABASE": r"[a-z][a-z0-9_]{2,254}",
    "WORK_GROUP": r"[a-zA-Z0-9._-]{1,128}",
    "COMPACTION_WORK_GROUP": r"[a-zA-Z0-9._-]{1,128}",
    "KEY_ALIAS": r"alias/(?!aws/)[a-zA-Z0-9/_-]{1,250}",
    "INGEST_API": r"[a-zA-Z0-9-]{1,128}",
    "SAMPLING_RULE": r"[a-zA-Z0-9-]{1,32}",
    "REGIONAL_STACK": STACK,
    "ARTIFACTS_STACK": STACK,
    "FLEET_STACK": STACK,
    "ARTIFACTS_STACK_SET": r"[a-zA-Z][a-zA-Z0-9-]{0,81}",
    "REGIONAL_STACK_SET": r"[a-zA-Z][a-zA-Z0-9-]{0,81}",
    "DASHBOARD": r"[A-Za-z0-9_-]{1,255}",
    "ROLE_PATH": r"/[\x21-\x7e]{1,510}/",
}
PER_REGION = [named for named in ALL.values() if "{region}" in named.ending]

usual = st.text(string.ascii_lowercase + string.digits, min_size=2, max_size=12).filter(
    lambda t: t[0].isalpha()
)
odd = st.text(min_size=0, max_size=300)
tricky = st.text("ab-_ ", min_size=1, max_size=6)
words = usual | odd | tricky
accounts = st.from_regex(r"[0-9]{12}", fullmatch=True).filter(str.isascii)
regions = st.sampled_from(REGIONS) | st.just("eusc-de-east-1")
places = st.tuples(words, words, regions)


def test_every_name_has_its_services_rule() -> None:
    """A new physical name comes with what its service allows."""
    assert set(VALID) == set(ALL)


@pytest.mark.parametrize("kind", ALL)
@given(place=places, account=accounts)
def test_every_name_is_valid_for_its_service(kind: str, place: tuple[str, str, str], account: str) -> None:
    """Whatever the parts are, the service takes the name."""
    project, environment, region = place
    name = physical_name(ALL[kind], project, environment, account=account, region=region)
    assert re.fullmatch(VALID[kind], name), name


@pytest.mark.parametrize("named", ALL.values(), ids=ALL)
@given(one=places, other=places, account=accounts)
def test_two_places_never_share_a_name(
    named: Named, one: tuple[str, str, str], other: tuple[str, str, str], account: str
) -> None:
    """Different projects or environments have different names, and different regions where the name is global."""

    def name(place: tuple[str, str, str]) -> str:
        return physical_name(named, place[0], place[1], account=account, region=place[2])

    same = one[:2] == other[:2] and (one[2] == other[2] or named not in PER_REGION)
    assert (name(one) == name(other)) == same


@given(project=words, environment=words, region=regions, account=accounts)
def test_what_cloudformation_fills_in_is_what_a_command_computes(
    project: str, environment: str, region: str, account: str
) -> None:
    """The name in a template, filled in by CloudFormation, is the one that a command which knows both works out."""
    for named in ALL.values():
        left = physical_name(named, project, environment)
        filled = left.replace("${AWS::AccountId}", account).replace("${AWS::Region}", region)
        assert filled == physical_name(named, project, environment, account=account, region=region)


def test_siblings_of_one_service_differ() -> None:
    """Of one environment, no two buckets, stacks or StackSets have the same name."""
    for group in (
        (ARTIFACTS_BUCKET, EXPORT_BUCKET, QUARANTINE_BUCKET),
        (REGIONAL_STACK, ARTIFACTS_STACK, FLEET_STACK),
        (REGIONAL_STACK_SET, ARTIFACTS_STACK_SET),
    ):
        names = {physical_name(named, "metrics", "prod") for named in group}
        assert len(names) == len(group)


def test_usual_names_are_plain() -> None:
    """Words that an environment file may say is short enough to be read in every name."""
    config = load("prod")
    assert config.name(DATABASE) == "metrics_prod"
    assert config.name(REGIONAL_STACK) == "metrics-prod"
    assert config.name(QUARANTINE_BUCKET) == "metrics-prod-quarantine-${AWS::AccountId}-${AWS::Region}-an"
    assert physical_name(QUARANTINE_BUCKET, "p" * 12, "e" * 8).startswith("pppppppppppp-eeeeeeee-quarantine-")


def test_a_long_name_keeps_its_beginning_and_ends_in_a_hash() -> None:
    """A cut name can still be recognised, and the room for account and region is kept."""
    name = physical_name(EXPORT_BUCKET, "a" * 40, "prod", account="1" * 12, region="ap-northeast-1")
    assert re.fullmatch(r"a{19}-n[0-9a-f]{11}-1{12}-ap-northeast-1-an", name)
    assert len(name) == 63
