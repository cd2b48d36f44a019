import { bytesField, OtlpError, type ProtobufField, protobufFields, WIRE } from './protobuf.js';

// Of opentelemetry/proto/metrics/v1 what Kafka's clients send: gauges and sums. MetricsData and ExportMetricsServiceRequest are the same bytes.

/** One number that a client sent. */
export interface OtlpPoint {
  readonly name: string;
  /** `delta`: what came on top since the last push. `total`: of something that only grows. `gauge`: anything else. */
  readonly kind: 'delta' | 'total' | 'gauge';
  readonly value: number;
  /** Of the client's resource and of the point. */
  readonly labels: ReadonlyMap<string, string>;
}

export interface OtlpMetrics {
  readonly points: readonly OtlpPoint[];
  /** Metrics of other kinds (histograms, summaries). */
  readonly others: number;
}

const resourceMetricsOf = 1;
const RESOURCE_METRICS = { resource: 1, scopeMetrics: 2 } as const;
const attributesOfResource = 1;
const metricsOfScope = 2;
const METRIC = { name: 1, gauge: 5, sum: 7, lastKind: 11 } as const;
const SUM = { points: 1, temporality: 2, isMonotonic: 3 } as const;
const POINT = { asDouble: 4, asInt: 6, attributes: 7 } as const;
const KEY_VALUE = { key: 1, value: 2 } as const;
const ANY_VALUE = { text: 1, bool: 2, int: 3, double: 4 } as const;
const deltaTemporality = 1n;

/** @throws OtlpError */
export function decodeOtlp(data: Uint8Array): OtlpMetrics {
  const points: OtlpPoint[] = [];
  let others = 0;
  for (const resource of messages(asBuffer(data), resourceMetricsOf)) {
    const labels = new Map<string, string>();
    for (const one of messages(resource, RESOURCE_METRICS.resource)) readAttributes(one, attributesOfResource, labels);
    for (const scope of messages(resource, RESOURCE_METRICS.scopeMetrics))
      for (const metric of messages(scope, metricsOfScope)) others += readMetric(metric, labels, points);
  }
  return { points, others };
}

/** The same data with attributes added to the resource of every client in it. @throws OtlpError */
export function withResourceAttributes(data: Uint8Array, attributes: ReadonlyMap<string, string>): Buffer {
  const added = [...attributes].map(([key, value]) =>
    bytesField(
      attributesOfResource,
      bytesField(KEY_VALUE.key, Buffer.from(key)),
      bytesField(KEY_VALUE.value, bytesField(ANY_VALUE.text, Buffer.from(value))),
    ),
  );
  const parts = [...protobufFields(asBuffer(data))].map((field) => {
    if (field.number !== resourceMetricsOf) return field.raw;
    const inner = [...protobufFields(bytesOf(field))];
    // A message that is there twice is one: its lists are joined.
    const own = inner.filter(({ number }) => number === RESOURCE_METRICS.resource).map(bytesOf);
    const rest = inner.filter(({ number }) => number !== RESOURCE_METRICS.resource).map(({ raw }) => raw);
    return bytesField(resourceMetricsOf, bytesField(RESOURCE_METRICS.resource, ...own, ...added), ...rest);
  });
  return Buffer.concat(parts);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function bytesOf({ wire, value }: ProtobufField): Buffer {
  if (wire !== WIRE.BYTES) throw new OtlpError('a field is no message');
  return value;
}

function* messages(message: Buffer, number: number): Generator<Buffer> {
  for (const field of protobufFields(message)) if (field.number === number) yield bytesOf(field);
}

/** How many metrics were of a kind that is not read: 0 or 1. */
function readMetric(metric: Buffer, resource: ReadonlyMap<string, string>, points: OtlpPoint[]): number {
  let name = '';
  let gauge: Buffer | undefined;
  let sum: Buffer | undefined;
  let others = 0;
  for (const field of protobufFields(metric)) {
    if (field.number === METRIC.name) name = bytesOf(field).toString();
    else if (field.number === METRIC.gauge) gauge = bytesOf(field);
    else if (field.number === METRIC.sum) sum = bytesOf(field);
    else if (field.number > METRIC.gauge && field.number <= METRIC.lastKind) others = 1;
  }
  if (gauge !== undefined)
    for (const point of messages(gauge, SUM.points)) points.push(readPoint(name, 'gauge', point, resource));
  if (sum !== undefined) {
    let isDelta = false;
    let isMonotonic = false;
    for (const { number, varint } of protobufFields(sum)) {
      if (number === SUM.temporality) isDelta = varint === deltaTemporality;
      if (number === SUM.isMonotonic) isMonotonic = varint !== 0n;
    }
    const kind = isDelta ? 'delta' : isMonotonic ? 'total' : 'gauge';
    for (const point of messages(sum, SUM.points)) points.push(readPoint(name, kind, point, resource));
  }
  return others;
}

function readPoint(
  name: string,
  kind: OtlpPoint['kind'],
  point: Buffer,
  resource: ReadonlyMap<string, string>,
): OtlpPoint {
  const labels = new Map(resource);
  let value = 0;
  for (const { number, wire, value: bytes } of protobufFields(point)) {
    if (wire !== WIRE.FIXED64) continue;
    if (number === POINT.asDouble) value = bytes.readDoubleLE(0);
    if (number === POINT.asInt) value = Number(bytes.readBigInt64LE(0));
  }
  readAttributes(point, POINT.attributes, labels);
  return { name, kind, value, labels };
}

function readAttributes(message: Buffer, number: number, into: Map<string, string>): void {
  for (const attribute of messages(message, number)) {
    let key = '';
    let text = '';
    for (const field of protobufFields(attribute)) {
      if (field.number === KEY_VALUE.key) key = bytesOf(field).toString();
      if (field.number === KEY_VALUE.value) text = readAny(bytesOf(field));
    }
    into.set(key, text);
  }
}

/** Lists and maps are left out. */
function readAny(value: Buffer): string {
  for (const { number, varint, value: bytes, wire } of protobufFields(value)) {
    if (number === ANY_VALUE.text) return bytes.toString();
    if (number === ANY_VALUE.bool) return String(varint !== 0n);
    if (number === ANY_VALUE.int) return String(BigInt.asIntN(64, varint));
    if (number === ANY_VALUE.double && wire === WIRE.FIXED64) return String(bytes.readDoubleLE(0));
  }
  return '';
}
