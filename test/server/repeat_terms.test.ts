import { describe, expect, it } from 'vitest';
import type { Uuid } from '../../src/common/ids.js';
import type { RepeatTerms } from '../../src/common/ports/index.js';
import { FetchRequest, type FetchResponseInput } from '../../src/protocol/api/fetch.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { beginResponse, decodeRequestHeader, encodeRequest, finishFrame } from '../../src/protocol/frame.js';
import { Reader } from '../../src/protocol/reader.js';
import { type Api, apiByKey } from '../../src/protocol/registry.js';
import { Writer } from '../../src/protocol/writer.js';
import { repeatTerms } from '../../src/server/repeat_terms.js';

const api = apiByKey(ApiKey.Fetch) as Api;
const versions = Array.from({ length: 14 }, (_, index) => index + 5);
const ids = ['AAAAAAAAAAAAAAAAAAAAAQ' as Uuid, 'AAAAAAAAAAAAAAAAAAAAAg' as Uuid] as const;

function requestOf(offsets: readonly number[][]): Parameters<typeof FetchRequest.encode>[2] {
  return {
    maxWaitMs: 500,
    minBytes: 1,
    maxBytes: 1 << 20,
    topics: offsets.map((ofTopic, topic) => ({
      topic: `topic-${topic}`,
      topicId: ids[topic] as Uuid,
      partitions: ofTopic.map((fetchOffset, partition) => ({ partition, fetchOffset, partitionMaxBytes: 1 << 16 })),
    })),
    forgottenTopicsData: [],
    rackId: '',
  };
}

interface Numbers {
  readonly highWatermark: number;
  readonly logStartOffset: number;
  readonly records: Uint8Array;
}

function answerOf(topics: ReadonlyArray<readonly Numbers[]>, committed: boolean): FetchResponseInput {
  return {
    throttleTimeMs: 0,
    errorCode: 0,
    sessionId: 0,
    responses: topics.map((partitions, topic) => ({
      topic: `topic-${topic}`,
      topicId: ids[topic] as Uuid,
      partitions: partitions.map(({ highWatermark, logStartOffset, records }, partitionIndex) => ({
        partitionIndex,
        errorCode: 0,
        highWatermark,
        lastStableOffset: highWatermark,
        logStartOffset,
        abortedTransactions: committed ? [] : null,
        preferredReadReplica: -1,
        records,
      })),
    })),
  };
}

function frameOf(version: number, correlationId: number, answer: FetchResponseInput): Buffer {
  const writer = new Writer();
  beginResponse(writer, api, version, correlationId);
  api.response.encode(writer, version, answer);
  finishFrame(writer);
  return Buffer.concat(writer.toChain().map((part) => (part instanceof Uint8Array ? part : new Uint8Array(0))));
}

function termsOf(version: number, request: Uint8Array, answer: FetchResponseInput, committed = false) {
  const reader = new Reader(request, 0, request.length);
  decodeRequestHeader(reader);
  const bodyAt = reader.position;
  const decoded = FetchRequest.decode(reader, version);
  const partitions = decoded.topics.flatMap((topic) =>
    topic.partitions.map(({ partition, partitionMaxBytes }) => ({ log: partition, maxBytes: partitionMaxBytes })),
  );
  const fetch = { request: decoded, maxBytes: 1 << 20, minBytes: 1, readsCommitted: committed, partitions };
  return repeatTerms(api, version, { bytes: request, start: 0, bodyAt, end: request.length }, fetch, answer);
}

function encodedRequest(version: number, offsets: readonly number[][]): Buffer {
  const writer = new Writer();
  encodeRequest(writer, api, version, 7, 'a client', requestOf(offsets));
  return Buffer.from(writer.bytes().subarray(4));
}

/** What the engine does with the terms (native/net/repeated_fetch.cc). */
function applied(terms: RepeatTerms, correlationId: number, found: readonly Numbers[]): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  for (const [index, { highWatermark, logStartOffset, records }] of found.entries()) {
    const { numbersAt, lengthAt } = terms.partitions[index] as RepeatTerms['partitions'][number];
    const piece = Buffer.from(terms.response.subarray(from, lengthAt));
    for (const [at, value] of [highWatermark, highWatermark, logStartOffset].entries())
      piece.writeBigInt64BE(BigInt(value), numbersAt - from + 8 * at);
    const length = new Writer();
    if (terms.compactLengths) length.unsignedVarint(records.length + 1);
    else length.int32(records.length);
    parts.push(piece, Buffer.from(length.bytes()), Buffer.from(records));
    from = lengthAt + (terms.compactLengths ? 1 : 4);
  }
  const all = Buffer.concat([...parts, terms.response.subarray(from)]);
  all.writeInt32BE(all.length - 4, 0);
  all.writeInt32BE(correlationId, 4);
  return all;
}

const bytes = (length: number): Uint8Array => new Uint8Array(length).map((_, index) => index * 7);
const first: Numbers[][] = [
  [
    { highWatermark: 10, logStartOffset: 0, records: bytes(100) },
    { highWatermark: 0, logStartOffset: 0, records: bytes(0) },
  ],
  [{ highWatermark: 5, logStartOffset: 5, records: bytes(3) }],
];
const second: Numbers[][] = [
  [
    { highWatermark: 2 ** 40 + 1, logStartOffset: 2 ** 33, records: bytes(0) },
    { highWatermark: 255, logStartOffset: 1, records: bytes(127) },
  ],
  [{ highWatermark: 2 ** 52, logStartOffset: 0, records: bytes(20_000) }],
];

describe('the terms by which a fetch is repeated', () => {
  it.each(versions)('make the response of version %i as its encoder does', (version) => {
    for (const committed of [false, true]) {
      const request = encodedRequest(version, [[3, 2 ** 35], [0]]);
      const terms = termsOf(version, request, answerOf(first, committed), committed);
      expect(terms).toBeDefined();
      if (terms === undefined) continue;
      expect(terms).toMatchObject({ maxBytes: 1 << 20, minBytes: 1, readsCommitted: committed });
      expect(applied(terms, -9, second.flat()).equals(frameOf(version, -9, answerOf(second, committed)))).toBe(true);
    }
  });

  it.each(versions)('name where the offsets of version %i are', (version) => {
    const request = encodedRequest(version, [[3, 2 ** 35], [0]]);
    const terms = termsOf(version, request, answerOf(first, false));
    const same = Buffer.from(request);
    for (const [index, offset] of [-2, 2 ** 50, 77].entries())
      same.writeBigInt64BE(BigInt(offset), terms?.partitions[index]?.offsetAt);
    expect(same.equals(encodedRequest(version, [[-2, 2 ** 50], [77]]))).toBe(true);
    expect(Buffer.from(terms?.request ?? []).equals(request)).toBe(true);
  });

  it('are none before log start offsets were told, for bytes that say the same in another way, and for long requests', () => {
    expect(termsOf(4, encodedRequest(4, [[0, 0], [0]]), answerOf(first, false))).toBeUndefined();
    // Bytes behind the request are ignored.
    const longer = Buffer.concat([encodedRequest(12, [[0, 0], [0]]), Buffer.from([0])]);
    expect(termsOf(12, longer, answerOf(first, false))).toBeUndefined();
    const many = [Array.from({ length: 100 }, () => 0)];
    const answer = answerOf([Array.from({ length: 100 }, () => first[0]?.[0] as Numbers)], false);
    expect(termsOf(12, encodedRequest(12, many), answer)).toBeUndefined();
    expect(
      termsOf(12, encodedRequest(12, [Array.from({ length: 50 }, () => 0)]), answerOf(first, false)),
    ).toBeUndefined();
  });
});
