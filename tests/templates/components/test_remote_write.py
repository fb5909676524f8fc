"""The receiver of remote write in the regional stack."""

import json
from dataclasses import replace

import pytest

from templates.config import BadValue, Config, load
from templates.config.fleet import REGIONS, WITHOUT_FUNCTION_URLS
from tests.support.generated import NAMES, build, lake_config, tokens


def with_remote_write(config: Config, auth: str = "none") -> Config:
    """The same environment with remote write."""
    return replace(config, api=replace(config.api, auth=auth, remote_write=True))


def test_nobody_has_it_who_did_not_ask() -> None:
    """A URL that the Internet may call is off by default."""
    for name in NAMES:
        assert "RemoteWriteUrl" not in build("regional", load(name)).body["Outputs"]


def test_everybody_may_call_the_url_and_nothing_but_the_url() -> None:
    """By the two permissions that AWS wants; InvokeFunction alone holds for calls through the URL."""
    stack = build("regional", tokens())
    arn = {"Fn::GetAtt": ["RemoteWriteReceiverFunction", "Arn"]}
    assert stack.of("AWS::Lambda::Url") == {
        "RemoteWriteReceiverUrl": {"AuthType": "NONE", "TargetFunctionArn": arn}
    }
    assert list(stack.of("AWS::Lambda::Permission").values()) == [
        {
            "FunctionName": arn,
            "Principal": "*",
            "Action": "lambda:InvokeFunction",
            "InvokedViaFunctionUrl": True,
        },
        {
            "FunctionName": arn,
            "Principal": "*",
            "Action": "lambda:InvokeFunctionUrl",
            "FunctionUrlAuthType": "NONE",
        },
    ]
    assert stack.body["Outputs"]["RemoteWriteUrl"]["Value"] == {
        "Fn::Sub": ["${Url}api/v1/write", {"Url": {"Fn::GetAtt": ["RemoteWriteReceiverUrl", "FunctionUrl"]}}]
    }


def test_it_puts_records_and_finds_tokens_only() -> None:
    """Without tokens it has no table to look into."""
    for config, table in ((tokens(), True), (with_remote_write(load("dev")), False)):
        stack = build("regional", config)
        [policy] = stack.of("AWS::IAM::Role")["RemoteWriteReceiverRole"]["Policies"]
        granted = {action for one in policy["PolicyDocument"]["Statement"] for action in one["Action"]}
        assert {one for one in granted if one.startswith("kinesis")} == {"kinesis:PutRecord"}
        assert {one for one in granted if one.startswith("dynamodb")} == (
            {"dynamodb:GetItem"} if table else set()
        )
        variables = stack.of("AWS::Lambda::Function")["RemoteWriteReceiverFunction"]["Environment"][
            "Variables"
        ]
        assert (variables["CLIENT_TOKENS_TABLE"] != "-") == table


def test_the_addresses_of_the_api_hold_for_it() -> None:
    """And the size of its records, and how many requests there may be at once."""
    config = tokens()
    function = build("regional", config).of("AWS::Lambda::Function")["RemoteWriteReceiverFunction"]
    assert function["ReservedConcurrentExecutions"] == config.api.remote_write_concurrency == 50
    variables = function["Environment"]["Variables"]
    assert json.loads(variables["ALLOW_FROM"]) == list(config.api.allow_from)
    assert variables["MAX_RECORD_KIB"] == str(config.stream.max_record_kib)


def test_it_is_refused_with_signatures() -> None:
    """The URL takes no signed requests, and must not be the way around them."""
    with pytest.raises(BadValue, match='false with auth = "iam"'):
        with_remote_write(load("dev"), "iam")


@pytest.mark.parametrize("region", REGIONS)
def test_it_is_refused_in_regions_without_function_urls(region: str) -> None:
    """By their names, which nobody would find out before a deployment fails."""
    assert len(WITHOUT_FUNCTION_URLS) == 11
    config = replace(lake_config(), regions=("us-east-1", region) if region != "us-east-1" else (region,))
    if region in WITHOUT_FUNCTION_URLS:
        with pytest.raises(BadValue, match=f"no function URLs in {region}"):
            with_remote_write(config)
    else:
        with_remote_write(config)
