import { assert } from '../common/assert.js';
import type {
  CloseReason,
  ListenOptions,
  ResponseChain,
  ServerTransport,
  TransportConnection,
  TransportHandler,
  TransportListener,
} from '../common/ports/index.js';

/** What the pipeline knows of the connection a request came in on. Lives as long as the connection. */
export interface ConnectionContext {
  readonly id: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  readonly listenerName: string;
  /** Told by ApiVersions (KIP-511). */
  clientSoftwareName: string;
  clientSoftwareVersion: string;
  principal: string;
  /** Client id of its last Fetch; what is sent counts for it. Null until there was one. */
  readonly clientId: string | null;
  nameClient(clientId: string): void;
  /** Run once when the connection ends. */
  readonly closeCallbacks: Set<() => void>;
  /** Ends the connection after the responses that are under way. */
  close(reason: CloseReason): void;
}

export interface RequestPipeline {
  /**
   * Processes one request: `bytes.subarray(start, end)`, valid until this call returns. `done` is called exactly once, now or later,
   * with the response (length prefix included; its memory parts are used up before `done` returns) or null when there is none.
   * What it throws ends the connection with 'invalid-request'.
   */
  process(connection: ConnectionContext, bytes: Uint8Array, start: number, end: number, done: ResponseCallback): void;
  onOpen(connection: ConnectionContext): void;
  onClose(connection: ConnectionContext, reason: CloseReason): void;
  /** An exception of `process`, for the log. */
  onError(connection: ConnectionContext, error: unknown): void;
}

export type ResponseCallback = (chain: ResponseChain | null) => void;

/** API key of requests that may overlap with earlier ones of the same kind: their order is kept by the log they append to. */
const produceKey = 0;

/** Produce requests of one connection that may wait for their flush together; further ones wait unread. */
const maxOverlapping = 256;

interface Held {
  readonly frameId: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** A response that waits for earlier ones of its connection. */
interface Slot {
  ready: boolean;
  chain: ResponseChain | null;
}

/** Keeps the order of one connection: requests begin in order, responses leave in order. */
class Channel implements ConnectionContext {
  clientSoftwareName = '';
  clientSoftwareVersion = '';
  principal = 'User:ANONYMOUS';
  clientId: string | null = null;
  readonly closeCallbacks = new Set<() => void>();
  private readonly slots: Slot[] = [];
  private readonly held: Held[] = [];
  /** Unfinished requests that are not Produce: 0 or 1. */
  private exclusive = 0;
  private closed = false;
  /** The peer sends nothing more. */
  private ended = false;
  private draining = false;

  constructor(
    private readonly transport: TransportConnection,
    readonly listenerName: string,
    private readonly pipeline: RequestPipeline,
  ) {}

  get id(): number {
    return this.transport.id;
  }
  get remoteAddress(): string {
    return this.transport.remoteAddress;
  }
  get remotePort(): number {
    return this.transport.remotePort;
  }
  get localPort(): number {
    return this.transport.localPort;
  }

  nameClient(clientId: string): void {
    this.clientId = clientId;
    this.transport.nameClient(clientId);
  }

  close(reason: CloseReason): void {
    this.transport.close({ graceful: true, reason });
  }

  /** Whether the frame is done with; otherwise it is released later. */
  onFrame(frameId: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.held.length > 0 || !this.mayBegin(bytes, start)) {
      this.held.push({ frameId, bytes, start, end });
      return false;
    }
    this.begin(bytes, start, end);
    return true;
  }

  private mayBegin(bytes: Uint8Array, start: number): boolean {
    if (this.slots.length === 0) return true;
    if (this.slots.length >= maxOverlapping) return false;
    const isProduce = bytes[start] === 0 && bytes[start + 1] === produceKey;
    return isProduce && this.exclusive === 0;
  }

  private begin(bytes: Uint8Array, start: number, end: number): void {
    if (this.closed) return;
    const isProduce = bytes[start] === 0 && bytes[start + 1] === produceKey;
    const slot: Slot = { ready: false, chain: null };
    this.slots.push(slot);
    if (!isProduce) this.exclusive += 1;
    try {
      this.pipeline.process(this, bytes, start, end, (chain) => this.finish(slot, isProduce, chain));
    } catch (error) {
      this.pipeline.onError(this, error);
      this.transport.close({ graceful: true, reason: 'invalid-request' });
    }
  }

  private finish(slot: Slot, isProduce: boolean, chain: ResponseChain | null): void {
    assert(!slot.ready, 'a request is answered once');
    slot.ready = true;
    if (!isProduce) this.exclusive -= 1;
    if (this.closed) {
      // Nobody reads it; sending to a closed connection only lets go of file regions.
      if (chain !== null) this.transport.send(chain);
      return;
    }
    if (this.slots[0] === slot) {
      this.slots.shift();
      if (chain !== null) this.transport.send(chain);
      this.sendReady();
    } else if (chain !== null) {
      // Earlier responses are missing: its memory must outlive this call. Only Produce responses come here; they are small.
      slot.chain = chain.map((part) => (part instanceof Uint8Array ? Uint8Array.prototype.slice.call(part) : part));
    }
    this.drain();
  }

  private sendReady(): void {
    for (let next = this.slots[0]; next?.ready === true; next = this.slots[0]) {
      this.slots.shift();
      if (next.chain !== null) this.transport.send(next.chain);
    }
  }

  /** Begins held requests as far as order allows. Not re-entrant: a request that is answered at once comes back here. */
  private drain(): void {
    if (this.draining) return;
    this.draining = true;
    for (let next = this.held[0]; next !== undefined && this.mayBegin(next.bytes, next.start); next = this.held[0]) {
      this.held.shift();
      this.begin(next.bytes, next.start, next.end);
      this.transport.release(next.frameId);
    }
    this.draining = false;
    this.closeIfEnded();
  }

  /** As in Kafka what was asked for before the end is answered; then the connection closes. */
  onEnd(): void {
    this.ended = true;
    this.closeIfEnded();
  }

  private closeIfEnded(): void {
    if (this.ended && this.slots.length === 0 && this.held.length === 0)
      this.transport.close({ graceful: true, reason: 'remote' });
  }

  onClose(): void {
    this.closed = true;
    for (const { frameId } of this.held.splice(0)) this.transport.release(frameId);
    for (const slot of this.slots) if (slot.chain !== null) this.transport.send(slot.chain);
    this.slots.length = 0;
    for (const callback of [...this.closeCallbacks]) callback();
    this.closeCallbacks.clear();
  }
}

/**
 * Listens on one address and hands requests to the pipeline: in order per connection, one at a time, but for consecutive
 * Produce requests, which may wait for their flush together.
 */
export async function listenForRequests(
  transport: ServerTransport,
  options: ListenOptions,
  listenerName: string,
  pipeline: RequestPipeline,
): Promise<TransportListener> {
  const channels = new Map<TransportConnection, Channel>();
  const handler: TransportHandler = {
    onOpen(connection) {
      const channel = new Channel(connection, listenerName, pipeline);
      channels.set(connection, channel);
      pipeline.onOpen(channel);
    },
    onFrame(connection, frameId, bytes, start, end) {
      const channel = channels.get(connection);
      return channel === undefined || channel.onFrame(frameId, bytes, start, end);
    },
    onEnd(connection) {
      channels.get(connection)?.onEnd();
    },
    onClose(connection, reason) {
      const channel = channels.get(connection);
      if (channel === undefined) return;
      channels.delete(connection);
      channel.onClose();
      pipeline.onClose(channel, reason);
    },
  };
  return transport.listen(options, handler);
}
