import { describe, expect, expectTypeOf, it } from 'vitest';
import type { Uuid } from '../../src/common/ids.js';
import type { FileRegion } from '../../src/common/ports/index.js';
import { ApiVersionsResponse } from '../../src/protocol/api/api_versions.js';
import { FetchRequest, FetchResponse, type FetchResponseInput } from '../../src/protocol/api/fetch.js';
import { HeartbeatRequest } from '../../src/protocol/api/heartbeat.js';
import { MetadataRequest } from '../../src/protocol/api/metadata.js';
import { DecodeError, Reader } from '../../src/protocol/reader.js';
import { ConsumerGroupMetadataValue } from '../../src/protocol/records/group_consumer.js';
import { EncodeError, Writer } from '../../src/protocol/writer.js';

const writer = new Writer();

function decodeError(run: () => unknown): DecodeError {
  try {
    run();
  } catch (error) {
    if (error instanceof DecodeError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('an error', () => {
  it('names message, version, field and position', () => {
    FetchRequest.encode(writer.reset(), 12, { topics: [{ topic: 'orders', partitions: [{ fetchOffset: 7 }] }] });
    const bytes = Buffer.from(writer.bytes());
    const at = bytes.indexOf('orders') + 'orders'.length + 1 + 4 + 4;
    bytes.writeBigInt64BE(2n ** 60n, at);
    const error = decodeError(() => FetchRequest.decode(new Reader(bytes), 12));
    expect(error.field).toBe('FetchRequest v12 topics.partitions.fetchOffset');
    expect(error.position).toBe(at);
    expect(error.message).toBe(`FetchRequest v12 topics.partitions.fetchOffset: int64 beyond 2^53 at byte ${at}`);
  });

  it('points into tagged fields', () => {
    ApiVersionsResponse.encode(writer.reset(), 3, { supportedFeatures: [{ name: 'x' }] });
    const bytes = Buffer.from(writer.bytes());
    // The size of the tagged field is one too small.
    const at = bytes.indexOf(0x78) - 3;
    bytes[at + 0] = (bytes[at] as number) - 1;
    expect(decodeError(() => ApiVersionsResponse.decode(new Reader(bytes), 3)).field).toMatch(
      /^ApiVersionsResponse v3 /,
    );
  });

  it('refuses counts that the frame cannot hold, before anything is allocated', () => {
    const bytes = Buffer.from('7fffffff00', 'hex');
    const error = decodeError(() => MetadataRequest.decode(new Reader(bytes), 1));
    expect(error.message).toBe('MetadataRequest v1 topics: 2147483647 elements wanted, 1 bytes left at byte 4');
    expect(decodeError(() => MetadataRequest.decode(new Reader(Buffer.from('fffffffe', 'hex')), 1)).problem).toBe(
      'array length -2',
    );
    expect(decodeError(() => MetadataRequest.decode(new Reader(Buffer.from('ffffffff', 'hex')), 0)).problem).toBe(
      'null where an array is needed',
    );
    expect(MetadataRequest.decode(new Reader(Buffer.from('ffffffff', 'hex')), 1).topics).toBeNull();
  });

  it('refuses versions that do not exist', () => {
    expect(() => FetchRequest.decode(new Reader(new Uint8Array(100)), 3)).toThrow('FetchRequest has no version 3');
    expect(() => FetchRequest.encode(writer.reset(), 19, {})).toThrow(EncodeError);
  });

  it('refuses tagged fields that are out of order, too many or too long', () => {
    HeartbeatRequest.encode(writer.reset(), 4, { unknownTaggedFields: [{ tag: 5, data: new Uint8Array(2) }] });
    const good = Buffer.from(writer.bytes()).toString('hex');
    expect(good.endsWith('0105020000')).toBe(true);
    const decode = (end: string) =>
      decodeError(() => HeartbeatRequest.decode(new Reader(Buffer.from(good.slice(0, -10) + end, 'hex')), 4)).message;
    expect(decode('0205000500')).toContain('(tagged fields): tag 5 after tag 5');
    expect(decode('0305000600')).toContain('3 tagged fields wanted, 4 bytes left');
    expect(decode('0105030000')).toContain('tagged field of 3 bytes, 2 left');
  });
});

describe('tagged fields of the future', () => {
  it('survive in tag order, mixed with known ones', () => {
    const unknownTaggedFields = [
      { tag: 4, data: new Uint8Array([4]) },
      { tag: 900, data: new Uint8Array([9, 9]) },
    ];
    ApiVersionsResponse.encode(writer.reset(), 4, { zkMigrationReady: true, unknownTaggedFields });
    const bytes = Uint8Array.prototype.slice.call(writer.bytes());
    const value = ApiVersionsResponse.decode(new Reader(bytes), 4);
    expect(value.zkMigrationReady).toBe(true);
    expect(value.unknownTaggedFields?.map(({ tag }) => tag)).toEqual([4, 900]);
    ApiVersionsResponse.encode(writer.reset(), 4, value);
    expect(Buffer.compare(writer.bytes(), bytes)).toBe(0);
  });

  it('are not there otherwise', () => {
    HeartbeatRequest.encode(writer.reset(), 4, {});
    expect('unknownTaggedFields' in HeartbeatRequest.decode(new Reader(writer.bytes()), 4)).toBe(false);
  });
});

describe('a fetch response', () => {
  it('carries file regions', () => {
    const region: FileRegion = { kind: 'region', regionId: 3, sizeBytes: 1000 };
    const value: FetchResponseInput = {
      responses: [
        { topicId: 'ABEiM0RVZneImaq7zN3u_w' as Uuid, partitions: [{ records: region }, { records: [region, region] }] },
      ],
    };
    FetchResponse.encode(writer.reset(), 17, value);
    const chain = writer.toChain();
    expect(chain.filter((part) => part === region).length).toBe(3);
    const flat = Buffer.concat(chain.map((part) => (part instanceof Uint8Array ? part : Buffer.alloc(part.sizeBytes))));
    expect(flat.length).toBe(writer.totalBytes);
    const partitions = FetchResponse.decode(new Reader(flat), 17).responses[0]?.partitions;
    expect(partitions?.map((partition) => partition.records?.length)).toEqual([1000, 2000]);
  });

  it('gives absent structs the same fields as decoded ones', () => {
    FetchResponse.encode(writer.reset(), 12, {
      responses: [{ partitions: [{ currentLeader: { leaderId: 4, leaderEpoch: 5 } }, {}] }],
    });
    const [one, two] = FetchResponse.decode(new Reader(writer.bytes()), 12).responses[0]?.partitions ?? [];
    expect(one?.currentLeader).toEqual({ leaderId: 4, leaderEpoch: 5 });
    expect(two?.currentLeader).toEqual({ leaderId: -1, leaderEpoch: -1 });
    expect(Object.keys(two?.currentLeader ?? {})).toEqual(Object.keys(one?.currentLeader ?? {}));
  });
});

describe('a hash', () => {
  it('uses 64 bits', () => {
    const metadataHash = -0x7edc_ba98_7654_3211n;
    ConsumerGroupMetadataValue.encode(writer.reset(), 0, { epoch: 1, metadataHash });
    expect(ConsumerGroupMetadataValue.decode(new Reader(writer.bytes()), 0).metadataHash).toBe(metadataHash);
  });
});

describe('types', () => {
  it('follow the schema', () => {
    const decode = (): ReturnType<typeof FetchRequest.decode> => FetchRequest.decode(new Reader(), 4);
    expect(decode).toThrow(DecodeError);
    type Decoded = ReturnType<typeof decode>;
    expectTypeOf<Decoded['clusterId']>().toEqualTypeOf<string | null>();
    expectTypeOf<Decoded['topics'][number]['topicId']>().toEqualTypeOf<Uuid>();
    expectTypeOf<Decoded['topics'][number]['partitions'][number]['fetchOffset']>().toEqualTypeOf<number>();
    type Partition = ReturnType<typeof FetchResponse.decode>['responses'][number]['partitions'][number];
    expectTypeOf<Partition['records']>().toEqualTypeOf<Uint8Array | null>();
    expectTypeOf<FileRegion>().toExtend<
      NonNullable<NonNullable<NonNullable<FetchResponseInput['responses']>[number]['partitions']>[number]['records']>
    >();
  });
});
