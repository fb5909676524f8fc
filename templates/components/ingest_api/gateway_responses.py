"""The answers of API Gateway itself: our words, never AWS's, which name accounts and resources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from troposphere import Ref, Template
from troposphere.apigateway import GatewayResponse, RestApi

from templates.components.ingest_api.replies import Cors, failure
from templates.config import Config

RETRY_AFTER = {"Retry-After": "'2'"}
UNAVAILABLE = "The metrics cannot be taken now; send them again"


@dataclass(frozen=True)
class Answer:
    """The answer to one kind of failure; a reason is a variable that holds the words for it, the code InfluxDB's."""

    kind: str
    status: int | None
    code: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)
    reason: str | None = None


ANSWERS = (
    Answer(
        "BAD_REQUEST_BODY",
        400,
        "invalid",
        "The body is not what is taken at this path",
        reason="$context.error.validationErrorString",
    ),
    Answer(
        "UNSUPPORTED_MEDIA_TYPE",
        415,
        "unsupported media type",
        "This path does not take that Content-Type or Content-Encoding; gzip is understood",
    ),
    Answer("EXPIRED_TOKEN", 403, "forbidden", "The credentials or the signature have expired"),
    Answer("INVALID_SIGNATURE", 403, "forbidden", "The signature does not fit the request"),
    Answer("DEFAULT_4XX", None, "invalid", "The request was refused"),
    # A failure of ours is never the client's to tell apart: nothing is stored, sending again is right.
    Answer("INTEGRATION_FAILURE", 503, "unavailable", UNAVAILABLE, RETRY_AFTER),
    Answer("INTEGRATION_TIMEOUT", 503, "unavailable", UNAVAILABLE, RETRY_AFTER),
    Answer("DEFAULT_5XX", 503, "unavailable", UNAVAILABLE, RETRY_AFTER),
    # By default 429, on which Telegraf and Prometheus drop what they have, as on any 4xx. Every client repeats 503.
    Answer("THROTTLED", 503, "unavailable", "Too many requests; send it again", RETRY_AFTER),
)
DENIED = Answer(
    "ACCESS_DENIED", 403, "forbidden", "These credentials, or this address, may not call this API"
)
NOTHING_HERE = Answer("MISSING_AUTHENTICATION_TOKEN", 404, "not found", "There is nothing here")
UNSIGNED = Answer(
    "MISSING_AUTHENTICATION_TOKEN", 403, "forbidden", "Sign the request with AWS Signature Version 4"
)


def add_gateway_responses(template: Template, config: Config, api: RestApi, *, cors: Cors) -> None:
    """One gateway response for each answer; 413 of API Gateway's own (over 10 MB) cannot be changed."""
    for answer in (*ANSWERS, *_to_strangers(config)):
        why = {"reason": answer.reason} if answer.reason else {}
        headers = {**cors.error_headers, **answer.headers}
        status = {} if answer.status is None else {"StatusCode": str(answer.status)}
        template.add_resource(
            GatewayResponse(
                f"IngestApi{answer.kind.title().replace('_', '')}Response",
                RestApiId=Ref(api),
                ResponseType=answer.kind,
                ResponseParameters={
                    f"gatewayresponse.header.{name}": value for name, value in headers.items()
                },
                ResponseTemplates={"application/json": failure(answer.message, answer.code, **why)},
                **status,
            )
        )


def _to_strangers(config: Config) -> Sequence[Answer]:
    """The answers to callers that the API does not know, by how it knows any.

    Some clients, collectd's among them, show their token only when they are asked for it.
    """
    if config.api.auth != "token":
        return (DENIED, UNSIGNED if config.api.auth == "iam" else NOTHING_HERE)
    asked = {"WWW-Authenticate": f"'Basic realm=\"{config.stack_name}\"'"}
    unknown = "There is no such token, or no longer, or this address may not call this API"
    return (
        NOTHING_HERE,
        Answer("UNAUTHORIZED", 401, "unauthorized", "Send the client's token with the request", asked),
        Answer("ACCESS_DENIED", 401, "unauthorized", unknown, asked),
        # A token that cannot be looked up now may be a good one.
        Answer("AUTHORIZER_FAILURE", 503, "unavailable", UNAVAILABLE, RETRY_AFTER),
        Answer("AUTHORIZER_CONFIGURATION_ERROR", 503, "unavailable", UNAVAILABLE, RETRY_AFTER),
    )
