import { bytesField } from '../../src/server/client_metrics/protobuf.js';

// Writes OTLP as clients do; the reader under test is another one.

const text = (value: string): Buffer => Buffer.from(value);
const tag = (number: number, wire: number): Buffer => Buffer.from([number * 8 + wire]);

function attribute(key: string, value: string): Buffer {
  return Buffer.concat([bytesField(1, text(key)), bytesField(2, bytesField(1, text(value)))]);
}

function point(value: number, attributes: Readonly<Record<string, string>>): Buffer {
  const double = Buffer.alloc(8);
  double.writeDoubleLE(value);
  const integer = Buffer.alloc(8);
  if (Number.isSafeInteger(value)) integer.writeBigInt64LE(BigInt(value));
  const number = Number.isSafeInteger(value) ? [tag(6, 1), integer] : [tag(4, 1), double];
  return Buffer.concat([
    ...number,
    ...Object.entries(attributes).map(([key, one]) => bytesField(7, attribute(key, one))),
  ]);
}

export function gauge(name: string, value: number, attributes: Readonly<Record<string, string>> = {}): Buffer {
  return Buffer.concat([bytesField(1, text(name)), bytesField(5, bytesField(1, point(value, attributes)))]);
}

/** Monotonic. */
export function sum(name: string, value: number, temporality: 'delta' | 'cumulative'): Buffer {
  return Buffer.concat([
    bytesField(1, text(name)),
    bytesField(
      7,
      bytesField(1, point(value, {})),
      tag(2, 0),
      Buffer.from([temporality === 'delta' ? 1 : 2]),
      tag(3, 0),
      Buffer.from([1]),
    ),
  ]);
}

export function histogram(name: string): Buffer {
  return Buffer.concat([bytesField(1, text(name)), bytesField(9, Buffer.alloc(0))]);
}

/** One resource in one rack. */
export function metricsData(...metrics: readonly Buffer[]): Buffer {
  const resource = bytesField(1, bytesField(1, attribute('rack', 'r1')));
  return bytesField(1, resource, bytesField(2, ...metrics.map((metric) => bytesField(2, metric))));
}
