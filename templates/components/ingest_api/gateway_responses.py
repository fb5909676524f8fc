"""The answers of API Gateway itself: our words, never AWS's, which name accounts and resources."""

from dataclasses import dataclass

from troposphere import Ref, Template
from troposphere.apigateway import GatewayResponse, RestApi

from templates.components.ingest_api.replies import Cors, failure

RETRY_AFTER = {"Retry-After": "'2'"}
UNAVAILABLE = "The metrics cannot be taken now; send them again"


@dataclass(frozen=True)
class Answer:
    """The answer to one kind of failure; a reason is a variable that holds the words for it, the code InfluxDB's."""

    kind: str
    status: int | None
    code: str
    message: str
    retry: bool = False
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
    Answer("ACCESS_DENIED", 403, "forbidden", "These credentials, or this address, may not call this API"),
    Answer("EXPIRED_TOKEN", 403, "forbidden", "The credentials or the signature have expired"),
    Answer("INVALID_SIGNATURE", 403, "forbidden", "The signature does not fit the request"),
    Answer("THROTTLED", 429, "too many requests", "Too many requests; send it again", retry=True),
    Answer("DEFAULT_4XX", None, "invalid", "The request was refused"),
    # A failure of ours is never the client's to tell apart: nothing is stored, sending again is right.
    Answer("INTEGRATION_FAILURE", 503, "unavailable", UNAVAILABLE, retry=True),
    Answer("INTEGRATION_TIMEOUT", 503, "unavailable", UNAVAILABLE, retry=True),
    Answer("DEFAULT_5XX", 503, "unavailable", UNAVAILABLE, retry=True),
)


def add_gateway_responses(template: Template, api: RestApi, *, cors: Cors, signed: bool) -> None:
    """One gateway response for each answer; 413 of API Gateway's own (over 10 MB) cannot be changed."""
    unsigned = Answer(
        "MISSING_AUTHENTICATION_TOKEN", 403, "forbidden", "Sign the request with AWS Signature Version 4"
    )
    unknown = Answer("MISSING_AUTHENTICATION_TOKEN", 404, "not found", "There is nothing here")
    for answer in (*ANSWERS, unsigned if signed else unknown):
        why = {"reason": answer.reason} if answer.reason else {}
        headers = {**cors.error_headers, **(RETRY_AFTER if answer.retry else {})}
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
