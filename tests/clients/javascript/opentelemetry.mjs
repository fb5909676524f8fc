// OpenTelemetry's SDK for JavaScript exports over OTLP, as its Python counterpart in tests/support/opentelemetry_client.py.
//
// Reads from its standard input, in JSON: `format` (json or protobuf) beside what that has, and prints the same lines.
import { ExportResultCode } from "@opentelemetry/core";
import { OTLPMetricExporter as JsonExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPMetricExporter as ProtobufExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { AggregationTemporality, AggregationType, InstrumentType, MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { json } from "node:stream/consumers";

const given = await json(process.stdin);
const attributes = { "http.route": "/päy", "http-status": 200, ok: true, share: 0.25, tags: ["a", "b"], empty: "" };
const resource = resourceFromAttributes({
  "service.name": "checkout", "service.namespace": "shop", "service.instance.id": "0123", "host.name": "h-1",
});

const nanoseconds = ([seconds, rest]) => `${BigInt(seconds) * 1_000_000_000n + BigInt(rest)}`;

function* points(metrics) {
  for (const scope of metrics.scopeMetrics) {
    for (const metric of scope.metrics) {
      for (const point of metric.dataPoints) {
        const shared = { name: metric.descriptor.name, attributes: point.attributes, time_unix_nano: nanoseconds(point.endTime) };
        const { value } = point;
        if (typeof value === "number") yield { ...shared, value };
        else yield {
          ...shared, count: value.count, sum: value.sum, min: value.min, max: value.max, scale: value.scale,
          explicit_bounds: value.buckets?.boundaries, bucket_counts: value.buckets?.counts,
        };
      }
    }
  }
}

const Exporter = given.format === "json" ? JsonExporter : ProtobufExporter;
const exporter = new Exporter({
  url: given.endpoint ?? undefined,
  headers: given.headers ?? undefined,
  compression: given.compression ?? undefined,
  temporalityPreference: given.delta ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE,
  aggregationPreference: (kind) => ({
    type: given.exponential && kind === InstrumentType.HISTOGRAM ? AggregationType.EXPONENTIAL_HISTOGRAM : AggregationType.DEFAULT,
  }),
});
const send = exporter.export.bind(exporter);
exporter.export = (metrics, told) => send(metrics, (result) => {
  if (result.error) console.error(result.error);
  console.log(JSON.stringify({ sent: result.code === ExportResultCode.SUCCESS, points: [...points(metrics)] }));
  told(result);
});

const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 600_000, exportTimeoutMillis: 60_000 });
const provider = new MeterProvider({ resource, readers: [reader] });
const meter = provider.getMeter("tests", "1.0");
const { prefix, values } = given;
const counter = meter.createCounter(`${prefix}.counter`, { unit: "By" });
const updown = meter.createUpDownCounter(`${prefix}.updown`);
const histogram = meter.createHistogram(`${prefix}.histogram`, { unit: "s" });
const gauge = meter.createGauge(`${prefix}.gauge`);
meter.createObservableGauge(`${prefix}.observed`).addCallback((observed) => observed.observe(values[0], attributes));
const odd = meter.createGauge(`${prefix}.odd`);
odd.record(NaN, { kind: "nan" });
odd.record(-Infinity, { kind: "infinite" });
for (let time = 0; time < given.exports; time += 1) {
  for (const value of values) {
    counter.add(Math.abs(value), attributes);
    updown.add(value, attributes);
    histogram.record(value, attributes);
    gauge.record(value, attributes);
    gauge.record(Math.trunc(value));
  }
  await reader.forceFlush();
}
await provider.shutdown();
