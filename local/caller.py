"""The caller of the local run's API: anybody, who signs with made-up keys, or a client with a token of this run."""

from collections.abc import Sequence
from dataclasses import dataclass

from botocore.credentials import Credentials

from emulator import Cloud
from ops.client_tokens import TokenTable, new_token, token_of_client
from tidegauge_client import Sign, bearer, sigv4, unsigned

_CLIENT = "local"


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller that an API takes requests of, as `auth` has it; `token` is empty where there are none."""

    auth: str
    token: str = ""

    def sign(self, region: str) -> Sign:
        """The way to say to a region's API who sends."""
        match self.auth:
            case "iam":
                return sigv4(region, Credentials("local", "local"))
            case "token":
                return bearer(self.token)
            case _:
                return unsigned

    def curl(self, region: str) -> str:
        """The options of curl that say so, a space behind them; a token is taken from the environment file."""
        match self.auth:
            case "iam":
                return f"--aws-sigv4 aws:amz:{region}:execute-api --user local:local "
            case "token":
                return '-H "authorization: Bearer $TIDEGAUGE_TOKEN" '
            case _:
                return ""


def caller(cloud: Cloud, auth: str, regions: Sequence[str]) -> Caller:
    """The caller for APIs of these regions: with tokens a client `local`, of which all of them know the token."""
    if auth != "token":
        return Caller(auth)
    token = new_token()
    for region in regions:
        table = cloud.deployments[region].outputs["ClientTokensTableName"]
        kept = TokenTable(cloud.client("dynamodb", region), table, region)
        kept.put(token_of_client(_CLIENT, token, cloud.clock.now()))
    return Caller(auth, token)
