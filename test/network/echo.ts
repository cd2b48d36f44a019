import { connect, type Socket } from 'node:net';
import { expect } from 'vitest';
import type {
  CloseReason,
  ListenerLimits,
  ListenOptions,
  TransportConnection,
  TransportHandler,
} from '../../src/common/ports/index.js';

export const unlimited: ListenerLimits = {
  maxConnections: Number.POSITIVE_INFINITY,
  maxConnectionCreationRate: Number.POSITIVE_INFINITY,
  isProtected: false,
};

export const options: ListenOptions = {
  host: '127.0.0.1',
  port: 0,
  backlog: 128,
  maxFrameBytes: 1 << 20,
  sendBufferBytes: -1,
  receiveBufferBytes: -1,
  maxIdleMs: -1,
  limits: unlimited,
  maxUnreleasedBytesPerConnection: 4 << 20,
  maxUnreleasedFramesPerConnection: 16,
  sendfileMinBytes: 128 * 1024,
};

/** Answers each frame with itself, prefixed; what happened is kept. */
export class Echo implements TransportHandler {
  readonly closed: CloseReason[] = [];
  readonly open = new Set<TransportConnection>();
  frames = 0;
  hold: Array<() => void> | undefined;
  onOpen(connection: TransportConnection): void {
    this.open.add(connection);
  }
  onFrame(connection: TransportConnection, frameId: number, bytes: Uint8Array, start: number, end: number): boolean {
    this.frames += 1;
    const body = Buffer.from(bytes.subarray(start, end));
    const answer = () => {
      const head = Buffer.alloc(4);
      head.writeInt32BE(body.length);
      connection.send([Buffer.concat([head, body])]);
    };
    if (this.hold === undefined) {
      answer();
      return true;
    }
    this.hold.push(() => {
      answer();
      connection.release(frameId);
    });
    return false;
  }
  onEnd(connection: TransportConnection): void {
    connection.close({ graceful: true, reason: 'remote' });
  }
  onClose(connection: TransportConnection, reason: CloseReason): void {
    this.open.delete(connection);
    this.closed.push(reason);
  }
}

export function dial(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket)).on('error', reject);
  });
}

export function frame(body: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head.writeInt32BE(body.length);
  return Buffer.concat([head, body]);
}

export function readBytes(socket: Socket, count: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let got = 0;
    const onData = (chunk: Buffer) => {
      chunks.push(chunk);
      got += chunk.length;
      if (got >= count) {
        socket.off('data', onData);
        resolve(Buffer.concat(chunks));
      }
    };
    socket.on('data', onData);
    socket.on('close', () => reject(new Error(`closed after ${got} bytes`)));
  });
}

export async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !condition(); i += 1) await new Promise((resolve) => setTimeout(resolve, 2));
  expect(condition()).toBe(true);
}

export const body = (length: number, seed = 1) => Buffer.from(Array.from({ length }, (_, i) => (i * 31 + seed) & 0xff));
