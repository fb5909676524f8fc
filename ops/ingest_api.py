"""The door of a deployment: its ingest URL, and how a request to it is signed."""

import os
import time
from dataclasses import dataclass

import boto3

from ops import local_run
from ops.errors import OperatorError
from ops.posting import attempts
from ops.stack import Target
from tidegauge_client import Sign, bearer, sigv4, unsigned


@dataclass(frozen=True, slots=True)
class IngestApi:
    """The URL to post to, and what makes the headers."""

    url: str
    sign: Sign

    def send(self, body: bytes) -> str:
        """The id of the request with this body, once the stream has it; OperatorError with the last answer if not."""
        reply = list(attempts(self.url, body, self.sign, time.sleep))[-1]
        if not reply.accepted:
            raise OperatorError(f"{self.url} did not take the points: {reply}")
        return reply.request_id


def ingest_api(target: Target) -> IngestApi:
    """The API of a deployment; OperatorError if it wants signatures or a token, and there are none here."""
    url = local_ingest_url(target.region) or target.output("IngestUrl")
    return IngestApi(url, sign_for(target, url))


def sign_for(target: Target, url: str) -> Sign:
    """The way to say to the API at `url` who sends; OperatorError if there is nothing here to say it with."""
    if target.config.api.auth == "none":
        return unsigned
    if target.config.api.auth == "token":
        token = os.environ.get("TIDEGAUGE_TOKEN", "")
        if not token:
            raise OperatorError(
                f"{url} takes requests of its clients only; have your token in TIDEGAUGE_TOKEN"
            )
        try:
            return bearer(token)
        except ValueError as error:
            raise OperatorError(f"TIDEGAUGE_TOKEN: {error}") from None
    credentials = boto3.Session().get_credentials()
    if credentials is None:
        raise OperatorError(f"{url} takes signed requests only, and there are no AWS credentials here")
    return sigv4(target.region, credentials)


def local_ingest_url(region: str) -> str | None:
    """The URL at which the local run serves the region, if the AWS endpoint is a local run's."""
    answer = local_run.status(os.environ.get("AWS_ENDPOINT_URL", "")) or {}
    url = answer.get(region, {}).get("ingest_url")
    return None if url is None else str(url)
