// The little that the benchmark itself says over the wire, with the project's own codecs (dist must be built).
import { connect } from 'node:net';
import { decodeResponseHeader, encodeRequest } from '../dist/protocol/frame.js';
import { Reader } from '../dist/protocol/reader.js';
import { apiByKey } from '../dist/protocol/registry.js';
import { Writer } from '../dist/protocol/writer.js';
import { encodeBatch } from '../dist/records/index.js';

export class WireClient {
  static connect(port) {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(new WireClient(socket)));
      // After connecting, an error is followed by 'close'.
      socket.on('error', reject);
    });
  }

  constructor(socket) {
    this.socket = socket;
    this.chunks = [];
    this.have = 0;
    this.waiting = [];
    /** Resolves when the connection is gone. */
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('data', (chunk) => this.onData(chunk));
  }

  /** Answers come in the order of the requests. */
  onData(chunk) {
    this.chunks.push(chunk);
    this.have += chunk.length;
    for (;;) {
      if (this.have < 4) return;
      if (this.chunks[0].length < 4) this.chunks = [Buffer.concat(this.chunks)];
      const whole = 4 + this.chunks[0].readInt32BE(0);
      if (this.have < whole) return;
      const bytes = Buffer.concat(this.chunks);
      this.chunks = [bytes.subarray(whole)];
      this.have -= whole;
      const { api, version, resolve } = this.waiting.shift();
      const reader = new Reader(bytes.subarray(4, whole));
      decodeResponseHeader(reader, api, version);
      resolve(api.response.decode(reader, version));
    }
  }

  send(key, version, body) {
    const api = apiByKey(key);
    const writer = new Writer();
    encodeRequest(writer, api, version, 1, 'bench', body);
    for (const part of writer.toChain()) this.socket.write(Buffer.from(part));
    return new Promise((resolve) => {
      this.waiting.push({ api, version, resolve });
    });
  }

  close() {
    this.socket.destroy();
  }
}

export async function createTopic(client, name, { partitions = 1, configs = {} } = {}) {
  const answer = await client.send(19, 4, {
    topics: [
      {
        name,
        numPartitions: partitions,
        replicationFactor: 1,
        configs: Object.entries(configs).map(([key, value]) => ({ name: key, value: String(value) })),
      },
    ],
    timeoutMs: 120_000,
  });
  if (answer.topics[0].errorCode !== 0)
    throw new Error(answer.topics[0].errorMessage ?? `error ${answer.topics[0].errorCode}`);
}

/** Resolves when every partition says where it begins: a Kafka broker leads a new one only some time after it was created. */
export async function untilLed(client, name, partitions) {
  for (;;) {
    const asked = Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp: -2 }));
    const answer = await client.send(2, 1, { replicaId: -1, topics: [{ name, partitions: asked }] });
    if (answer.topics[0].partitions.every(({ errorCode }) => errorCode === 0)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export async function deleteTopic(client, name) {
  const answer = await client.send(20, 3, { topicNames: [name], timeoutMs: 60_000 });
  if (answer.responses[0].errorCode !== 0)
    throw new Error(`${name} was not deleted: error ${answer.responses[0].errorCode}`);
}

/** One batch of exactly `bytes` bytes. */
export async function produceOnce(client, topic, bytes, partition = 0) {
  let size = bytes - 80;
  let records;
  do {
    records = encodeBatch({
      records: [{ timestampMs: Date.now(), key: null, value: Buffer.alloc(size, 0x5a), headers: [] }],
    });
    size -= records.length - bytes;
  } while (records.length !== bytes && size > 0 && records.length > bytes);
  const answer = await client.send(0, 7, {
    acks: 1,
    timeoutMs: 5000,
    topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
  });
  if (answer.responses[0].partitionResponses[0].errorCode !== 0) throw new Error('produce failed');
}

/** One Fetch of one partition; an offset of -1 only asks for the high watermark. */
export async function fetchOnce(client, topic, fetchOffset, maxWaitMs, maxBytes = 1 << 20) {
  const answer = await client.send(1, 11, {
    maxWaitMs,
    minBytes: 1,
    maxBytes,
    topics: [
      { topic, partitions: [{ partition: 0, fetchOffset: Math.max(0, fetchOffset), partitionMaxBytes: maxBytes }] },
    ],
  });
  const { errorCode, highWatermark, records } = answer.responses[0].partitions[0];
  if (errorCode !== 0) throw new Error(`fetch failed with ${errorCode}`);
  let nextOffset = Math.max(0, fetchOffset);
  const bytes = Buffer.from(records.buffer, records.byteOffset, records.length);
  for (let at = 0; at < bytes.length; at += 12 + bytes.readInt32BE(at + 8))
    nextOffset = Number(bytes.readBigInt64BE(at)) + bytes.readInt32BE(at + 23) + 1;
  return { highWatermark: Number(highWatermark), nextOffset, sizeBytes: bytes.length };
}
