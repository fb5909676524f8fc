// Makes calls with Node's fetch and the AWS SDK for JavaScript, and prints what came of each as a line of JSON.
//
// Reads a JSON list of calls from its standard input: ["fetch", url, {options}], ["query", "Query", {input}],
// ["query", "paginateQuery", {input, and pageSize}], ["s3", "GetObject", {input}], … Regions and keys
// are the environment's.
import * as cloudformation from "@aws-sdk/client-cloudformation";
import * as kinesis from "@aws-sdk/client-kinesis";
import * as s3 from "@aws-sdk/client-s3";
import * as query from "@aws-sdk/client-timestream-query";
import * as write from "@aws-sdk/client-timestream-write";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { text } from "node:stream/consumers";

// The endpoint is given to the client itself, or the SDK asks Timestream for one and takes "http://…" for a host's name;
// and a local endpoint speaks HTTP/1.1, where this SDK would talk HTTP/2 to Kinesis.
const settings = { endpoint: process.env.AWS_ENDPOINT_URL, requestHandler: new NodeHttpHandler() };
const clients = {
  cloudformation: [cloudformation, new cloudformation.CloudFormationClient(settings)],
  kinesis: [kinesis, new kinesis.KinesisClient(settings)],
  s3: [s3, new s3.S3Client(settings)],
  query: [query, new query.TimestreamQueryClient(settings)],
  write: [write, new write.TimestreamWriteClient(settings)],
};

async function call(service, operation, input) {
  if (service === "fetch") {
    const response = await fetch(operation, input);
    return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.json() };
  }
  const [commands, client] = clients[service];
  if (operation.startsWith("paginate")) {
    const { pageSize, ...rest } = input;
    const pages = [];
    for await (const page of commands[operation]({ client, pageSize }, rest)) pages.push(page);
    return pages;
  }
  const { $metadata, Body, ...output } = await client.send(new commands[`${operation}Command`](input));
  return Body ? { ...output, Body: await Body.transformToString() } : output;
}

// Bytes are shown as text, for that is what this project's records are.
const shown = (_, value) => (value?.type === "Buffer" || value instanceof Uint8Array ? Buffer.from(value).toString() : value);

for (const [service, operation, input] of JSON.parse(await text(process.stdin))) {
  let result;
  try {
    result = { output: await call(service, operation, input) };
  } catch (error) {
    const { name, message, $fault, $metadata, ...members } = error;
    result = { error: { name, message, fault: $fault, status: $metadata?.httpStatusCode, ...members } };
  }
  console.log(JSON.stringify(result, shown));
}
