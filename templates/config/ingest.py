"""Requests in the protocols of others, and what becomes of their parts."""

from dataclasses import dataclass

from templates.config.checks import Section, list_of, setting, text

# A dimension's name has 60 characters, one of which may be put before an attribute's.
ATTRIBUTE = text(
    r"[A-Za-z_][A-Za-z0-9_.:/@-]{0,58}",
    "an attribute's name such as service.name: at most 59 letters, digits and _.:/@-, a letter or _ first",
)


@dataclass(frozen=True)
class Ingest(Section):
    """Requests in the protocols of others, and what becomes of their parts."""

    # Names of dimensions are given out for ever, and `service.instance.id` makes new series at every start.
    otlp_attributes: tuple[str, ...] = setting(
        list_of(ATTRIBUTE, most=30),
        ("service.name", "service.namespace", "host.name"),
        about="OpenTelemetry: attributes of resources and scopes that become dimensions; also otel.scope.name, "
        "otel.scope.version and unit",
    )
