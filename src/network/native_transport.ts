import { getSystemErrorName } from 'node:util';
import {
  type Clock,
  type CloseReason,
  ListenError,
  type ListenOptions,
  type ResponseChain,
  type ServerTransport,
  type TimerHandle,
  type Timers,
  type TransportConnection,
  type TransportHandler,
  type TransportListener,
  type TransportStatistics,
} from '../common/ports/index.js';
import { loadAddon } from '../storage/native.js';
import type { NativeServer } from '../storage/native_addon.js';

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
];

const eventFields = 6;
const eventsPerCall = 1024;
const opened = 1;
const framed = 2;
/** Written over a frame's event: it is not released when the call returns. */
const kept = 0;

/** The production transport. `clock` and `timers` drive the idle check only; the sockets live on the event loop. */
export function createNativeTransport(ports: { readonly clock: Clock; readonly timers: Timers }): ServerTransport {
  return {
    async listen(options: ListenOptions, handler: TransportHandler): Promise<TransportListener> {
      const listener = new NativeListener(options, handler, ports.clock, ports.timers);
      listener.listen();
      return listener;
    },
  };
}

let nextConnectionId = 1;

class NativeConnection implements TransportConnection {
  readonly id = nextConnectionId++;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  lastActiveMs: number;
  /** Why this side closed it, when it did. */
  ownReason: CloseReason | undefined;
  closed = false;

  constructor(
    private readonly server: NativeServer,
    /** The addon's number; reused after the close. */
    readonly slot: number,
    nowMs: number,
  ) {
    const [remoteAddress = '', remotePort, localAddress = '', localPort] = server.peer(slot).split(' ');
    this.remoteAddress = remoteAddress;
    this.remotePort = Number(remotePort);
    this.localAddress = localAddress;
    this.localPort = Number(localPort);
    this.lastActiveMs = nowMs;
  }

  send(chain: ResponseChain): void {
    const first = chain[0];
    // A closed slot may belong to somebody else: then nothing is sent, but regions still give up their pins (slot -1).
    const slot = this.closed ? 0xffff_ffff : this.slot;
    if (chain.length === 1 && first instanceof Uint8Array) {
      if (!this.closed) this.server.send(slot, first);
      return;
    }
    this.server.sendChain(
      slot,
      chain.map((part) => (part instanceof Uint8Array ? part : part.regionId)),
    );
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

class NativeListener implements TransportListener {
  port = 0;
  readonly host: string;
  private readonly slabs: Array<Buffer | undefined> = [];
  private readonly events = new Int32Array(eventFields * eventsPerCall);
  private readonly connections: Array<NativeConnection | undefined> = [];
  private readonly server: NativeServer;
  private idleTimer: TimerHandle | undefined;
  private closing: Promise<void> | undefined;
  private finished: () => void = () => {};

  constructor(
    private readonly options: ListenOptions,
    private readonly handler: TransportHandler,
    private readonly clock: Clock,
    private readonly timers: Timers,
  ) {
    this.host = options.host;
    const { NativeServer } = loadAddon();
    const onEvents = (count: number) => this.onEvents(count);
    this.server = new NativeServer(options, this.slabs, this.events, onEvents, () => this.finished());
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
      coldStops: at(13),
    };
  }

  stopAccepting(): void {
    this.server.stopAccepting();
  }

  close(): Promise<void> {
    if (this.closing === undefined) {
      this.idleTimer?.cancel();
      this.closing = new Promise((resolve) => {
        this.finished = resolve;
      });
      this.server.close();
    }
    return this.closing;
  }

  /** One call per loop turn: everything the addon saw, in order. */
  private onEvents(count: number): void {
    const events = this.events;
    const nowMs = this.clock.monotonicMs();
    for (let i = 0, at = 0; i < count; i += 1, at += eventFields) {
      const slot = events[at + 1] as number;
      const kind = events[at] as number;
      if (kind === framed) {
        const connection = this.connections[slot];
        const frameId = events[at + 2] as number;
        const slab = this.slabs[events[at + 3] as number];
        if (connection === undefined || slab === undefined) continue;
        connection.lastActiveMs = nowMs;
        const done = this.handler.onFrame(
          connection,
          frameId,
          slab,
          events[at + 4] as number,
          events[at + 5] as number,
        );
        if (!done) events[at] = kept;
      } else if (kind === opened) {
        const connection = new NativeConnection(this.server, slot, nowMs);
        this.connections[slot] = connection;
        this.handler.onOpen(connection);
      } else this.onClosed(slot, reasons[events[at + 2] as number] ?? 'reset');
    }
  }

  private onClosed(slot: number, reason: CloseReason): void {
    const connection = this.connections[slot];
    if (connection === undefined) return;
    this.connections[slot] = undefined;
    connection.closed = true;
    this.handler.onClose(connection, connection.ownReason ?? reason);
  }

  private scheduleIdleCheck(): void {
    const { maxIdleMs } = this.options;
    if (maxIdleMs <= 0 || !Number.isFinite(maxIdleMs)) return;
    const everyMs = Math.max(10, Math.min(maxIdleMs / 2, 30_000));
    this.idleTimer = this.timers.after(everyMs, () => {
      const nowMs = this.clock.monotonicMs();
      for (const connection of this.connections)
        if (connection !== undefined && nowMs - connection.lastActiveMs >= maxIdleMs)
          connection.close({ graceful: false, reason: 'idle' });
      this.scheduleIdleCheck();
    });
  }
}
