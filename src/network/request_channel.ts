import { assert } from '../common/assert.js';
import type {
  CloseReason,
  ListenOptions,
  RepeatTerms,
  ResponseFrame,
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
  /** Told by ApiVersions (KIP-511), `unknown` until then. */
  clientSoftwareName: string;
  clientSoftwareVersion: string;
  principal: string;
  /** Client id of its last Fetch; what is sent counts for it. Null until there was one. */
  readonly clientId: string | null;
  nameClient(clientId: string): void;
  /** Run once when the connection ends. */
  readonly closeCallbacks: Set<() => void>;
  /** Requests behind the one that `RequestPipeline.process` is looking at wait until the returned function is called; it must be deferred. */
  holdRequests(): () => void;
  /** Requests that have not begun wait until the returned function is called; answers still leave. */
  mute(): () => void;
  /** Ends the connection after the responses that are under way. */
  close(reason: CloseReason): void;
  /**
   * For `RequestPipeline.process` alone: the response that it returns may be given again by the transport. Whether `repeat` is to say how;
   * it need not each time, but the terms of before hold on.
   */
  mayRepeat(): boolean;
  repeat(terms: RepeatTerms): void;
  /** For `RequestPipeline.process` alone, at most once: its response comes later, by the callback. */
  defer(): ResponseCallback;
}

export interface RequestPipeline {
  /**
   * Processes one request: `bytes.subarray(start, end)`, valid until this call returns. Returns the response (length prefix
   * included; used up before anything else is asked of the pipeline), null when there is none, or undefined after
   * `connection.defer()`. What it throws ends the connection with 'invalid-request'.
   */
  process(
    connection: ConnectionContext,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): ResponseFrame | null | undefined;
  /** Everything that came in one turn was given to `process`. */
  onTurnEnd(): void;
  onOpen(connection: ConnectionContext): void;
  onClose(connection: ConnectionContext, reason: CloseReason): void;
  /** An exception of `process`, for the log. */
  onError(connection: ConnectionContext, error: unknown): void;
}

/** Called exactly once, with what `process` would have returned; its memory is used up when it returns. */
export type ResponseCallback = (frame: ResponseFrame | null) => void;

/** API key of requests that may overlap with earlier ones of the same kind: their order is kept by the log they append to. */
const produceKey = 0;

function isProduce(bytes: Uint8Array, start: number): boolean {
  return bytes[start] === 0 && bytes[start + 1] === produceKey;
}

/**
 * How many answers that may be given again go by until the transport is told how: for the first time, and at the most, for a client that
 * does not ask for the same again. To make the terms costs as much as some ten requests.
 */
const [firstTermsAfter, mostTermsAfter] = [8, 1024];

/** Produce requests of one connection that may wait for their flush together; further ones wait unread. */
const maxOverlapping = 256;

interface Held {
  readonly frameId: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** A request that has begun and whose response has not left. */
interface Slot {
  readonly isProduce: boolean;
  ready: boolean;
  frame: ResponseFrame | null;
}

/** For a response that must wait for earlier ones. Only Produce responses come here; they are small. */
function copyOf({ buffer, length, links, linkCount }: ResponseFrame): ResponseFrame {
  return {
    buffer: Uint8Array.prototype.slice.call(buffer, 0, length),
    length,
    links: links.slice(0, linkCount),
    linkCount,
  };
}

/** Keeps the order of one connection: requests begin in order, responses leave in order. */
class Channel implements ConnectionContext {
  clientSoftwareName = 'unknown';
  clientSoftwareVersion = 'unknown';
  principal = 'User:ANONYMOUS';
  clientId: string | null = null;
  readonly closeCallbacks = new Set<() => void>();
  private readonly slots: Slot[] = [];
  private readonly held: Held[] = [];
  /** Unfinished requests that are not Produce, and holds: as long as there are any nothing else begins. */
  private exclusive = 0;
  /** Nothing begins as long as there are any. */
  private mutes = 0;
  private closed = false;
  /** A request was none: what was sent behind it is not begun. */
  private broken = false;
  /** The peer sends nothing more. */
  private ended = false;
  private draining = false;
  /** The request that `process` is looking at. */
  private beginning = false;
  private beginningIsProduce = false;
  private beginningMayRepeat = false;
  private termsIn = firstTermsAfter;
  private termsAfter = firstTermsAfter;

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
    if (this.mutes > 0) return false;
    if (this.slots.length === 0) return true;
    if (this.slots.length >= maxOverlapping) return false;
    return this.exclusive === 0 && isProduce(bytes, start);
  }

  private begin(bytes: Uint8Array, start: number, end: number): void {
    if (this.closed || this.broken) return;
    this.beginning = true;
    this.beginningIsProduce = isProduce(bytes, start);
    this.beginningMayRepeat = false;
    let frame: ResponseFrame | null | undefined;
    try {
      frame = this.pipeline.process(this, bytes, start, end);
    } catch (error) {
      this.beginning = false;
      this.broken = true;
      this.pipeline.onError(this, error);
      // Nothing that came after it is looked at: it keeps its place.
      this.takePlace();
      this.transport.close({ graceful: true, reason: 'invalid-request' });
      return;
    }
    this.beginning = false;
    if (frame === undefined) return;
    if (this.slots.length === 0) {
      if (frame !== null) this.transport.sendFrame(frame, false, this.beginningMayRepeat);
    } else this.slots.push({ isProduce: true, ready: true, frame: frame === null ? null : copyOf(frame) });
  }

  defer(): ResponseCallback {
    assert(this.beginning, 'a request is deferred while it is processed');
    const slot = this.takePlace();
    return (frame) => this.finish(slot, frame);
  }

  mayRepeat(): boolean {
    this.beginningMayRepeat = true;
    this.termsIn -= 1;
    if (this.termsIn > 0) return false;
    this.termsAfter = Math.min(this.termsAfter * 2, mostTermsAfter);
    this.termsIn = this.termsAfter;
    return true;
  }

  repeat(terms: RepeatTerms): void {
    // They served, and only something has changed since: the next ones are worth their price.
    if (this.transport.repeat(terms) > this.termsAfter) this.termsIn = this.termsAfter = firstTermsAfter;
  }

  holdRequests(): () => void {
    assert(this.beginning, 'a request holds others while it is processed');
    this.exclusive += 1;
    return () => {
      this.exclusive -= 1;
      this.drain();
    };
  }

  mute(): () => void {
    this.mutes += 1;
    if (this.mutes === 1) this.transport.mute(true);
    return () => {
      this.mutes -= 1;
      if (this.mutes === 0) this.transport.mute(false);
      this.drain();
    };
  }

  /** The request that is beginning is not answered yet: what comes behind it waits for it. */
  private takePlace(): Slot {
    const slot: Slot = { isProduce: this.beginningIsProduce, ready: false, frame: null };
    this.slots.push(slot);
    if (!slot.isProduce) this.exclusive += 1;
    return slot;
  }

  private finish(slot: Slot, frame: ResponseFrame | null): void {
    assert(!slot.ready, 'a request is answered once');
    slot.ready = true;
    if (!slot.isProduce) this.exclusive -= 1;
    if (this.closed) {
      // Nobody reads it; sending to a closed connection only lets go of file regions.
      if (frame !== null) this.transport.sendFrame(frame);
      return;
    }
    if (this.slots[0] === slot) {
      this.slots.shift();
      if (frame !== null) this.transport.sendFrame(frame, this.slots.length > 0);
      this.sendReady();
    } else if (frame !== null) slot.frame = copyOf(frame);
    this.drain();
  }

  private sendReady(): void {
    for (let next = this.slots[0]; next?.ready === true; next = this.slots[0]) {
      this.slots.shift();
      if (next.frame !== null) this.transport.sendFrame(next.frame, this.slots.length > 0);
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
    for (const slot of this.slots) if (slot.frame !== null) this.transport.sendFrame(slot.frame);
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
  const channelOf = ({ attachment }: TransportConnection) => (attachment instanceof Channel ? attachment : undefined);
  const handler: TransportHandler = {
    onOpen(connection) {
      const channel = new Channel(connection, listenerName, pipeline);
      connection.attachment = channel;
      pipeline.onOpen(channel);
    },
    onFrame(connection, frameId, bytes, start, end) {
      const channel = channelOf(connection);
      return channel === undefined || channel.onFrame(frameId, bytes, start, end);
    },
    onEnd(connection) {
      channelOf(connection)?.onEnd();
    },
    onClose(connection, reason) {
      const channel = channelOf(connection);
      if (channel === undefined) return;
      connection.attachment = undefined;
      channel.onClose();
      pipeline.onClose(channel, reason);
    },
    onTurnEnd() {
      pipeline.onTurnEnd();
    },
  };
  return transport.listen(options, handler);
}
