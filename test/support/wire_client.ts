import { connect, type Socket } from 'node:net';
import { decodeResponseHeader, encodeRequest } from '../../src/protocol/frame.js';
import { Reader } from '../../src/protocol/reader.js';
import { apiByKey } from '../../src/protocol/registry.js';
import { Writer } from '../../src/protocol/writer.js';

/** One connection that sends requests by API key and version, and gives back decoded responses, in order. */
export class WireClient {
  private readonly waiting = new Map<
    number,
    { readonly key: number; readonly version: number; resolve(value: unknown): void; reject(error: Error): void }
  >();
  private buffer = Buffer.alloc(0);
  private nextCorrelationId = 1;
  readonly closed: Promise<void>;

  private constructor(
    private readonly socket: Socket,
    public clientId: string,
  ) {
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        for (const { reject } of this.waiting.values()) reject(new Error('connection closed'));
        this.waiting.clear();
        resolve();
      });
    });
    socket.on('error', () => {});
    socket.on('data', (chunk) => this.onData(chunk));
  }

  static connect(port: number, clientId = 'wire-client'): Promise<WireClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () =>
        resolve(new WireClient(socket, clientId)),
      );
      socket.on('error', reject);
    });
  }

  /** The decoded response body; rejects when the connection closes first. */
  send<T = Record<string, unknown>>(key: number, version: number, body: object): Promise<T> {
    const api = apiByKey(key);
    if (api === undefined) throw new Error(`no API ${key}`);
    if (this.socket.destroyed) return Promise.reject(new Error('connection closed'));
    const writer = new Writer(256);
    const correlationId = this.nextCorrelationId++;
    encodeRequest(writer, api, version, correlationId, this.clientId, body);
    for (const part of writer.toChain()) if (part instanceof Uint8Array) this.socket.write(Buffer.from(part));
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(correlationId, { key, version, resolve: (value) => resolve(value as T), reject });
    });
  }

  write(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  close(): void {
    this.socket.destroy();
  }

  private onData(chunk: Buffer): void {
    this.buffer = Buffer.concat([this.buffer, chunk]);
    while (this.buffer.length >= 4) {
      const size = this.buffer.readInt32BE(0);
      if (this.buffer.length < 4 + size) return;
      const frame = Buffer.from(this.buffer.subarray(4, 4 + size));
      this.buffer = this.buffer.subarray(4 + size);
      const waiter = this.waiting.get(frame.readInt32BE(0));
      const api = waiter === undefined ? undefined : apiByKey(waiter.key);
      if (waiter === undefined || api === undefined) continue;
      this.waiting.delete(frame.readInt32BE(0));
      const reader = new Reader(frame);
      decodeResponseHeader(reader, api, waiter.version);
      waiter.resolve(api.response.decode(reader, waiter.version));
    }
  }
}
