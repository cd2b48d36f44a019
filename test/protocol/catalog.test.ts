import { describe, expect, it } from 'vitest';
import { DecodeError } from '../../src/protocol/reader.js';
import {
  decodeCoordinatorRecord,
  decodeFramedRecord,
  groupRecordKinds,
  metadataRecords,
  remoteLogRecords,
  shareRecordKinds,
  transactionRecordKinds,
} from '../../src/protocol/records/catalog.js';
import { readTsv } from '../support/tsv.js';

const vectors = readTsv('internal-vectors.tsv').filter((row) => row.mode === 'filled');
const table = readTsv('internal-records.tsv');

function vector(message: string): { version: number; bytes: Buffer } {
  const found = vectors.filter((row) => row.message === message).at(-1);
  if (found === undefined) throw new Error(`no vector of ${message}`);
  return { version: Number(found.version), bytes: Buffer.from(found.hex ?? '', 'hex') };
}

function prefixed(prefix: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([prefix >> 8, prefix]), bytes]);
}

describe.each([
  ['group-coordinator', groupRecordKinds],
  ['transaction-coordinator', transactionRecordKinds],
  ['share-coordinator', shareRecordKinds],
] as const)('records of the %s', (area, kinds) => {
  it('are all there', () => {
    const keys = table.filter((row) => row.area === area && row.kind === 'coordinator-key');
    const wanted = new Map(keys.map((row) => [row.message, Number(row.api_key)]));
    expect(new Map(kinds.map((kind) => [kind.key.name, kind.type]))).toEqual(wanted);
  });

  it.each(kinds)('$name is found by its type', (kind) => {
    const key = vector(kind.key.name);
    const value = vector(kind.value.name);
    const record = decodeCoordinatorRecord(kinds, prefixed(kind.type, key.bytes), prefixed(value.version, value.bytes));
    expect(record?.kind).toBe(kind);
    expect(record?.valueVersion).toBe(value.version);
    expect(Object.keys(record?.value ?? {})).toEqual(Object.keys(kind.value.spec.fields));
    expect(kind.value.name).toBe(`${kind.name}Value`);
    const tombstone = decodeCoordinatorRecord(kinds, prefixed(kind.type, key.bytes), null);
    expect(tombstone).toEqual({ kind, key: record?.key, value: null, valueVersion: null });
    expect(() => decodeCoordinatorRecord(kinds, prefixed(kind.type, key.bytes), prefixed(90, value.bytes))).toThrow(
      DecodeError,
    );
  });

  it('of a newer broker are passed over', () => {
    expect(decodeCoordinatorRecord(kinds, prefixed(900, new Uint8Array(9)), null)).toBeUndefined();
    expect(() => decodeCoordinatorRecord(kinds, new Uint8Array(1), null)).toThrow(DecodeError);
  });
});

describe.each([
  ['the metadata log', metadataRecords, true],
  ['the remote log metadata', remoteLogRecords, false],
] as const)('records of %s', (_name, messages, framed) => {
  it.each(messages.map((message) => [message.name, message] as const))('%s', (name, message) => {
    const { version, bytes } = vector(name);
    const frame = Buffer.concat([Buffer.from(framed ? [1, message.key, version] : [message.key, version]), bytes]);
    const record = decodeFramedRecord(messages, frame, framed);
    expect(record?.message).toBe(message);
    expect(record?.version).toBe(version);
  });

  it('have types of their own', () => {
    expect(new Set(messages.map((message) => message.key)).size).toBe(messages.length);
    expect(messages.length).toBe(framed ? readTsvTypes() : 4);
    expect(decodeFramedRecord(messages, Buffer.from(framed ? [1, 120, 0] : [120, 0]), framed)).toBeUndefined();
    const [first] = messages;
    expect(() =>
      decodeFramedRecord(messages, Buffer.from(framed ? [1, first?.key ?? 0, 99] : [first?.key ?? 0, 99]), framed),
    ).toThrow(DecodeError);
  });
});

function readTsvTypes(): number {
  return new Set(readTsv('metadata-records.tsv').flatMap((row) => (row.api_key === '' ? [] : [row.api_key]))).size;
}

it('a metadata frame of another version is refused', () => {
  expect(() => decodeFramedRecord(metadataRecords, Buffer.from([2, 0, 0]), true)).toThrow(DecodeError);
});
