import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type {
  ListenerLimits,
  ListenOptions,
  NetworkLimits,
  ServerTransport,
  TransportListener,
} from '../../src/common/ports/index.js';
import { systemClock, systemTimers, VirtualTime } from '../../src/env/index.js';
import { createNativeTransport } from '../../src/network/native_transport.js';
import { body, dial, Echo, frame, options, readBytes, unlimited, until } from './echo.js';

const noLimits: NetworkLimits = {
  maxQueuedRequests: Number.POSITIVE_INFINITY,
  maxQueuedRequestBytes: Number.POSITIVE_INFINITY,
  maxConnections: Number.POSITIVE_INFINITY,
  maxConnectionsPerIp: Number.POSITIVE_INFINITY,
  maxConnectionsPerIpOverrides: new Map(),
  maxConnectionCreationRate: Number.POSITIVE_INFINITY,
};

const listeners: TransportListener[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const listener of listeners.splice(0)) await listener.close();
});

function network(limits: Partial<NetworkLimits>, time?: VirtualTime): ServerTransport {
  const transport = createNativeTransport(
    time === undefined ? { clock: systemClock, timers: systemTimers } : { clock: time, timers: time },
  );
  transport.configure({ ...noLimits, ...limits });
  return transport;
}

async function listen(transport: ServerTransport, echo: Echo, more: Partial<ListenOptions> = {}) {
  const listener = await transport.listen({ ...options, ...more }, echo);
  listeners.push(listener);
  return listener;
}

const limited = (limits: Partial<ListenerLimits>): Partial<ListenOptions> => ({ limits: { ...unlimited, ...limits } });

async function open(listener: TransportListener): Promise<Socket> {
  const socket = await dial(listener.port);
  sockets.push(socket);
  return socket;
}

/** Many turns of the loop have passed for everything that was sent before. */
async function roundTrips(socket: Socket, count = 3): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const one = frame(body(20, i));
    const back = readBytes(socket, one.length);
    socket.write(one);
    await back;
  }
}

function holding(): Echo {
  const echo = new Echo();
  echo.hold = [];
  return echo;
}

/** Answers what is held until `count` frames were answered. */
async function answer(echo: Echo, count: number): Promise<void> {
  for (let done = 0; done < count; done += 1) {
    await until(() => (echo.hold?.length ?? 0) > 0);
    echo.hold?.shift()?.();
  }
}

describe('queued requests', () => {
  it('are never more than the limit, over all connections and listeners, and none is lost', async () => {
    const transport = network({ maxQueuedRequests: 10 });
    const echo = holding();
    const two = [await listen(transport, echo), await listen(transport, echo)];
    const sent = Buffer.concat(Array.from({ length: 20 }, (_, i) => frame(body(40, i))));
    const back: Promise<Buffer>[] = [];
    for (let i = 0; i < 20; i += 1) {
      const socket = await open(two[i % 2] as TransportListener);
      back.push(readBytes(socket, sent.length));
      socket.write(sent);
    }
    await until(() => echo.frames === 10 && transport.statistics.requestWaits >= 19);
    expect(transport.statistics.requestsQueued).toBe(10);
    await answer(echo, 400);
    for (const bytes of await Promise.all(back)) expect(bytes.equals(sent)).toBe(true);
    expect(transport.statistics).toMatchObject({ requestsQueued: 0, requestBytesQueued: 0, requestsQueuedPeak: 10 });
  });

  it('are taken in turns: a flood of one connection does not hold up the others', async () => {
    const transport = network({ maxQueuedRequests: 1 });
    const echo = holding();
    const listener = await listen(transport, echo, { maxUnreleasedFramesPerConnection: 1000 });
    const flood = await open(listener);
    flood.write(Buffer.concat(Array.from({ length: 500 }, () => frame(body(30, 0)))));
    await until(() => echo.frames === 1);
    const others = await Promise.all(Array.from({ length: 5 }, () => open(listener)));
    const back = others.map((socket) => readBytes(socket, 3 * 34));
    for (const socket of others) socket.write(Buffer.concat([1, 2, 3].map((i) => frame(body(30, i)))));
    // The flood and all others are in line.
    await until(() => transport.statistics.requestWaits >= 6);
    // Three rounds of six connections, the request that was there first, and one more for who came in between.
    await answer(echo, 1 + 3 * 6 + 1);
    await Promise.all(back);
    expect(echo.frames).toBeLessThanOrEqual(21);
    await answer(echo, 515 - 20);
    expect(echo.frames).toBe(515);
  });

  it('stay below the limit of bytes, one request at most above it', async () => {
    const transport = network({ maxQueuedRequestBytes: 10_000 });
    const echo = holding();
    const listener = await listen(transport, echo);
    const sent = Buffer.concat(Array.from({ length: 8 }, (_, i) => frame(body(3000, i))));
    const back: Promise<Buffer>[] = [];
    for (let i = 0; i < 6; i += 1) {
      const socket = await open(listener);
      back.push(readBytes(socket, sent.length));
      socket.write(sent);
    }
    await until(() => transport.statistics.requestWaits >= 5);
    await answer(echo, 48);
    for (const bytes of await Promise.all(back)) expect(bytes.equals(sent)).toBe(true);
    expect(transport.statistics.requestBytesQueuedPeak).toBe(12_000);
    expect(transport.statistics.requestBytesQueued).toBe(0);
  });

  it('let a request through that is larger than all of it, when it is alone', async () => {
    const transport = network({ maxQueuedRequestBytes: 1000 });
    const echo = new Echo();
    const listener = await listen(transport, echo);
    const socket = await open(listener);
    const large = frame(body(700_000));
    const back = readBytes(socket, large.length);
    socket.write(large);
    expect((await back).equals(large)).toBe(true);
  });

  it('give back what a connection had announced when it ends in mid-request', async () => {
    const transport = network({ maxQueuedRequestBytes: 1000 });
    const echo = new Echo();
    const listener = await listen(transport, echo);
    const broken = await open(listener);
    broken.write(frame(body(5000)).subarray(0, 2000));
    await until(() => transport.statistics.requestBytesQueued === 5000);
    const waiting = await open(listener);
    const one = frame(body(50));
    const back = readBytes(waiting, one.length);
    waiting.write(one);
    await until(() => transport.statistics.requestWaits === 1);
    expect(echo.frames).toBe(0);
    broken.destroy();
    expect(await back).toEqual(one);
    await until(() => transport.statistics.requestBytesQueued === 0);
  });

  it('go on when the listener of a request in work is closed, and when limits are raised', async () => {
    const transport = network({ maxQueuedRequests: 1 });
    const echo = holding();
    const first = await listen(transport, echo);
    const second = await listen(transport, echo);
    const one = frame(body(30));
    (await open(first)).write(one);
    await until(() => echo.frames === 1);
    const socket = await open(second);
    const back = readBytes(socket, 3 * one.length);
    socket.write(Buffer.concat([one, one, one]));
    await until(() => transport.statistics.requestWaits === 1);
    await listeners.shift()?.close();
    echo.hold?.shift()?.(); // releases the frame of a listener that is gone
    await until(() => echo.frames === 2);
    transport.configure({ ...noLimits, maxQueuedRequests: 2 });
    await until(() => echo.frames === 3);
    await answer(echo, 3);
    expect((await back).equals(Buffer.concat([one, one, one]))).toBe(true);
  });
});

describe('connections', () => {
  it('wait in the kernel when there are as many as may be, over all listeners', async () => {
    const transport = network({ maxConnections: 2 });
    const echo = new Echo();
    const two = [await listen(transport, echo), await listen(transport, echo)] as const;
    const kept = [await open(two[0]), await open(two[1])] as const;
    await until(() => echo.open.size === 2);
    const third = await open(two[0]);
    const one = frame(body(30));
    const back = readBytes(third, one.length);
    third.write(one);
    await roundTrips(kept[0]);
    expect(echo.open.size).toBe(2);
    expect(two[0].statistics).toMatchObject({ connectionsAccepted: 1, connectionsRefused: 0 });
    kept[1].destroy();
    expect(await back).toEqual(one);
    expect(echo.closed).toEqual(['remote']);
  });

  it('are closed when the limit is lowered, the least recently used first', async () => {
    const transport = network({ maxConnections: 5 });
    const echo = new Echo();
    const listener = await listen(transport, echo);
    const all: Socket[] = [];
    for (let i = 0; i < 5; i += 1) {
      all.push(await open(listener));
      await until(() => echo.open.size === i + 1);
    }
    await roundTrips(all[0] as Socket);
    await roundTrips(all[3] as Socket);
    const ended = [1, 2, 4].map((i) => new Promise((resolve) => all[i]?.on('close', resolve)));
    transport.configure({ ...noLimits, maxConnections: 2 });
    await Promise.all(ended);
    expect(echo.closed).toEqual(['max-connections', 'max-connections', 'max-connections']);
    await roundTrips(all[0] as Socket);
    await roundTrips(all[3] as Socket);
  });

  it('have a limit per listener; the protected one is not held up by the limit of the broker', async () => {
    const transport = network({ maxConnections: 2 });
    const echo = new Echo();
    const outer = await listen(transport, echo, limited({ maxConnections: 1 }));
    const inner = await listen(transport, echo, limited({ isProtected: true }));
    const first = await open(outer);
    await until(() => echo.open.size === 1);
    await open(outer);
    await roundTrips(first);
    expect(outer.statistics.connectionsAccepted).toBe(1);
    await open(inner);
    await until(() => echo.open.size === 2);
    // One above the limit: it is let in, and the other listener gives up its connection.
    await open(inner);
    await until(() => inner.statistics.connectionsOpen === 2 && echo.closed.length === 1);
    expect(echo.closed).toEqual(['max-connections']);
    expect(outer.statistics.connectionsOpen).toBe(0);
    outer.configure(unlimited);
    transport.configure({ ...noLimits, maxConnections: 3 });
    await until(() => outer.statistics.connectionsAccepted === 2);
  });

  it('of one address are refused above its limit, whatever listener they use; overrides go by name or address', async () => {
    const transport = network({ maxConnectionsPerIp: 2 });
    const echo = new Echo();
    const two = [await listen(transport, echo), await listen(transport, echo)] as const;
    await open(two[0]);
    await open(two[1]);
    await until(() => echo.open.size === 2);
    const refused = await open(two[0]);
    await new Promise((resolve) => refused.on('close', resolve));
    await until(() => echo.closed.length === 1);
    expect(echo.closed).toEqual(['max-connections-per-ip']);
    expect(two[0].statistics.connectionsRefused).toBe(1);
    const overrides = new Map([
      ['127.0.0.1', 3],
      ['no-such-host.invalid', 7],
    ]);
    const unknown = transport.configure({
      ...noLimits,
      maxConnectionsPerIp: 0,
      maxConnectionsPerIpOverrides: overrides,
    });
    expect(unknown).toEqual(['no-such-host.invalid']);
    const socket = await open(two[0]);
    await roundTrips(socket);
    expect(echo.open.size).toBe(3);
  });

  it('are accepted at the rate that is allowed, of the broker and of a listener', async () => {
    const time = new VirtualTime();
    const transport = network({ maxConnectionCreationRate: 2 }, time);
    const echo = new Echo();
    const slow = await listen(transport, echo, limited({ maxConnectionCreationRate: 1 }));
    const fast = await listen(transport, echo);
    // Ten seconds' worth at once, as Kafka counts; then the listener's own rate holds.
    const first = await open(slow);
    for (let i = 0; i < 14; i += 1) await open(slow);
    await until(() => slow.statistics.connectionsAccepted === 10);
    await roundTrips(first);
    expect(slow.statistics).toMatchObject({ connectionsAccepted: 10, connectionsRefused: 0, acceptPauses: 1 });
    for (let i = 0; i < 15; i += 1) await open(fast);
    await until(() => fast.statistics.connectionsAccepted === 10);
    await roundTrips(first);
    expect(fast.statistics.connectionsAccepted).toBe(10);
    for (let second = 1; second <= 5; second += 1) {
      await time.advance(1000);
      await until(() => slow.statistics.connectionsAccepted === 10 + second);
      await roundTrips(first);
      expect(slow.statistics.connectionsAccepted).toBe(10 + second);
    }
    transport.configure(noLimits);
    await time.advance(1000);
    await until(() => fast.statistics.connectionsAccepted === 15);
  });

  it('are not idle while answers leave', async () => {
    const time = new VirtualTime();
    const echo = new Echo();
    const listener = await listen(network({}, time), echo, { maxIdleMs: 60_000 });
    const socket = await open(listener);
    await until(() => echo.open.size === 1);
    const [connection] = [...echo.open];
    for (let i = 0; i < 10; i += 1) {
      await time.advance(29_000);
      const back = readBytes(socket, 1);
      connection?.send([Buffer.from('x')]);
      await back;
    }
    expect(echo.open.size).toBe(1);
    await time.advance(121_000);
    await until(() => echo.open.size === 0);
    expect(echo.closed).toEqual(['idle']);
  });
});

describe('kernel buffers', () => {
  it('have the sizes that are asked for', async () => {
    const echo = holding();
    const listener = await listen(network({}), echo, { sendBufferBytes: 4096, receiveBufferBytes: 4096 });
    const socket = await open(listener);
    const large = frame(body(500_000));
    const back = readBytes(socket, large.length);
    socket.write(large);
    await until(() => echo.frames === 1);
    // The kernel doubles the sizes for its bookkeeping; it cannot hand over or take more than they are at once.
    expect(listener.statistics.recvCalls).toBeGreaterThan(500_000 / 8192);
    await answer(echo, 1);
    expect((await back).equals(large)).toBe(true);
    expect(listener.statistics.writevCalls).toBeGreaterThan(5);
  });
});
