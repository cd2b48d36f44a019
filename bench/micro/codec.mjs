// Nanoseconds per message of the codecs on the hot path. `npm run build:ts && node bench/micro/codec.mjs`
import { performance } from 'node:perf_hooks';

// MILLRACE_DIST: another build to compare with.
const dist = process.env.MILLRACE_DIST ?? new URL('../../dist', import.meta.url).pathname;
const load = (path) => import(`${dist}/protocol/${path}.js`);
const { Reader } = await load('reader');
const { Writer } = await load('writer');
const { ProduceRequest, ProduceResponse } = await load('api/produce');
const { FetchRequest, FetchResponse } = await load('api/fetch');
const { MetadataRequest, MetadataResponse } = await load('api/metadata');
const { OffsetCommitRequest } = await load('api/offset_commit');
const { decodeRequestHeader, encodeRequest } = await load('frame');
const { apiByKey } = await load('registry');

const id = 'k8hT2nB0QkOQk7f0y1Zt5A';
const batch = new Uint8Array(1100);
const region = { kind: 'region', regionId: 1, sizeBytes: 1100 };
const range = (count, make) => Array.from({ length: count }, (_, index) => make(index));

const produce = (partitions) => ({
  acks: -1,
  timeoutMs: 30000,
  topicData: [
    { name: 'orders', topicId: id, partitionData: range(partitions, (index) => ({ index, records: batch })) },
  ],
});
const produced = (partitions) => ({
  responses: [
    {
      name: 'orders',
      topicId: id,
      partitionResponses: range(partitions, (index) => ({ index, baseOffset: 123456, logStartOffset: 0 })),
    },
  ],
});
const fetch = (partitions) => ({
  maxWaitMs: 500,
  minBytes: 1,
  maxBytes: 52428800,
  topics: [
    {
      topic: 'orders',
      topicId: id,
      partitions: range(partitions, (partition) => ({ partition, fetchOffset: 123456, partitionMaxBytes: 1048576 })),
    },
  ],
});
const fetched = (partitions) => ({
  responses: [
    {
      topic: 'orders',
      topicId: id,
      partitions: range(partitions, (partitionIndex) => ({
        partitionIndex,
        highWatermark: 123457,
        lastStableOffset: 123457,
        logStartOffset: 0,
        abortedTransactions: null,
        records: region,
      })),
    },
  ],
});
const metadata = (topics) => ({
  brokers: range(3, (nodeId) => ({ nodeId, host: 'broker.example', port: 9092 })),
  clusterId: id,
  controllerId: 0,
  topics: range(topics, (index) => ({
    name: `topic-${index}`,
    topicId: id,
    partitions: range(6, (partitionIndex) => ({
      partitionIndex,
      leaderId: 0,
      leaderEpoch: 1,
      replicaNodes: [0, 1, 2],
      isrNodes: [0, 1, 2],
    })),
  })),
});
const commit = {
  groupId: 'billing',
  generationIdOrMemberEpoch: 5,
  memberId: 'rdkafka-7d5c0a3e-63cb-4b7c-8ee1-8c1d4cbb1a5b',
  topics: [
    {
      name: 'orders',
      topicId: id,
      partitions: range(6, (partitionIndex) => ({ partitionIndex, committedOffset: 9876543 })),
    },
  ],
};

function time(run, iterations) {
  for (let i = 0; i < 20000; i += 1) run();
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 7; round += 1) {
    const startedMs = performance.now();
    for (let i = 0; i < iterations; i += 1) run();
    best = Math.min(best, ((performance.now() - startedMs) * 1e6) / iterations);
  }
  return best;
}

function report(name, run, iterations = 200_000) {
  console.log(`${name.padEnd(52)} ${time(run, iterations).toFixed(0).padStart(8)} ns`);
}

const writer = new Writer(64 * 1024);
const reader = new Reader();
let kept;

function both(label, message, version, value, iterations) {
  report(
    `${message.name} v${version} ${label}: encode`,
    () => {
      message.encode(writer.reset(), version, value);
      kept = writer.position;
    },
    iterations,
  );
  message.encode(writer.reset(), version, value);
  const bytes = Buffer.concat(
    writer.toChain().map((part) => (part instanceof Uint8Array ? part : Buffer.alloc(part.sizeBytes))),
  );
  report(
    `${message.name} v${version} ${label}: decode`,
    () => {
      kept = message.decode(reader.reset(bytes), version);
    },
    iterations,
  );
}

both('1 partition', ProduceRequest, 9, produce(1));
both('1 partition', ProduceResponse, 9, produced(1));
both('1 partition', FetchRequest, 12, fetch(1));
both('1 partition', FetchResponse, 12, fetched(1));
both('1 partition', ProduceRequest, 13, produce(1));
both('1 partition', FetchRequest, 17, fetch(1));
both('1 partition', FetchResponse, 17, fetched(1));
both('100 partitions', FetchRequest, 17, fetch(100), 5000);
both('100 partitions', FetchResponse, 17, fetched(100), 5000);
both('1 topic', MetadataRequest, 12, { topics: [{ name: 'orders' }] });
both('50 topics of 6', MetadataResponse, 12, metadata(50), 2000);
both('6 partitions', OffsetCommitRequest, 9, commit);

const api = apiByKey(1);
encodeRequest(writer, api, 17, 7, 'rdkafka', fetch(1));
const frame = Uint8Array.prototype.slice.call(writer.bytes(), 4);
report('request header of Fetch v17: decode', () => {
  kept = decodeRequestHeader(reader.reset(frame));
});
if (kept === undefined) throw new Error('nothing was measured');
