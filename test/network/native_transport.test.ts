import { readdirSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import type { CloseReason, ListenOptions, TransportListener } from '../../src/common/ports/index.js';
import { systemClock, systemTimers, VirtualTime } from '../../src/env/index.js';
import { createNativeTransport } from '../../src/network/native_transport.js';
import { body, dial, Echo, frame, options, readBytes, until } from './echo.js';

let listener: TransportListener | undefined;
afterEach(async () => {
  await listener?.close();
  listener = undefined;
});

async function start(
  echo: Echo,
  more: Partial<ListenOptions> = {},
  ports = { clock: systemClock, timers: systemTimers },
) {
  listener = await createNativeTransport(ports).listen({ ...options, ...more }, echo);
  return listener.port;
}

describe('native transport', () => {
  it('answers frames cut at every byte boundary', async () => {
    const port = await start(new Echo());
    const whole = Buffer.concat([frame(body(20)), frame(body(33, 7))]);
    for (let cut = 1; cut < whole.length; cut += 1) {
      const socket = await dial(port);
      socket.setNoDelay(true);
      const answered = readBytes(socket, whole.length);
      socket.write(whole.subarray(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      socket.write(whole.subarray(cut));
      expect(await answered).toEqual(whole);
      socket.destroy();
    }
  });

  it('moves frames much larger than a slab, and pipelined small ones', async () => {
    const port = await start(new Echo());
    const socket = await dial(port);
    const large = frame(body(900_000));
    const answered = readBytes(socket, large.length);
    socket.write(large);
    expect((await answered).equals(large)).toBe(true);
    const many = Buffer.concat(Array.from({ length: 500 }, (_, i) => frame(body(50, i))));
    const back = readBytes(socket, many.length);
    socket.write(many);
    expect((await back).equals(many)).toBe(true);
    socket.destroy();
  });

  it('does not read on when too many frames are not released, and goes on when they are', async () => {
    const echo = new Echo();
    echo.hold = [];
    const port = await start(echo);
    const socket = await dial(port);
    const many = Buffer.concat(Array.from({ length: 100 }, (_, i) => frame(body(50, i))));
    const back = readBytes(socket, many.length);
    socket.write(many);
    await until(() => echo.frames === 16);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(echo.frames).toBe(16);
    for (let answered = 0; answered < 100; answered += 1) {
      await until(() => (echo.hold?.length ?? 0) > 0);
      echo.hold.shift()?.();
    }
    expect((await back).equals(many)).toBe(true);
    socket.destroy();
  });

  it.each<[string, Buffer, CloseReason]>([
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), 'http'],
    ['a TLS hello', Buffer.from('16030100f8010000f4', 'hex'), 'tls'],
    ['a negative length', Buffer.from('ffffffff0000', 'hex'), 'frame-negative-length'],
    ['a length above the limit', Buffer.from('7f0000000000', 'hex'), 'frame-too-large'],
    ['a frame shorter than a header', Buffer.from('0000000400030000', 'hex'), 'frame-too-short'],
  ])('recognises %s', async (_name, bytes, reason) => {
    const echo = new Echo();
    const port = await start(echo);
    const socket = await dial(port);
    const answer: Buffer[] = [];
    socket.on('data', (chunk) => answer.push(chunk)).on('error', () => {});
    const ended = new Promise((resolve) => socket.on('close', resolve));
    socket.write(bytes);
    await ended;
    await until(() => echo.closed.length === 1);
    expect(echo.closed).toEqual([reason]);
    expect(echo.frames).toBe(0);
    if (reason === 'http') expect(Buffer.concat(answer).toString()).toMatch(/^HTTP\/1\.1 400 [\s\S]*Kafka protocol/);
  });

  it('spends memory for what arrives, not for what is announced', async () => {
    const port = await start(new Echo(), { maxFrameBytes: 100 << 20 });
    const sockets = await Promise.all(Array.from({ length: 20 }, () => dial(port)));
    for (const socket of sockets) socket.write(Buffer.from('0600000000', 'hex'));
    await until(() => (listener?.statistics.bytesReceived ?? 0) === 100);
    expect(listener?.statistics.bufferBytes).toBeLessThanOrEqual(20 * 64 * 1024);
    for (const socket of sockets) socket.destroy();
  });

  it('holds a slow reader back instead of queueing for it', async () => {
    const echo = new Echo();
    const port = await start(echo);
    const socket = await dial(port);
    socket.pause();
    const one = frame(body(512 * 1024));
    let written = 0;
    for (let i = 0; i < 200; i += 1) {
      socket.write(one);
      written += 1;
    }
    await until(() => echo.frames > 2);
    await new Promise((resolve) => setTimeout(resolve, 100));
    // 4 MiB may wait in the queue, some more in the kernel's buffers; 100 MiB were sent.
    expect(echo.frames).toBeLessThan(60);
    const back = readBytes(socket, written * one.length);
    socket.resume();
    expect((await back).length).toBe(written * one.length);
    socket.destroy();
  });

  it('closes idle connections by the clock it was given', async () => {
    const time = new VirtualTime();
    const echo = new Echo();
    const port = await start(echo, { maxIdleMs: 60_000 }, { clock: time, timers: time });
    const socket = await dial(port);
    const ended = new Promise((resolve) => socket.on('close', resolve));
    await until(() => echo.open.size === 1);
    await time.advance(50_000);
    expect(echo.open.size).toBe(1);
    await time.advance(60_000);
    await ended;
    await until(() => echo.closed.length === 1);
    expect(echo.closed).toEqual(['idle']);
  });

  it('survives a thousand connections of garbage and leaves no descriptor behind', async () => {
    const before = readdirSync('/proc/self/fd').length;
    const echo = new Echo();
    const port = await start(echo);
    let seed = 42;
    const random = () => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return seed;
    };
    for (let round = 0; round < 20; round += 1)
      await Promise.all(
        Array.from({ length: 50 }, async () => {
          const socket = await dial(port);
          socket.on('error', () => {});
          const ended = new Promise((resolve) => socket.on('close', resolve));
          socket.end(Buffer.from(Array.from({ length: random() % 300 }, () => random() >>> 24)));
          socket.resume();
          await ended;
        }),
      );
    await until(() => echo.open.size === 0);
    expect(echo.closed.length).toBe(1000);
    const socket = await dial(port);
    const good = frame(body(30));
    const answered = readBytes(socket, good.length);
    socket.write(good);
    expect(await answered).toEqual(good);
    socket.destroy();
    await listener?.close();
    listener = undefined;
    await until(() => readdirSync('/proc/self/fd').length <= before);
  });

  it('closes with connections open and requests unanswered', async () => {
    const echo = new Echo();
    echo.hold = [];
    const port = await start(echo);
    const socket = await dial(port);
    socket.on('error', () => {});
    socket.write(frame(body(30)));
    await until(() => echo.frames === 1);
    await listener?.close();
    expect(echo.closed).toEqual(['server-closed']);
    echo.hold[0]?.();
    socket.destroy();
  });

  it('hands over everything else of a turn when a handler throws, and the exception is not lost', async () => {
    class Throwing extends Echo {
      override onFrame(...[connection, frameId, bytes, start, end]: Parameters<Echo['onFrame']>): boolean {
        if (bytes[start] === 66) throw new Error('handler');
        return super.onFrame(connection, frameId, bytes, start, end);
      }
    }
    const echo = new Throwing();
    const port = await start(echo);
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const uncaught: unknown[] = [];
    process.on('uncaughtException', (error) => uncaught.push(error));
    try {
      const socket = await dial(port);
      const good = [frame(body(20, 1)), frame(body(30, 2)), frame(body(40, 3))] as const;
      const back = readBytes(socket, Buffer.concat(good).length);
      // One write, one turn: the one that throws is in the middle.
      socket.write(Buffer.concat([good[0], frame(Buffer.alloc(10, 66)), good[1], good[2]]));
      expect(await back).toEqual(Buffer.concat(good));
      socket.destroy();
      await until(() => echo.closed.length === 1 && uncaught.length > 0);
      expect(uncaught).toEqual([new Error('handler')]);
      expect(listener?.statistics.bufferBytesInUse).toBe(0);
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const one of before) process.on('uncaughtException', one);
    }
  });

  it('says when the port is taken', async () => {
    const port = await start(new Echo());
    const taken = createNativeTransport({ clock: systemClock, timers: systemTimers }).listen(
      { ...options, port },
      new Echo(),
    );
    await expect(taken).rejects.toMatchObject({ name: 'ListenError', code: 'EADDRINUSE' });
  });
});
