"""The configuration: what each setting may be, and the lines that say what is wrong."""

from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER
from hypothesis import given
from hypothesis import strategies as st

from templates.config import ENVIRONMENTS, BadValue, Config, ConfigError, load
from templates.config.alerting import Alerts
from templates.config.fleet import REGIONS, TIMESTREAM_REGIONS
from templates.config.network import Network
from templates.config.pipeline import LOG_RETENTION_DAYS
from tests.support.generated import PRIVATE, build, lake_config

DEV = (ENVIRONMENTS / "dev.toml").read_text(encoding="utf-8")


def subscription(protocol: str, endpoint: str, **filters: str) -> str:
    """A subscription to alerts, before the section that stands next in dev.toml."""
    lines = [f"protocol = '{protocol}'", f"endpoint = '{endpoint}'"]
    lines += [f"{name} = ['{value}']" for name, value in filters.items()]
    return "\n".join(["[[alerts.subscriptions]]", *lines, "[export]"])


# Two lines of dev.toml, and what makes a lake of its store.
LAKE_STORE = (
    "\n".join(DEV.partition("[store]\n")[2].splitlines()[:2]),
    'kind = "lake"\nretention_days = 30',
)

# What stands in dev.toml, what is written instead, and what the line must say besides the file.
BAD_VALUES = [
    # names, which end up in those of buckets and stacks
    ('project = "metrics"', 'project = "m"', "project = 'm': expected 2 to 12 lower-case"),
    ('project = "metrics"', 'project = "metricsandmore"', "project = 'metricsandmore'"),
    ('project = "metrics"', 'project = "my-metrics"', "project = 'my-metrics'"),
    ('project = "metrics"', 'project = "Metrics"', "project = 'Metrics'"),
    ('project = "metrics"', 'project = "metrics\\n"', "project = 'metrics\\n'"),
    ('project = "metrics"', "project = 7", "project = 7"),
    ('project = "metrics"', 'environment = "dev"', "environment = 'dev': expected nothing"),
    # regions
    ('["us-east-1"]', '["eu-north-1"]', "line 6: regions[0] = 'eu-north-1'"),
    ('["us-east-1"]', '["eu-north-1"]', ", ".join(TIMESTREAM_REGIONS)),
    ('["us-east-1"]', '["eu-north-1"]', 'or store.kind = "lake", for all regions'),
    ('["us-east-1"]', '["us-gov-west-1"]', "regions[0] = 'us-gov-west-1': expected a commercial region"),
    # the kind of store
    ("[store]", '[store]\nkind = "influx"', "store.kind = 'influx': expected one of timestream, lake"),
    ("[store]", "[store]\nretention_days = 3", 'store.retention_days = 3: expected nothing with kind = "timestream"'),
    ("[store]", "[store]\ndimension_names = 3", "which has memory_hours and magnetic_days"),
    ("[store]", '[store]\nkind = "lake"', 'store.memory_hours = 1: expected nothing with kind = "lake", which has'),
    ("[store]", '[store]\nkind = "lake"', "store.retention_days is missing: expected a whole number from 1 to 3650"),
    (LAKE_STORE[0], LAKE_STORE[1], 'export.lag_minutes = 15: expected at least 20 with store.kind = "lake"'),
    (LAKE_STORE[0], f"{LAKE_STORE[1]}\ndimension_names = 501", "store.dimension_names = 501: expected a whole number"),
    ('["us-east-1"]', '["us-east-1", "us-east-1"]', "different entries"),
    ('["us-east-1"]', "[]", "a list of 1 to 34"),
    ('["us-east-1"]', '"us-east-1"', "regions = 'us-east-1'"),
    ('["us-east-1"]', "[1]", "regions[0] = 1: expected a commercial region"),
    ('regions = ["us-east-1"]', "", "regions is missing: expected a list"),
    # keys and sections
    ("[store]", "[stores]", "stores is no setting: did you mean store? there are "),
    ("[store]", "[stores]", "store is missing: expected a table with its settings"),
    ("[store]", "[[store]]", "store = "),
    ("memory_hours = 1 ", "memory_hour = 1 ", "store.memory_hour is no setting: did you mean memory_hours?"),
    ("memory_hours = 1 ", "", "store.memory_hours is missing: expected a whole number from 1 to 8766"),
    ("[tags]", "tags = 1\n[local2]", "expected"),
    # types and ranges
    ("memory_hours = 1 ", "memory_hours = 8767 ", "store.memory_hours = 8767"),
    ("memory_hours = 1 ", "memory_hours = 1.5 ", "store.memory_hours = 1.5"),
    ("memory_hours = 1 ", 'memory_hours = "1" ', "store.memory_hours = '1'"),
    ("memory_hours = 1 ", "memory_hours = true ", "store.memory_hours = True"),
    ("magnetic_days = 30", "magnetic_days = 73001", "from 1 to 73000"),
    ("magnetic_days = 30", "magnetic_days = -1", "store.magnetic_days = -1"),
    ("quarantine_days = 30", "quarantine_days = 0", "store.quarantine_days = 0"),
    ("retention_hours = 24", "retention_hours = 23", "stream.retention_hours = 23: expected a whole number from 24"),
    ("retention_hours = 24", "retention_hours = 8761", "stream.retention_hours = 8761"),
    ('mode = "provisioned"', 'mode = "ON_DEMAND"', "stream.mode = 'ON_DEMAND': expected one of on-demand, provisioned"),
    ("\nshards = 1 ", "\n# ", "stream.shards is missing"),
    ('mode = "provisioned"', 'mode = "on-demand"', "stream.shards = 1"),
    ("\nshards = 1 ", "\nshards = 0 ", "stream.shards = 0"),
    ('mode = "sampled"', 'mode = "on"', "tracing.mode = 'on': expected one of off, sampled, active"),
    ("percent = 1 ", "percent = 101 ", "tracing.percent = 101: expected a whole number from 0 to 100"),
    ("retention_days = 7", "retention_days = 8", "logs.retention_days = 8: expected one of 1, 3, 5, 7, 14"),
    ("retention_days = 7", "retention_days = true", "logs.retention_days = True"),
    # the API
    ('auth = "none"', 'auth = "basic"', "api.auth = 'basic': expected one of iam, token, none"),
    ('["*"]', '["example.com"]', "api.cors_origins"),
    ('["*"]', '["https://example.com/"]', "api.cors_origins"),
    ('["*"]', '["https://example.com/app"]', "api.cors_origins"),
    ('["*"]', """["https://a.example'"]""", "api.cors_origins"),
    ('["*"]', '["*", "https://example.com"]', '"*" alone'),
    ('["*"]', '"*"', "api.cors_origins = '*'"),
    *(
        ('auth = "none"', f'auth = "none"\nallow_from = ["{value}"]', f"api.allow_from[0] = '{value}': expected a")
        for value in (
            "203.0.113.7", "203.0.113.7/24", "0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "8000::/1",
            "10.1.0.0/16", "127.0.0.0/8", "169.254.1.0/24", "172.31.0.0/24", "office",
        )
    ),
    ('auth = "none"', "auth = \"iam\"\nallow_accounts = ['12345678901']", "api.allow_accounts[0] = '12345678901'"),
    ('auth = "none"', 'auth = "iam"\nallow_accounts = [123456789012]', "api.allow_accounts[0] = 123456789012"),
    ('auth = "none"', "auth = \"none\"\nallow_accounts = ['123456789012']", 'expected none, as auth = "none"'),
    ("throttle_rate = 5 ", "throttle_rate = 0 ", "api.throttle_rate = 0"),
    ("throttle_burst = 20", 'throttle_burst = "many"', "api.throttle_burst = 'many'"),
    # the writer
    ("memory_mb = 512", "memory_mb = 127", "writer.memory_mb = 127: expected a whole number from 128 to 10240"),
    ("memory_mb = 512", "memory_mb = 10241", "writer.memory_mb = 10241"),
    ("timeout_seconds = 60", "timeout_seconds = 901", "writer.timeout_seconds = 901"),
    ("batch_size = 100", "batch_size = 10001", "writer.batch_size = 10001"),
    ("window_seconds = 1 ", "window_seconds = 301 ", "writer.window_seconds = 301"),
    ("window_seconds = 1 ", "window_seconds = 0 ", "writer.window_seconds = 0"),
    ("maximum_retries = -1           # as many as the age allows:", "maximum_retries = -2 #", "writer.maximum_retries"),
    ("maximum_age_seconds = 82800", "maximum_age_seconds = 82801", "at most 82800, an hour less than stream.retention"),
    ("maximum_age_seconds = 82800", "maximum_age_seconds = -1", "writer.maximum_age_seconds = -1"),
    ("batch_size = 100", "batch_size = 100\nparallelization = 2\nreserved_concurrency = 1", "at least stream.shards"),
    ("memory_mb = 512", "memory_mb = 512\nreserved_concurrency = 0", "writer.reserved_concurrency = 0"),
    ("memory_mb = 512", "memory_mb = 512\nparallelization = 11", "writer.parallelization = 11"),
    ('log_level = "INFO"', 'log_level = "info"', "writer.log_level = 'info'"),
    # operators and tags
    ("[operators]", '[operators]\nemail = "nobody"', "operators.email = 'nobody': expected an e-mail address"),
    ("[operators]", '[operators]\nemail = "a@b.example\\nc@d.example"', "operators.email"),
    ('CostCenter = "development"', 'Project = "x"', "tags.Project = 'x': expected a key that is 1 to 128"),
    ('CostCenter = "development"', 'project = "x"', "tags.project = 'x'"),
    ('CostCenter = "development"', 'Team = "a"\nteam = "b"', "no two keys that differ by case only"),
    ('CostCenter = "development"', 'LogicalId = "x"', "tags.LogicalId = 'x'"),
    ('CostCenter = "development"', '"aws:x" = "x"', "tags.aws:x = 'x'"),
    ('CostCenter = "development"', "CostCenter = 1", "line 9: tags.CostCenter = 1: expected at most 256"),
    ('CostCenter = "development"', f'CostCenter = "{"x" * 257}"', "tags.CostCenter = 'xxx"),
    # what comes later in the pipeline
    (
        "window_seconds = 10 ",
        "tick_seconds = 10\nwindow_seconds = 20 ",
        "alerts.window_seconds = 20: expected at most tick_seconds = 10: batches start the evaluations",
    ),
    ("window_seconds = 10 ", "window_seconds = 61 ", "alerts.window_seconds = 61: expected a whole number from 1"),
    ("[alerts]", "[alerts]\nmaximum_groups = 10001", "alerts.maximum_groups = 10001: expected a whole number from 1"),
    (
        "[alerts]",
        "[alerts]\nmaximum_groups = 5001",
        "alerts.maximum_groups = 5001: expected at most 5000 with evaluator_memory_mb = 1024",
    ),
    ("[alerts]", "[alerts]\nevaluator_memory_mb = 1023", "alerts.evaluator_memory_mb = 1023: expected a whole number"),
    ("grace_seconds = 10 ", "grace_seconds = 121 ", "alerts.grace_seconds = 121"),
    ("grace_seconds = 10 ", "grace_seconds = 9 ", "alerts.grace_seconds = 9: expected at least window_seconds = 10"),
    ("maximum_age_seconds = 3600 ", "maximum_age_seconds = 3601 ", "alerts.maximum_age_seconds = 3601"),
    ("maximum_retries = -1           # as many as the age allows\n", "maximum_retries = -2\n", "alerts.maximum_ret"),
    ("[alerts]", '[alerts]\nsubscriptions = "me"', "alerts.subscriptions = 'me': expected a list of tables"),
    ("[export]", subscription("sms", "1"), "alerts.subscriptions[0].protocol"),
    ("[export]", subscription("email", "x"), "alerts.subscriptions[0].endpoint = 'x': expected an e-mail address"),
    ("[export]", subscription("sqs", "x"), "the ARN of an SQS queue"),
    ("[export]", subscription("https", "http://x"), "an https:// address"),
    ("[export]", subscription("http", "http://example.com"), "which only the local run reaches"),
    ("[export]", subscription("http", "http://127.0.0.1.example.com/"), "which only the local run reaches"),
    ("[export]", subscription("email", "a@b.example", severity="huge"), "alerts.subscriptions[0].severity[0] = 'huge'"),
    ("lag_minutes = 15", "lag_minutes = 361", "export.lag_minutes = 361"),
    ("lag_minutes = 15", 'enabled = "yes"', "export.enabled = 'yes': expected true or false"),
    ("[local]", '[network]\nmode = "secret"\n[local]', "network.mode = 'secret'"),
    ("[local]", '[network]\nmode = "private"\n[local]', "network.cidr.us-east-1 is missing: expected an address range"),
    ("[local]", '[network.cidr]\nus-east-1 = "10.0.0.0"\n[local]', "network.cidr.us-east-1 = '10.0.0.0'"),
    ("[local]", '[network.cidr]\nus-east-1 = "10.0.0.1/16"\n[local]', "network.cidr.us-east-1 = '10.0.0.1/16'"),
    ("[local]", '[network.cidr]\nus-east-1 = "8.8.0.0/16"\n[local]', "a private range"),
    ("[local]", '[network.zones]\nus-east-1 = ["us-east-1a"]\n[local]', "network.zones.us-east-1 = ["),
    ("[local]", '[network.cidr]\nmoon-1 = "10.0.0.0/16"\n[local]', "network.cidr.moon-1 = '10.0.0.0/16': expected"),
    (
        "[local]",
        '[network.cidr]\nus-east-1 = "10.0.0.0/16"\neu-west-1 = "10.0.128.0/20"\n[local]',
        "a range apart from eu-west-1's 10.0.128.0/20",
    ),
    ("[local]", '[fleet]\ncanary = "us-west-2"\n[local]', "fleet.canary = 'us-west-2': expected one of regions"),
    ("[local]", "[fleet]\nfailure_tolerance = -1\n[local]", "fleet.failure_tolerance = -1"),
    ("gateway_port = 8080", "gateway_port = 80", "local.gateway_port = 80"),
    ("gateway_port = 8080", "gateway_port = 4566", "another port than gateway_port's"),
]  # fmt: skip


@pytest.mark.parametrize(("there", "instead", "said"), BAD_VALUES)
def test_a_bad_value_is_named_in_one_line(there: str, instead: str, said: str, tmp_path: Path) -> None:
    """The line begins with the file, and names the field, the value and what is allowed."""
    assert DEV.count(there) == 1, "the table no longer fits dev.toml"
    lines = _error(tmp_path, DEV.replace(there, instead)).splitlines()
    assert all(line.startswith("environments/dev.toml: ") for line in lines)
    assert sum(said in line for line in lines) == 1
    assert all(len(line) < 500 for line in lines)


@given(
    st.sampled_from([10, 20, 30, 60]),
    st.integers(1, 60),
    st.integers(0, 120),
    st.sampled_from([60, 100, 600, 3600]),
    st.sampled_from([1, 2_000, 2_001, 5_000, 5_001, 10_000]),
    st.sampled_from([1_024, 2_048]),
)
def test_the_alerts_rhythm_is_right_or_refused(
    tick: int, window: int, grace: int, age: int, groups: int, memory: int
) -> None:
    """A batch comes in every interval, is written when that is ready, and is tried before it is too old."""
    try:
        Alerts(
            tick_seconds=tick,
            window_seconds=window,
            grace_seconds=grace,
            maximum_age_seconds=age,
            maximum_groups=groups,
            evaluator_memory_mb=memory,
        )
    except BadValue as error:
        wrong = {one.name for one in error.together}
    else:
        wrong = set()
    assert ("window_seconds" in wrong) == (window > tick)
    assert ("grace_seconds" in wrong) == (grace < window)
    assert ("maximum_age_seconds" in wrong) == (age < 2 * window)
    assert ("maximum_groups" in wrong) == (groups > min(2_000 * window, 5_000 * memory // 1_024))


def test_the_writer_tries_a_batch_before_it_is_too_old() -> None:
    """Lambda gives up records by their age, the time in which the batch filled among it."""
    writer = load("dev").writer
    with pytest.raises(
        BadValue, match="maximum_age_seconds = 60: expected at least 120, twice window_seconds"
    ):
        replace(writer, window_seconds=60, maximum_age_seconds=60)


def test_every_mistake_of_a_file_is_named_at_once(tmp_path: Path) -> None:
    """Each with its line, in every section; what must fit each other is looked at where each alone is right."""
    content = DEV
    for there, instead in (
        ('["us-east-1"]', '["moon-1", "us-east-1", 5]'),
        ('auth = "none"', 'oauth = "none"\nallow_from = [\n  "198.51.100.0/24",\n  "office",\n]'),
        ("memory_hours = 1 ", "memory_hours = 0 "),
        ("\nshards = 1 ", "\n# "),
        ("grace_seconds = 10 ", "grace_seconds = 9 "),
        ("gateway_port = 8080", "gateway_port = 4566"),
    ):
        assert content.count(there) == 1
        content = content.replace(there, instead)
    lines = _error(tmp_path, content).splitlines()
    places = {line.removeprefix("environments/dev.toml: ").split(" = ")[0].split(" is ")[0] for line in lines}
    numbers = {
        name: next(number for number, line in enumerate(content.splitlines(), 1) if text in line)
        for name, text in (
            ("regions[0]", "moon-1"),
            ("regions[2]", "moon-1"),
            ("api.oauth", "oauth"),
            ("api.auth", "[api]"),
            ("api.allow_from[1]", "office"),
            ("store.memory_hours", "memory_hours = 0"),
            ("stream.shards", "[stream]"),
            ("alerts.grace_seconds", "grace_seconds = 9"),
            ("local.aws_port", "aws_port"),
        )
    }
    assert places == {f"line {number}: {name}" for name, number in numbers.items()}


def test_what_the_private_mode_needs_may_be_missing_while_it_is_asked_for(tmp_path: Path) -> None:
    """The command that asks AWS for it reads the file that lacks it."""
    (tmp_path / "dev.toml").write_text(DEV.replace("[local]", '[network]\nmode = "private"\n[local]'))
    with pytest.raises(ConfigError, match=r"network.ingest_cell.us-east-1 is missing"):
        load("dev", tmp_path)
    assert load("dev", tmp_path, without_network=True).regions == ("us-east-1",)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"project = ", "not TOML: Invalid value"),
        (b"a = 1\na = 2\n", "not TOML: Cannot overwrite a value"),
        (b"\xff\xfe", "cannot be read: "),
        (b"", "stream is missing: expected a table with its settings"),
    ],
)
def test_a_file_that_is_no_toml_is_said_so(content: bytes, said: str, tmp_path: Path) -> None:
    """Broken text, broken encoding and an empty file end in one line, too."""
    assert said in _error(tmp_path, content)


def test_a_huge_value_does_not_flood_the_terminal(tmp_path: Path) -> None:
    """Of a long value only the beginning is shown."""
    line = _error(tmp_path, DEV.replace('project = "metrics"', f'project = "{"x" * 10_000}"'))
    assert len(line) < 300


def test_every_environment_file_is_valid() -> None:
    """Whatever stands in the folder can be deployed."""
    for path in ENVIRONMENTS.glob("*.toml"):
        assert load(path.stem).environment == path.stem


def test_production_wants_signed_requests() -> None:
    """An open API is for development."""
    prod = load("prod")
    with pytest.raises(BadValue, match=r"api.auth = 'none': expected iam"):
        replace(prod, api=replace(prod.api, auth="none"))


def test_records_are_given_up_before_the_stream_forgets_them() -> None:
    """A record that the stream drops first would be lost without a trace, so its age ends it an hour earlier."""
    prod = load("prod")
    with pytest.raises(BadValue, match=r"an hour less than stream.retention_hours = 24"):
        replace(prod, stream=replace(prod.stream, retention_hours=24))


@pytest.mark.parametrize("name", ["dev", "prod", "lake"])
def test_records_are_tried_for_as_long_as_the_stream_keeps_them(name: str) -> None:
    """Age alone ends it: a count would give records up in a few minutes, whatever the trouble is."""
    config = load(name)
    assert config.writer.maximum_age_seconds == (config.stream.retention_hours - 1) * 3600
    assert (config.writer.maximum_retries, config.alerts.maximum_retries) == (-1, -1)


def test_reserved_concurrency_is_enough_for_every_shard() -> None:
    """With fewer invocations than batches at once, some shard would always wait."""
    config = load("dev")
    stream = replace(config.stream, mode="provisioned", shards=3)
    replace(config, stream=stream, writer=replace(config.writer, reserved_concurrency=3))
    with pytest.raises(BadValue, match="reserved_concurrency = 2"):
        replace(config, stream=stream, writer=replace(config.writer, reserved_concurrency=2))


def test_checks_hold_for_values_made_in_code() -> None:
    """A configuration that is not read from a file is checked as it is made."""
    with pytest.raises(BadValue, match="memory_hours = 0"):
        replace(load("dev").store, memory_hours=0)


def test_regions_networks_may_not_overlap_but_may_touch() -> None:
    """Neighbouring ranges are apart."""
    Network(mode="private", cidr={"us-east-1": "10.0.0.0/16", "us-west-2": "10.1.0.0/16"})
    with pytest.raises(BadValue, match="a range apart"):
        Network(mode="private", cidr={"us-east-1": "10.0.0.0/16", "us-west-2": "10.0.0.0/16"})


def test_the_longest_names_fit_a_bucket() -> None:
    """The longest project and environment still make a name of 63 characters in the region with the longest name."""
    config = replace(load("dev"), project="p" * 12, environment="e" * 8)
    longest = max(REGIONS, key=len)
    assert len(f"{config.stack_name}-quarantine-{'1' * 12}-{longest}-an") <= 63
    with pytest.raises(BadValue, match="project = "):
        replace(config, project="p" * 13)
    with pytest.raises(BadValue, match="environment = "):
        replace(config, environment="e" * 9)


def test_log_retention_is_what_cloudwatch_offers() -> None:
    """The list is AWS's, as the linter knows it."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", "AWS::Logs::LogGroup").schema
    assert list(LOG_RETENTION_DAYS) == sorted(schema["properties"]["RetentionInDays"]["enum"])


def test_timestream_regions_are_those_that_have_it() -> None:
    """The SDK's list of endpoints is the same, and CloudFormation can make a table in each of them."""
    assert list(TIMESTREAM_REGIONS) == sorted(boto3.Session().get_available_regions("timestream-write"))
    for region in TIMESTREAM_REGIONS:
        assert "AWS::Timestream::Table" in PROVIDER_SCHEMA_MANAGER.get_resource_types(region), region


def test_the_lake_can_be_had_in_every_commercial_region() -> None:
    """The SDK's lists of endpoints of its services are the same, and CloudFormation can make all of it in each."""
    for service in (
        "athena",
        "glue",
        "kinesis",
        "lambda",
        "apigateway",
        "stepfunctions",
        "scheduler",
        "xray",
    ):
        assert list(REGIONS) == sorted(boto3.Session().get_available_regions(service)), service
    wanted = {resource["Type"] for resource in build("regional", lake_config()).resources.values()}
    for region in REGIONS:
        assert wanted <= set(PROVIDER_SCHEMA_MANAGER.get_resource_types(region)), region


def test_the_lake_is_taken_anywhere() -> None:
    """Its default budget of names is larger than what a Timestream table could take."""
    config = replace(lake_config(), regions=("eu-north-1", "ap-southeast-7"))
    assert config.store.days_kept == 30
    assert config.store.dimension_budget == 250
    assert replace(config.store, dimension_names=300).dimension_budget == 300


def test_the_lake_wants_its_compaction() -> None:
    """The export is what merges its many small objects, and removes what was written twice."""
    config = lake_config()
    with pytest.raises(BadValue, match=r'export.enabled = False: expected true with store.kind = "lake"'):
        replace(config, export=replace(config.export, enabled=False))


def test_a_record_of_the_lake_is_retried_as_long_as_the_stream_keeps_it() -> None:
    """As with Timestream, whose magnetic store takes what is too old for its memory store."""
    config = lake_config()
    replace(config, writer=replace(config.writer, maximum_age_seconds=23 * 3600))
    with pytest.raises(BadValue, match=r"stream.retention_hours = 24"):
        replace(config, writer=replace(config.writer, maximum_age_seconds=23 * 3600 + 1))


def test_a_private_network_of_the_lake_has_no_cells() -> None:
    """They are Timestream's; all else is needed as for it."""
    config = replace(lake_config(), regions=("eu-central-1", "ap-southeast-2"))
    without = replace(PRIVATE, ingest_cell={}, query_cell={})
    replace(config, network=without)
    with pytest.raises(BadValue, match=r"network.ingest_cell = .* no cells"):
        replace(config, network=PRIVATE)
    with pytest.raises(BadValue, match=r"network.s3_prefix_list.eu-central-1 is missing"):
        replace(config, network=replace(without, s3_prefix_list={}))


def test_names_come_from_project_and_environment() -> None:
    """The stack is `<project>-<environment>`, the database `<project>_<environment>`."""
    config: Config = load("dev")
    assert (config.stack_name, config.database_name) == ("metrics-dev", "metrics_dev")


def _error(tmp_path: Path, content: str | bytes) -> str:
    folder = tmp_path / "environments"
    folder.mkdir()
    (folder / "dev.toml").write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ConfigError) as error:
        load("dev", folder)
    return str(error.value)


def test_a_subscription_may_ask_for_rules_of_all_types(tmp_path: Path) -> None:
    """They publish `any`, so a filter that names only the others would never let them pass."""
    text = DEV.replace("[export]", subscription("email", "a@b.example", metric_type="any"))
    (tmp_path / "dev.toml").write_text(text, encoding="utf-8")
    [found] = load("dev", tmp_path).alerts.subscriptions
    assert found.metric_type == ("any",)
