"""OpenTelemetry's metrics (OTLP/HTTP) in JSON and in protobuf: one walk over a request, a codec for each encoding."""
