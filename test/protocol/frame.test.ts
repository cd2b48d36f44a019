import { describe, expect, it } from 'vitest';
import { ApiVersionsResponse } from '../../src/protocol/api/api_versions.js';
import { FetchRequest } from '../../src/protocol/api/fetch.js';
import { MetadataResponse } from '../../src/protocol/api/metadata.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { RequestHeader } from '../../src/protocol/data/headers.js';
import { ErrorCode } from '../../src/protocol/errors.js';
import {
  beginResponse,
  decodeRequestHeader,
  decodeResponseHeader,
  encodeRequest,
  finishFrame,
} from '../../src/protocol/frame.js';
import { DecodeError, Reader } from '../../src/protocol/reader.js';
import { type Api, allApis, apiByKey } from '../../src/protocol/registry.js';
import { Writer } from '../../src/protocol/writer.js';

function api(key: number): Api {
  const found = apiByKey(key);
  if (found === undefined) throw new Error(`no API ${key}`);
  return found;
}

const writer = new Writer();

/** The frame in the writer without its size, which must be right. */
function frame(): Buffer {
  const bytes = Buffer.from(writer.bytes());
  expect(bytes.readInt32BE(0)).toBe(bytes.length - 4);
  return bytes.subarray(4);
}

describe('requests', () => {
  const versions = allApis().flatMap((one) =>
    Array.from(
      { length: one.request.maxVersion - one.request.minVersion + 1 },
      (_, i) => one.request.minVersion + i,
    ).map((version) => [one.name, version, one] as const),
  );

  it.each(versions)('%s v%i: what a client encodes a broker decodes', (_name, version, one) => {
    encodeRequest(writer, one, version, 77, 'cliënt', {});
    const reader = new Reader(frame());
    expect(decodeRequestHeader(reader)).toEqual({
      apiKey: one.key,
      apiVersion: version,
      correlationId: 77,
      clientId: 'cliënt',
      api: one,
      versionKnown: true,
    });
    expect(one.request.decode(reader, version)).toBeTypeOf('object');
    expect(reader.remaining).toBe(0);
  });

  it('have the bytes of other clients', () => {
    // ApiVersions v3 as librdkafka sends it: header 2 with the two-byte client id, then compact strings.
    const bytes = Buffer.from(
      '001200030000000100077264 6b61666b61000b6c69627264 6b61666b610632 2e302e3200'.replaceAll(' ', ''),
      'hex',
    );
    const reader = new Reader(bytes);
    const header = decodeRequestHeader(reader);
    expect(header.clientId).toBe('rdkafka');
    expect(header.api?.request.decode(reader, 3)).toEqual({
      clientSoftwareName: 'librdkafka',
      clientSoftwareVersion: '2.0.2',
    });
    expect(reader.remaining).toBe(0);
  });

  it('may have no client id', () => {
    encodeRequest(writer, api(ApiKey.Fetch), 4, 1, null, {});
    expect(decodeRequestHeader(new Reader(frame())).clientId).toBeNull();
  });

  it('keep tagged fields of the header out of the body', () => {
    const unknownTaggedFields = [{ tag: 3, data: new Uint8Array([1, 2]) }];
    const header = { requestApiKey: 1, requestApiVersion: 12, correlationId: 5, clientId: 'x', unknownTaggedFields };
    RequestHeader.encode(writer.reset(), 2, header);
    FetchRequest.encode(writer, 12, { maxWaitMs: 123 });
    const reader = new Reader(Buffer.from(writer.bytes()));
    expect(decodeRequestHeader(reader).versionKnown).toBe(true);
    expect(FetchRequest.decode(reader, 12).maxWaitMs).toBe(123);
  });
});

describe('requests from the future', () => {
  it('of ApiVersions can be answered in version 0', () => {
    const bytes = Buffer.from('0012006300001234000474657374 00ff'.replace(' ', ''), 'hex');
    const header = decodeRequestHeader(new Reader(bytes));
    expect(header).toEqual({
      apiKey: 18,
      apiVersion: 99,
      correlationId: 0x1234,
      clientId: 'test',
      api: api(ApiKey.ApiVersions),
      versionKnown: false,
    });
    beginResponse(writer.reset(), api(ApiKey.ApiVersions), 0, header.correlationId);
    const apiKeys = [{ apiKey: 18, minVersion: 0, maxVersion: 4 }];
    ApiVersionsResponse.encode(writer, 0, { errorCode: ErrorCode.UNSUPPORTED_VERSION, apiKeys });
    finishFrame(writer);
    expect(frame().toString('hex')).toBe('000012340023000000010012 00000004'.replace(' ', ''));
  });

  it('say who sent them as far as that can be read', () => {
    const unknown = (hex: string) => decodeRequestHeader(new Reader(Buffer.from(hex, 'hex')));
    expect(unknown('0fff000000000001ffff')).toMatchObject({ apiKey: 0xfff, api: undefined, clientId: null });
    expect(unknown('0fff000000000001')).toMatchObject({ correlationId: 1, clientId: null, versionKnown: false });
    expect(unknown('0001fffe00000001000161')).toMatchObject({ apiVersion: -2, clientId: 'a', versionKnown: false });
    expect(() => unknown('0fff0000000000')).toThrow(DecodeError);
  });
});

describe('responses', () => {
  it.each([
    [8, 0],
    [9, 1],
  ])('of Metadata v%i have header %i', (version, headerVersion) => {
    beginResponse(writer.reset(), api(ApiKey.Metadata), version, 9);
    MetadataResponse.encode(writer, version, { controllerId: 3 });
    finishFrame(writer);
    const reader = new Reader(frame());
    expect(decodeResponseHeader(reader, api(ApiKey.Metadata), version)).toBe(9);
    expect(reader.position).toBe(4 + headerVersion);
    expect(MetadataResponse.decode(reader, version).controllerId).toBe(3);
    expect(reader.remaining).toBe(0);
  });

  it('of ApiVersions always have header 0', () => {
    beginResponse(writer.reset(), api(ApiKey.ApiVersions), 4, 9);
    expect(writer.position).toBe(8);
  });

  it('count the regions in their size', () => {
    beginResponse(writer.reset(), api(ApiKey.Fetch), 12, 9);
    writer.records({ kind: 'region', regionId: 1, sizeBytes: 5000 });
    finishFrame(writer);
    const [head] = writer.toChain();
    expect(Buffer.from(head as Uint8Array).readInt32BE(0)).toBe(5 + 4 + 5000);
  });
});
