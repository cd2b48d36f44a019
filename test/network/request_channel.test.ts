import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { CloseReason, RepeatTerms, ResponseFrame, TransportListener } from '../../src/common/ports/index.js';
import { systemClock, systemTimers } from '../../src/env/index.js';
import { createNativeTransport } from '../../src/network/native_transport.js';
import {
  type ConnectionContext,
  listenForRequests,
  type RequestPipeline,
  type ResponseCallback,
} from '../../src/network/request_channel.js';
import { dial, frame, options, readBytes, until } from './echo.js';

const produceKey = 0;
const otherKey = 3;

/** Takes requests and answers them when the test says so. */
class Slow implements RequestPipeline {
  readonly begun: number[] = [];
  readonly waiting: Array<{ readonly number: number; readonly done: ResponseCallback }> = [];
  readonly closed: CloseReason[] = [];
  readonly errors: unknown[] = [];
  /** Number of the request that is no request. */
  bad = -1;
  /** Number of the request that holds those behind it until the test calls `goOn`. */
  holding = -1;
  goOn: () => void = () => {};
  mostWaiting = 0;

  process(connection: ConnectionContext, bytes: Uint8Array, start: number): undefined {
    const number = new DataView(bytes.buffer, bytes.byteOffset).getInt32(start + 4);
    if (number === this.bad) throw new Error(`request ${number}`);
    this.begun.push(number);
    if (number === this.holding) this.goOn = connection.holdRequests();
    this.waiting.push({ number, done: connection.defer() });
    this.mostWaiting = Math.max(this.mostWaiting, this.waiting.length);
  }
  onTurnEnd(): void {}
  onOpen(): void {}
  onClose(_connection: unknown, reason: CloseReason): void {
    this.closed.push(reason);
  }
  onError(_connection: unknown, error: unknown): void {
    this.errors.push(error);
  }
  answer(index: number): void {
    const [one] = this.waiting.splice(index, 1);
    if (one === undefined) throw new Error('nothing waits');
    const buffer = response(one.number);
    one.done({ buffer, length: buffer.length, links: [], linkCount: 0 } satisfies ResponseFrame);
  }
}

/** Key, version, number: enough of a header for the channel. */
function request(key: number, number: number): Buffer {
  const body = Buffer.alloc(8 + (number % 50));
  body.writeInt16BE(key, 0);
  body.writeInt32BE(number, 4);
  return frame(body);
}

function response(number: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeInt32BE(4, 0);
  bytes.writeInt32BE(number, 4);
  return bytes;
}

let listener: TransportListener | undefined;
let socket: Socket | undefined;
afterEach(async () => {
  socket?.destroy();
  await listener?.close();
});

async function start(pipeline: RequestPipeline): Promise<Socket> {
  const transport = createNativeTransport({ clock: systemClock, timers: systemTimers });
  listener = await listenForRequests(
    transport,
    { ...options, maxUnreleasedFramesPerConnection: 64 },
    'PLAINTEXT',
    pipeline,
  );
  socket = await dial(listener.port);
  socket.on('error', () => {});
  return socket;
}

const numbers = Array.from({ length: 512 }, (_, i) => i);
const inOrder = Buffer.concat(numbers.map(response));

describe('requests of one connection', () => {
  it('are begun one after the other and answered in order, 512 of them in one write', async () => {
    const pipeline = new Slow();
    const client = await start(pipeline);
    const back = readBytes(client, inOrder.length);
    client.write(Buffer.concat(numbers.map((number) => request(otherKey, number))));
    for (const _ of numbers) {
      await until(() => pipeline.waiting.length > 0);
      pipeline.answer(0);
    }
    expect((await back).equals(inOrder)).toBe(true);
    expect(pipeline.begun).toEqual(numbers);
    expect(pipeline.mostWaiting).toBe(1);
    expect(listener?.statistics.bufferBytesInUse).toBe(0);
  });

  it('leave together when they are answered together, and wait for nothing when they are the last', async () => {
    const pipeline = new Slow();
    const client = await start(pipeline);
    client.write(Buffer.concat([0, 1, 2, 3, 4].map((number) => request(produceKey, number))));
    await until(() => pipeline.waiting.length === 5);
    const callsOf = () => listener?.statistics.writevCalls ?? Number.NaN;
    const before = callsOf();
    const first = readBytes(client, 24);
    for (let i = 0; i < 3; i += 1) pipeline.answer(0);
    expect((await first).equals(Buffer.concat([0, 1, 2].map(response)))).toBe(true);
    expect(callsOf() - before).toBe(1);
    const rest = readBytes(client, 16);
    pipeline.answer(1);
    expect(callsOf() - before).toBe(1);
    pipeline.answer(0);
    expect(callsOf() - before).toBe(2);
    expect((await rest).equals(Buffer.concat([3, 4].map(response)))).toBe(true);
    expect(callsOf() - before).toBe(2);
  });

  it('overlap when they are Produce, and are answered in order whatever is done first', async () => {
    const pipeline = new Slow();
    const client = await start(pipeline);
    const back = readBytes(client, inOrder.length);
    client.write(Buffer.concat(numbers.map((number) => request(produceKey, number))));
    let answered = 0;
    while (answered < numbers.length) {
      await until(() => pipeline.waiting.length >= Math.min(40, numbers.length - answered));
      // The last first.
      for (let most = pipeline.waiting.length; most > 0; most -= 1, answered += 1)
        pipeline.answer(pipeline.waiting.length - 1);
    }
    expect((await back).equals(inOrder)).toBe(true);
    expect(pipeline.begun).toEqual(numbers);
    expect(pipeline.mostWaiting).toBeGreaterThan(16);
  });

  it('wait for the Produce before them, and the Produce after them for them', async () => {
    const pipeline = new Slow();
    const client = await start(pipeline);
    const back = readBytes(client, 5 * 8);
    const keys = [produceKey, produceKey, otherKey, produceKey, produceKey];
    client.write(Buffer.concat(keys.map((key, number) => request(key, number))));
    await until(() => pipeline.waiting.length === 2);
    pipeline.answer(0);
    expect(pipeline.begun).toEqual([0, 1]);
    pipeline.answer(0);
    expect(pipeline.begun).toEqual([0, 1, 2]);
    pipeline.answer(0);
    expect(pipeline.begun).toEqual([0, 1, 2, 3, 4]);
    pipeline.answer(1);
    pipeline.answer(0);
    expect((await back).equals(Buffer.concat([0, 1, 2, 3, 4].map(response)))).toBe(true);
  });

  it('that overlap wait all the same while the one before them holds them', async () => {
    const pipeline = new Slow();
    pipeline.holding = 1;
    const client = await start(pipeline);
    const back = readBytes(client, 5 * 8);
    client.write(Buffer.concat([0, 1, 2, 3, 4].map((number) => request(produceKey, number))));
    await until(() => pipeline.waiting.length === 2);
    // The one before it is answered: that lets nobody through.
    pipeline.answer(0);
    expect(pipeline.begun).toEqual([0, 1]);
    pipeline.goOn();
    expect(pipeline.begun).toEqual([0, 1, 2, 3, 4]);
    for (let left = 4; left > 0; left -= 1) pipeline.answer(left - 1);
    expect((await back).equals(Buffer.concat([0, 1, 2, 3, 4].map(response)))).toBe(true);
  });

  it.each([produceKey, otherKey])('are not begun behind one that is no request (key %i)', async (key) => {
    const pipeline = new Slow();
    pipeline.bad = 1;
    const client = await start(pipeline);
    client.resume();
    const ended = new Promise((resolve) => client.on('close', resolve));
    client.write(Buffer.concat([0, 1, 2, 3].map((number) => request(key, number))));
    await until(() => pipeline.waiting.length === 1);
    if (key === otherKey) pipeline.answer(0);
    await ended;
    await until(() => pipeline.closed.length === 1);
    expect(pipeline.closed).toEqual(['invalid-request']);
    expect(pipeline.errors).toHaveLength(1);
    expect(pipeline.begun).toEqual([0]);
    expect(listener?.statistics.bufferBytesInUse).toBe(0);
  });
});

/** Answers every request at once; says that it may be repeated, and how whenever that is asked for. */
class Repeatable implements RequestPipeline {
  asked = 0;
  readonly toldAt: number[] = [];
  constructor(private readonly terms: RepeatTerms) {}

  process(connection: ConnectionContext, bytes: Uint8Array, start: number): ResponseFrame {
    const number = new DataView(bytes.buffer, bytes.byteOffset).getInt32(start + 4);
    this.asked += 1;
    if (connection.mayRepeat()) {
      this.toldAt.push(this.asked);
      connection.repeat(this.terms);
    }
    const buffer = response(number);
    return { buffer, length: buffer.length, links: [], linkCount: 0 };
  }
  onTurnEnd(): void {}
  onOpen(): void {}
  onClose(): void {}
  onError(): void {}
}

it('is asked how to repeat a request after eight, and after twice as many each time when that was of no use', async () => {
  // Terms that no request meets.
  const pipeline = new Repeatable({
    ...{ request: new Uint8Array(500), response: new Uint8Array(100), maxBytes: 1, minBytes: 1 },
    ...{ readsCommitted: false, compactLengths: false, partitions: [] },
  });
  const client = await start(pipeline);
  for (let from = 0; from < 300; from += 50) {
    const some = numbers.slice(from, from + 50);
    const back = readBytes(client, some.length * 8);
    client.write(Buffer.concat(some.map((number) => request(otherKey, number))));
    await back;
  }
  expect(pipeline.toldAt).toEqual([8, 24, 56, 120, 248]);
});
