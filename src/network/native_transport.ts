import { getSystemErrorName } from 'node:util';
import {
  type Clock,
  type CloseReason,
  ListenError,
  type ListenerLimits,
  type ListenOptions,
  type NetworkLimits,
  type NetworkStatistics,
  type RepeatTerms,
  type ResponseChain,
  type ResponseFrame,
  type ServerTransport,
  type TimerHandle,
  type Timers,
  type TransportConnection,
  type TransportHandler,
  type TransportListener,
  type TransportStatistics,
} from '../common/ports/index.js';
import { chainOf } from '../protocol/writer.js';
import { loadAddon } from '../storage/native.js';
import type { NativeNetwork, NativeServer } from '../storage/native_addon.js';
import { ConnectionRate } from './connection_rate.js';
import { NativeEgressAccounts } from './egress_accounts.js';
import { type FrameSender, frameSender } from './frame_sender.js';

/** Order of `CloseReason` in native/net/frame_reader.h. */
const reasons: readonly CloseReason[] = [
  'server-closed',
  'remote',
  'reset',
  'frame-too-large',
  'frame-negative-length',
  'frame-too-short',
  'http',
  'tls',
  'max-connections',
  'max-connections-per-ip',
  'server-closed',
  'no-memory',
  'idle',
];

const eventFields = 6;
const eventsPerCall = 1024;
const opened = 1;
const framed = 2;
const closed = 3;
/** Connections accepted per listener and turn; 1 while a creation rate is kept, so that each is counted before the next. */
const acceptsPerTurn = 64;
/** Written over a frame's event: it is not released when the call returns. */
const kept = 0;
/** The production transport of one broker. `clock` and `timers` drive the idle check and the creation rate; the sockets live on the event loop. */
export function createNativeTransport(ports: { readonly clock: Clock; readonly timers: Timers }): ServerTransport {
  return new NativeTransport(ports.clock, ports.timers);
}

class NativeTransport implements ServerTransport {
  readonly egress: NativeEgressAccounts;
  private readonly network: NativeNetwork;
  private readonly listeners = new Set<NativeListener>();
  private readonly rate = new ConnectionRate();

  constructor(
    private readonly clock: Clock,
    private readonly timers: Timers,
  ) {
    const { NativeNetwork } = loadAddon();
    this.network = new NativeNetwork();
    this.egress = new NativeEgressAccounts(this.network);
  }

  async listen(options: ListenOptions, handler: TransportHandler): Promise<TransportListener> {
    const listener: NativeListener = new NativeListener(options, handler, {
      clock: this.clock,
      timers: this.timers,
      network: this.network,
      egress: this.egress,
      rate: this.rate,
      onOpened: (nowMs) => this.onOpened(listener, nowMs),
      onClosed: () => this.listeners.delete(listener),
    });
    listener.listen();
    this.listeners.add(listener);
    return listener;
  }

  configure(limits: NetworkLimits): readonly string[] {
    const overrides = [...limits.maxConnectionsPerIpOverrides];
    this.rate.limit = limits.maxConnectionCreationRate;
    for (const listener of this.listeners) listener.applyLimits();
    return this.network.configure(
      limits,
      overrides.map(([host]) => host),
      overrides.map(([, count]) => count),
    );
  }

  get statistics(): NetworkStatistics {
    const s = this.network.statistics();
    const at = (index: number) => s[index] ?? 0;
    return {
      requestsQueued: at(0),
      requestBytesQueued: at(1),
      requestsQueuedPeak: at(2),
      requestBytesQueuedPeak: at(3),
      requestWaits: at(4),
      connections: at(5),
      requestsRepeated: at(6),
    };
  }

  decideAnew(): void {
    this.network.decideAnew();
  }

  /** A connection was accepted: the rates say how long the next one waits. The broker's own rate holds up every listener. */
  private onOpened(listener: NativeListener, nowMs: number): void {
    if (!listener.isProtected) {
      this.rate.record(nowMs);
      const delayMs = this.rate.delayMs(nowMs);
      if (delayMs > 0) for (const other of this.listeners) if (!other.isProtected) other.pauseAccepting(delayMs);
    }
    listener.recordOpened(nowMs);
  }
}

let nextConnectionId = 1;

class NativeConnection implements TransportConnection {
  readonly id = nextConnectionId++;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** Why this side closed it, when it did. */
  ownReason: CloseReason | undefined;
  closed = false;
  attachment: unknown;
  private client: string | undefined;

  constructor(
    private readonly server: NativeServer,
    /** The addon's number; reused after the close. */
    readonly slot: number,
    private readonly egress: NativeEgressAccounts,
    private readonly sender: FrameSender,
  ) {
    const [remoteAddress = '', remotePort, localAddress = '', localPort] = server.peer(slot).split(' ');
    this.remoteAddress = remoteAddress;
    this.remotePort = Number(remotePort);
    this.localAddress = localAddress;
    this.localPort = Number(localPort);
  }

  send(chain: ResponseChain): void {
    this.server.sendChain(
      this.target,
      chain.map((part) => (part instanceof Uint8Array ? part : part.regionId)),
    );
  }

  sendFrame(frame: ResponseFrame, more = false, mayRepeat = false): void {
    if (!this.sender.send(this.server.handle, this.target, frame, more, mayRepeat)) this.send(chainOf(frame));
  }

  repeat(terms: RepeatTerms): number {
    if (this.closed) return 0;
    const { request, response, maxBytes, minBytes, readsCommitted, compactLengths, partitions } = terms;
    const each = partitions.flatMap((one) => [one.log, one.maxBytes, one.offsetAt, one.numbersAt, one.lengthAt]);
    const numbers = [maxBytes, minBytes, readsCommitted ? 1 : 0, compactLengths ? 1 : 0, ...each];
    return this.server.repeat(this.slot, request, response, Float64Array.from(numbers));
  }

  /** A closed slot may belong to somebody else: then nothing is sent, but regions still give up their pins (slot -1). */
  private get target(): number {
    return this.closed ? 0xffff_ffff : this.slot;
  }

  nameClient(clientId: string): void {
    if (this.closed) return;
    this.forgetClient();
    const joined = this.egress.join(clientId);
    this.client = joined?.name;
    this.server.accountFor(this.slot, joined?.account ?? 0);
  }

  forgetClient(): void {
    if (this.client !== undefined) this.egress.leave(this.client);
    this.client = undefined;
  }

  mute(muted: boolean): void {
    if (!this.closed) this.server.mute(this.slot, muted);
  }

  release(frameId: number): void {
    this.server.release(frameId);
  }

  close(options: { readonly graceful: boolean; readonly reason: CloseReason }): void {
    if (this.closed) return;
    this.ownReason ??= options.reason;
    this.server.closeConnection(this.slot, options.graceful);
  }
}

interface ListenerParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly network: NativeNetwork;
  readonly egress: NativeEgressAccounts;
  /** The broker's rate, kept by the transport. */
  readonly rate: ConnectionRate;
  onOpened(nowMs: number): void;
  onClosed(): void;
}

class NativeListener implements TransportListener {
  port = 0;
  readonly host: string;
  private readonly slabs: Array<Buffer | undefined> = [];
  private readonly events = new Int32Array(eventFields * eventsPerCall);
  private readonly connections: Array<NativeConnection | undefined> = [];
  private readonly server: NativeServer;
  private readonly rate = new ConnectionRate();
  private readonly sender = frameSender();
  private limits: ListenerLimits;
  private idleTimer: TimerHandle | undefined;
  private pause: { readonly untilMs: number; readonly timer: TimerHandle } | undefined;
  private closing: Promise<void> | undefined;
  private finished: () => void = () => {};

  constructor(
    private readonly options: ListenOptions,
    private readonly handler: TransportHandler,
    private readonly parts: ListenerParts,
  ) {
    this.host = options.host;
    this.limits = options.limits;
    const { NativeServer } = loadAddon();
    const onEvents = (count: number) => this.onEvents(count);
    const onClosed = () => this.finished();
    this.server = new NativeServer(options, this.slabs, this.events, onEvents, onClosed, parts.network);
    this.applyLimits();
  }

  get isProtected(): boolean {
    return this.limits.isProtected;
  }

  configure(limits: ListenerLimits): void {
    this.limits = limits;
    this.applyLimits();
  }

  /** Also after a change of the broker's rate. */
  applyLimits(): void {
    const { maxConnections, maxConnectionCreationRate, isProtected } = this.limits;
    this.rate.limit = maxConnectionCreationRate;
    const limited = this.rate.limited || (!isProtected && this.parts.rate.limited);
    this.server.configure({ maxConnections, isProtected, acceptsPerTurn: limited ? 1 : acceptsPerTurn });
  }

  recordOpened(nowMs: number): void {
    this.rate.record(nowMs);
    const delayMs = this.rate.delayMs(nowMs);
    if (delayMs > 0) this.pauseAccepting(delayMs);
  }

  pauseAccepting(delayMs: number): void {
    const untilMs = this.parts.clock.monotonicMs() + delayMs;
    if (this.closing !== undefined || (this.pause !== undefined && this.pause.untilMs >= untilMs)) return;
    this.pause?.timer.cancel();
    this.server.pauseAccepting();
    const timer = this.parts.timers.after(delayMs, () => {
      this.pause = undefined;
      this.server.resumeAccepting();
    });
    this.pause = { untilMs, timer };
  }

  listen(): void {
    try {
      this.port = this.server.listen();
    } catch (error) {
      const errno = error instanceof Error && 'errno' in error ? Number(error.errno) : 0;
      const code = errno === 0 ? 'EADDRNOTAVAIL' : getSystemErrorName(-errno);
      throw new ListenError(this.options.host, this.options.port, code, { cause: error });
    }
    this.scheduleIdleCheck();
  }

  get statistics(): TransportStatistics {
    const s = this.server.statistics();
    const at = (index: number) => s[index] ?? 0;
    return {
      connectionsOpen: at(0),
      connectionsAccepted: at(1),
      connectionsRefused: at(2),
      framesReceived: at(3),
      bytesReceived: at(4),
      bytesSentFromMemory: at(5),
      bytesCopied: at(6),
      bytesSendfile: at(7),
      recvCalls: at(8),
      writevCalls: at(9),
      sendfileCalls: at(10),
      preadCalls: at(11),
      bufferBytes: at(12),
      bufferBytesInUse: at(13),
      sendQueueBytes: at(14),
      acceptPauses: at(15),
      coldStops: at(16),
    };
  }

  stopAccepting(): void {
    this.pause?.timer.cancel();
    this.server.stopAccepting();
  }

  close(): Promise<void> {
    if (this.closing === undefined) {
      this.idleTimer?.cancel();
      this.pause?.timer.cancel();
      this.closing = new Promise((resolve) => {
        this.finished = resolve;
      });
      this.parts.onClosed();
      this.server.close();
    }
    return this.closing;
  }

  /** One call per loop turn: everything the addon saw, in order. A handler that throws takes nobody else's events away. */
  private onEvents(count: number): void {
    let failure: { readonly error: unknown } | undefined;
    for (let at = 0; at < count * eventFields; at += eventFields) {
      try {
        this.onEvent(this.events, at);
      } catch (error) {
        failure ??= { error };
      }
    }
    this.handler.onTurnEnd?.();
    if (failure !== undefined) throw failure.error;
  }

  private onEvent(events: Int32Array, at: number): void {
    const slot = events[at + 1] as number;
    const kind = events[at] as number;
    if (kind === framed) {
      const connection = this.connections[slot];
      const frameId = events[at + 2] as number;
      const slab = this.slabs[events[at + 3] as number];
      if (connection === undefined || slab === undefined) return;
      const done = this.handler.onFrame(connection, frameId, slab, events[at + 4] as number, events[at + 5] as number);
      if (!done) events[at] = kept;
    } else if (kind === opened) {
      const connection = new NativeConnection(this.server, slot, this.parts.egress, this.sender);
      this.connections[slot] = connection;
      this.handler.onOpen(connection);
      this.parts.onOpened(this.parts.clock.monotonicMs());
    } else if (kind === closed) this.onClosed(slot, reasons[events[at + 2] as number] ?? 'reset');
    else {
      const connection = this.connections[slot];
      if (connection !== undefined) this.handler.onEnd(connection);
    }
  }

  private onClosed(slot: number, reason: CloseReason): void {
    const connection = this.connections[slot];
    if (connection === undefined) return;
    this.connections[slot] = undefined;
    connection.closed = true;
    connection.forgetClient();
    this.handler.onClose(connection, connection.ownReason ?? reason);
  }

  private scheduleIdleCheck(): void {
    const { maxIdleMs } = this.options;
    if (maxIdleMs < 0 || !Number.isFinite(maxIdleMs)) return;
    const everyMs = Math.max(10, Math.min(maxIdleMs / 2, 30_000));
    this.idleTimer = this.parts.timers.after(everyMs, () => {
      this.server.expireIdle(Math.floor(this.parts.clock.monotonicMs()), maxIdleMs);
      this.scheduleIdleCheck();
    });
  }
}
