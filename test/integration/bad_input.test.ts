import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { crc32c } from '../../src/common/crc32c.js';
import { type Broker, startBroker } from '../../src/index.js';
import type { MetadataRequest } from '../../src/protocol/api/metadata.js';
import type { ProduceResponse } from '../../src/protocol/api/produce.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { ErrorCode } from '../../src/protocol/errors.js';
import { encodeRequest } from '../../src/protocol/frame.js';
import { apiByKey } from '../../src/protocol/registry.js';
import { Writer } from '../../src/protocol/writer.js';
import { encodeBatch } from '../../src/records/index.js';
import { MemoryLogger } from '../../src/telemetry/index.js';
import { WireClient } from '../support/wire_client.js';
import { createTopic, produce, readAll } from './produce_fetch.js';

let broker: Broker;
let logger: MemoryLogger;
let client: WireClient;
const sockets: Socket[] = [];
const maxRequestBytes = 1 << 20;

beforeEach(async () => {
  logger = new MemoryLogger();
  broker = await startBroker({ logger, config: { 'socket.request.max.bytes': maxRequestBytes } });
  client = await WireClient.connect(broker.port);
  await createTopic(client, 'safe', 1, { 'max.message.bytes': '10000' });
  await produce(client, 'safe', ['before']);
});

// Whatever was sent: what was acknowledged is there, the broker takes more, and nothing failed inside it.
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  expect(await produce(client, 'safe', ['after'])).toMatchObject({ errorCode: 0, baseOffset: 1 });
  expect(await readAll(client, 'safe')).toEqual(['before', 'after']);
  client.close();
  await broker.close();
  expect(logger.messages('error').concat(logger.messages('fatal'))).toEqual([]);
});

function dial(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: broker.port, host: '127.0.0.1' }, () => resolve(socket));
    sockets.push(socket);
    socket.on('error', reject);
  });
}

/** What the broker answers until it closes. */
async function answerTo(bytes: Uint8Array, end = false): Promise<Buffer> {
  const socket = await dial();
  socket.removeAllListeners('error').on('error', () => {});
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part));
  const closed = new Promise((resolve) => socket.on('close', resolve));
  if (end) socket.end(bytes);
  else socket.write(bytes);
  await closed;
  return Buffer.concat(parts);
}

function requestFrame(key: number, version: number, body: object): Buffer {
  const api = apiByKey(key);
  if (api === undefined) throw new Error(`no API ${key}`);
  const writer = new Writer(256);
  encodeRequest(writer, api, version, 1, 'wire-client', body);
  return Buffer.concat(writer.toChain().filter((part) => part instanceof Uint8Array));
}

/** The first `length` bytes of what `whole` carries, as a frame of its own. */
function cut(whole: Buffer, length: number): Buffer {
  const frame = Buffer.alloc(4 + length);
  frame.writeInt32BE(length);
  whole.copy(frame, 4, 4, 4 + length);
  return frame;
}

const warnings = () => logger.messages('warn').join('\n');

const produceFrame = (records: Uint8Array) =>
  requestFrame(ApiKey.Produce, 9, {
    transactionalId: null,
    acks: -1,
    timeoutMs: 5000,
    topicData: [{ name: 'safe', partitionData: [{ index: 0, records }] }],
  });

const batch = (value = 'x') =>
  Buffer.from(
    encodeBatch({
      records: [{ timestampMs: Date.now(), key: null, value: Buffer.from(value), headers: [] }],
    }),
  );

describe('requests that cannot be read close their connection, and the log says why', () => {
  it.each<[string, Buffer, RegExp]>([
    ['a length above the limit', Buffer.from('00100001', 'hex'), /larger than socket\.request\.max\.bytes \(1048576\)/],
    ['a negative length', Buffer.from('80000000', 'hex'), /not the Kafka protocol .*\(frame-negative-length\)/],
    ['a frame that holds no header', Buffer.from('0000000100', 'hex'), /not the Kafka protocol .*\(frame-too-short\)/],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n'), /spoke HTTP to PLAINTEXT on port \d+.*millrace\.metrics\.port/],
    ['TLS', Buffer.from('16030100f8010000f4', 'hex'), /TLS handshake .*plaintext: set security\.protocol=PLAINTEXT/],
    [
      'a client that is too old',
      requestFrame(ApiKey.Metadata, 1, { topics: null } satisfies Partial<MetadataRequest>)
        .fill(0, 6, 8)
        .fill(1, 5, 6),
      /client id wire-client\) sent Fetch version 0, but versions 4 to \d+ are supported: upgrade that client/,
    ],
    ['an API that does not exist', Buffer.from('0000000a7fff0000000000010000', 'hex'), /API key 32767, which does not/],
    // Metadata version 4: correlation id, client id of length 0, then an array of names.
    ['a negative count', Buffer.from('0000000f00030004000000010000fffffff900', 'hex'), /could not be read/],
    [
      'a count beyond the frame',
      Buffer.from('0000000f00030004000000010000' + '7fffffff01', 'hex'),
      /could not be read/,
    ],
    ['a negative string', Buffer.from('0000001100030004000000010000' + '00000001fffe01', 'hex'), /could not be read/],
    ['a negative client id', Buffer.from('0000000a00030004000000018000', 'hex'), /could not be read/],
  ])('%s', async (_name, bytes, sentence) => {
    await answerTo(bytes);
    expect(warnings()).toMatch(sentence);
    expect(logger.messages('warn')).toHaveLength(1);
  });

  it('a Produce request that is cut, at every byte', async () => {
    const whole = produceFrame(batch('never appended'));
    for (let length = 14; length < whole.length - 4; length += 1) await answerTo(cut(whole, length));
    expect(warnings()).toMatch(/sent a request that could not be read: .+/);
  });
});

describe('records that are wrong are refused with an error, and the log says why', () => {
  const damaged = () => {
    const bytes = batch();
    bytes.writeUInt8(bytes.readUInt8(66) ^ 1, 66);
    return bytes;
  };
  const checked = (bytes: Buffer) => {
    bytes.writeUInt32BE(crc32c(bytes.subarray(21)), 17);
    return bytes;
  };
  const changed = (change: (bytes: Buffer) => void) => {
    const bytes = batch();
    change(bytes);
    return checked(bytes);
  };
  it.each<[string, Buffer, ErrorCode]>([
    ['a wrong CRC', damaged(), ErrorCode.CORRUPT_MESSAGE],
    ['magic 1', changed((bytes) => bytes.writeInt8(1, 16)), ErrorCode.INVALID_RECORD],
    ['magic 3', changed((bytes) => bytes.writeInt8(3, 16)), ErrorCode.CORRUPT_MESSAGE],
    ['a negative batch length', changed((bytes) => bytes.writeInt32BE(-1, 8)), ErrorCode.INVALID_RECORD],
    ['a batch length beyond the records', changed((bytes) => bytes.writeInt32BE(5000, 8)), ErrorCode.INVALID_RECORD],
    ['a header that is cut', batch().subarray(0, 60), ErrorCode.INVALID_RECORD],
    ['no record at all', Buffer.alloc(0), ErrorCode.INVALID_RECORD],
    ['a negative count', changed((bytes) => bytes.writeInt32BE(-1, 57)), ErrorCode.INVALID_RECORD],
    ['two batches', Buffer.concat([batch(), batch()]), ErrorCode.INVALID_RECORD],
    ['an unknown codec', changed((bytes) => bytes.writeInt16BE(7, 21)), ErrorCode.CORRUPT_MESSAGE],
    ['more than max.message.bytes', batch('y'.repeat(10_000)), ErrorCode.MESSAGE_TOO_LARGE],
  ])('%s', async (_name, records, errorCode) => {
    const response = await client.send<ProduceResponse>(ApiKey.Produce, 9, {
      transactionalId: null,
      acks: -1,
      timeoutMs: 5000,
      topicData: [{ name: 'safe', partitionData: [{ index: 0, records }] }],
    });
    expect(response.responses[0]?.partitionResponses[0]).toMatchObject({ errorCode, baseOffset: -1 });
    expect(logger.messages('warn')).toHaveLength(1);
    expect(warnings()).toMatch(
      /^127\.0\.0\.1 \(client id wire-client\) sent records for safe-0 that were refused: .+; .+$/,
    );
  });

  it('but a flood of them does not fill the log', async () => {
    for (let i = 0; i < 100; i += 1) {
      const answer = await answerTo(produceFrame(damaged()), true);
      expect(answer.readInt32BE(0)).toBe(answer.length - 4);
    }
    expect(logger.messages('warn').length).toBeLessThan(50);
  });
});

describe('many connections that never finish', () => {
  it('half a request, then half-closed: the connection ends', async () => {
    const whole = produceFrame(batch('half'));
    for (let length = 0; length < whole.length; length += 1)
      expect(await answerTo(whole.subarray(0, length), true)).toHaveLength(0);
  });

  it('a whole request, then half-closed: it is answered before the connection ends', async () => {
    const answer = await answerTo(requestFrame(ApiKey.ApiVersions, 0, {}), true);
    expect(answer.readInt32BE(0)).toBe(answer.length - 4);
  });

  it('five hundred that announce a large request each and send nothing of it cost next to nothing', async () => {
    const before = process.memoryUsage();
    const descriptors = readdirSync('/proc/self/fd').length;
    const announced = Buffer.from('000fffff', 'hex');
    const open = await Promise.all(Array.from({ length: 500 }, () => dial()));
    for (const socket of open) {
      socket.removeAllListeners('error').on('error', () => {});
      socket.write(announced);
    }
    // Later requests are answered meanwhile.
    for (let i = 0; i < 20; i += 1) await client.send(ApiKey.ApiVersions, 0, {});
    const now = process.memoryUsage();
    // 500 MiB were announced; both ends of the connections are in this process.
    expect(now.rss - before.rss).toBeLessThan(100 * 1024 * 1024);
    const closed = open.map((socket) => new Promise((resolve) => socket.on('close', resolve)));
    for (const socket of open) socket.destroy();
    await Promise.all(closed);
    await expect.poll(() => readdirSync('/proc/self/fd').length, { timeout: 10_000 }).toBeLessThanOrEqual(descriptors);
  });

  it('are closed when connections.max.idle.ms has passed', async () => {
    const virtualLogger = new MemoryLogger();
    const virtual = await startBroker({ clock: 'virtual', logger: virtualLogger });
    const socket = connect({ port: virtual.port, host: '127.0.0.1' }).on('error', () => {});
    const closed = new Promise((resolve) => socket.on('close', resolve));
    await new Promise((resolve) => socket.write(Buffer.from('0000', 'hex'), resolve));
    await virtual.clock.advance('5m');
    expect(socket.destroyed).toBe(false);
    await virtual.clock.advance('20m');
    await closed;
    await virtual.close();
    expect(virtualLogger.messages('info').join('\n')).toMatch(/idle for longer than connections\.max\.idle\.ms/);
  });
});
