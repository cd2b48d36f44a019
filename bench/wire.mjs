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
      socket.on('error', reject);
    });
  }

  constructor(socket) {
    this.socket = socket;
    this.buffer = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      this.buffer = Buffer.concat([this.buffer, chunk]);
      if (this.buffer.length < 4 || this.buffer.length < 4 + this.buffer.readInt32BE(0)) return;
      const frame = this.buffer.subarray(4);
      this.buffer = Buffer.alloc(0);
      const { api, version, resolve } = this.waiting;
      const reader = new Reader(frame);
      decodeResponseHeader(reader, api, version);
      resolve(api.response.decode(reader, version));
    });
  }

  send(key, version, body) {
    const api = apiByKey(key);
    const writer = new Writer();
    encodeRequest(writer, api, version, 1, 'bench', body);
    for (const part of writer.toChain()) this.socket.write(Buffer.from(part));
    return new Promise((resolve) => {
      this.waiting = { api, version, resolve };
    });
  }

  close() {
    this.socket.destroy();
  }
}

export async function createTopic(client, name) {
  const answer = await client.send(19, 4, {
    topics: [{ name, numPartitions: 1, replicationFactor: 1 }],
    timeoutMs: 5000,
  });
  if (answer.topics[0].errorCode !== 0) throw new Error(answer.topics[0].errorMessage);
}

/** One batch of exactly `bytes` bytes. */
export async function produceOnce(client, topic, bytes) {
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
    topicData: [{ name: topic, partitionData: [{ index: 0, records }] }],
  });
  if (answer.responses[0].partitionResponses[0].errorCode !== 0) throw new Error('produce failed');
}
