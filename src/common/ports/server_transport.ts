import type { EgressAccounts } from './egress.js';

/**
 * The server side of the network: length-prefixed frames in, response chains out. The one implementation for
 * production is native (see `network/`): one call into JavaScript per loop tick with all frames decoded so far.
 */
export interface ServerTransport {
  /** @throws ListenError (`EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES`, ...). */
  listen(options: ListenOptions, handler: TransportHandler): Promise<TransportListener>;
  /**
   * Limits over all listeners; they act at once. Returns the hosts of `maxConnectionsPerIpOverrides` that no address was found for:
   * their entries are without effect.
   */
  configure(limits: NetworkLimits): readonly string[];
  readonly statistics: NetworkStatistics;
  /** What is sent, by topic and by client. */
  readonly egress: EgressAccounts;
  /** Something changed that a handler may have decided an answer by: no {@link RepeatTerms} of before hold any longer. */
  decideAnew(): void;
}

/**
 * What a consumer's Fetch is answered while nothing changes but the offsets that it asks for and what its partitions have there: the
 * same bytes but for the positions named here. The numbers that follow go into the response as they are then: the correlation id, what
 * the log offers (`SegmentedLog.offer`) and where it starts, its records.
 */
export interface RepeatTerms {
  /** Without its length prefix. */
  readonly request: Uint8Array;
  /** With it; no partition has records. */
  readonly response: Uint8Array;
  readonly maxBytes: number;
  /** With less than so many bytes of records it is the handler's to answer. */
  readonly minBytes: number;
  /** Only while no log has an aborted transaction. */
  readonly readsCommitted: boolean;
  /** Lengths of records are varints, one more than they are; else four bytes. */
  readonly compactLengths: boolean;
  readonly partitions: ReadonlyArray<{
    /** `SegmentedLog.handle` */
    readonly log: number;
    readonly maxBytes: number;
    /** Of its fetch offset in the request. */
    readonly offsetAt: number;
    /** Of its high watermark, last stable and log start offset in the response. */
    readonly numbersAt: number;
    /** Of the length of its records in the response. */
    readonly lengthAt: number;
  }>;
}

/** What the listeners of one broker share. `Infinity` is no limit. */
export interface NetworkLimits {
  /** Requests taken from sockets and not begun yet; when reached, reading stops (`queued.max.requests`). */
  readonly maxQueuedRequests: number;
  /** Their bytes; a request counts from the moment its length is known (`queued.max.request.bytes`). */
  readonly maxQueuedRequestBytes: number;
  /** When reached, connections wait in the kernel; when lowered, the least recently used are closed. */
  readonly maxConnections: number;
  /** A connection above it is closed at once. */
  readonly maxConnectionsPerIp: number;
  readonly maxConnectionsPerIpOverrides: ReadonlyMap<string, number>;
  /** Connections accepted per second on all listeners; those above wait in the kernel. */
  readonly maxConnectionCreationRate: number;
}

/** Limits of one listener. */
export interface ListenerLimits {
  readonly maxConnections: number;
  readonly maxConnectionCreationRate: number;
  /** The brokers' own listener beside others: the broker's limits do not hold it up. */
  readonly isProtected: boolean;
}

export interface NetworkStatistics {
  readonly requestsQueued: number;
  readonly requestBytesQueued: number;
  /** Highest since the start. */
  readonly requestsQueuedPeak: number;
  readonly requestBytesQueuedPeak: number;
  /** How often a connection had to wait for its turn because a limit was reached. */
  readonly requestWaits: number;
  readonly connections: number;
  /** Answered by {@link RepeatTerms}: no handler saw them. */
  readonly requestsRepeated: number;
}

export interface ListenOptions {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  readonly backlog: number;
  /** `socket.request.max.bytes`: a longer frame closes the connection before memory is spent on it. */
  readonly maxFrameBytes: number;
  /** Sizes of the kernel's buffers of a connection; -1 leaves them to the kernel. */
  readonly sendBufferBytes: number;
  readonly receiveBufferBytes: number;
  /** `connections.max.idle.ms`; negative: never. */
  readonly maxIdleMs: number;
  readonly limits: ListenerLimits;
  /** A connection with so many bytes of unreleased frames is not read from. */
  readonly maxUnreleasedBytesPerConnection: number;
  /** A connection with so many unreleased frames is not read from. */
  readonly maxUnreleasedFramesPerConnection: number;
  /** Regions of at least so many bytes leave by sendfile, smaller ones by one copy (pread). */
  readonly sendfileMinBytes: number;
}

/** Where it happens, all calls are on the event loop and never re-entrant. */
export interface TransportHandler {
  onOpen(connection: TransportConnection): void;
  /**
   * One frame without its length prefix: `bytes.subarray(start, end)`, at least 8 bytes long. With true the frame is done with:
   * the memory is the transport's again. With false it stays valid until `connection.release(frameId)`, to be called exactly
   * once, also after a close. A view of `bytes` must not be kept longer.
   */
  onFrame(connection: TransportConnection, frameId: number, bytes: Uint8Array, start: number, end: number): boolean;
  /** The peer sends nothing more, and every frame it sent was handed over; it may still read answers. The handler closes. */
  onEnd(connection: TransportConnection): void;
  /** Exactly once per onOpen, whoever closed. */
  onClose(connection: TransportConnection, reason: CloseReason): void;
  /** Everything of one turn was told. */
  onTurnEnd?(): void;
}

export interface TransportConnection {
  /** Unique in the process's life. */
  readonly id: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /**
   * Sends the chain as one response, the parts in order (the caller has put the length prefix in the first part). Memory
   * parts are copied or written before the call returns, so the caller may reuse them at once; regions are consumed: the
   * transport releases their pin when sent or when the connection dies. After a close it only releases.
   */
  send(chain: ResponseChain): void;
  /**
   * The same for a response as its encoder holds it; nothing is allocated for it. `more`: other requests of the connection wait for
   * their responses, so it may leave together with those that come in the same turn of the loop. `mayRepeat`: nothing of the connection
   * is open once it is sent, so that what comes next may be answered by its terms.
   */
  sendFrame(frame: ResponseFrame, more?: boolean, mayRepeat?: boolean): void;
  /** The terms of the request that is being answered. They replace earlier ones; returns how often those were used. */
  repeat(terms: RepeatTerms): number;
  /** For the handler: what belongs to this connection, found without a look-up. */
  attachment: unknown;
  /** What is sent from here on counts for this client, too. A call into the addon: once per connection, not per request. */
  nameClient(clientId: string): void;
  /** While it is muted nothing is read from the peer and no frame comes but those of this turn; what is sent leaves. */
  mute(muted: boolean): void;
  /** The bytes of a frame that `onFrame` kept are no longer needed. */
  release(frameId: number): void;
  /** Closes after what was sent has left (`graceful`) or at once. onClose follows in a later turn. */
  close(options: { readonly graceful: boolean; readonly reason: CloseReason }): void;
}

export type ResponseChain = ReadonlyArray<Uint8Array | FileRegion>;

/** One response, length prefix included: memory, with parts that were not copied into it linked in. */
export interface ResponseFrame {
  /** The first `length` of these. */
  readonly buffer: Uint8Array;
  readonly length: number;
  /** The first `linkCount` of these, ascending by `at`. */
  readonly links: ReadonlyArray<ResponseLink>;
  readonly linkCount: number;
}

export interface ResponseLink {
  /** The part comes before this byte of the memory. */
  readonly at: number;
  readonly part: Uint8Array | FileRegion;
}

/**
 * Bytes of a segment file, pinned: the file stays readable at this position until the region was sent or released,
 * whatever happens to the log meanwhile. Made by the `LogStore`, consumed by the `ServerTransport`.
 */
export interface FileRegion {
  readonly kind: 'region';
  /** Handle in the native region table. */
  readonly regionId: number;
  readonly sizeBytes: number;
}

export type CloseReason =
  | 'remote' /* peer closed in an orderly way */
  | 'reset' /* peer reset, or any socket error */
  | 'idle' /* connections.max.idle.ms */
  | 'frame-too-large'
  | 'frame-negative-length'
  | 'frame-too-short'
  | 'http' /* the first bytes are an HTTP request */
  | 'tls' /* the first bytes are a TLS ClientHello */
  | 'invalid-request' /* the request pipeline could not parse it */
  | 'max-connections'
  | 'max-connections-per-ip'
  | 'connection-rate' /* above the quota of its address */
  | 'slow-reader'
  | 'no-memory' /* the receive buffers could not grow */
  | 'server-closed';

export interface TransportListener {
  readonly port: number;
  readonly host: string;
  readonly statistics: TransportStatistics;
  configure(limits: ListenerLimits): void;
  /** Stops accepting; connections stay. */
  stopAccepting(): void;
  /** Closes everything; resolves when every onClose was called and every descriptor closed. */
  close(): Promise<void>;
}

/** Totals since the listener started; cheap to read. */
export interface TransportStatistics {
  readonly connectionsOpen: number;
  readonly connectionsAccepted: number;
  readonly connectionsRefused: number;
  readonly framesReceived: number;
  readonly bytesReceived: number;
  readonly bytesSentFromMemory: number;
  /** Region bytes sent by one copy (pread into the response buffer). */
  readonly bytesCopied: number;
  readonly bytesSendfile: number;
  readonly recvCalls: number;
  readonly writevCalls: number;
  readonly sendfileCalls: number;
  readonly preadCalls: number;
  /** Receive memory, also what is kept for reuse. */
  readonly bufferBytes: number;
  /** Receive memory that holds something. */
  readonly bufferBytesInUse: number;
  /** Memory of responses that the sockets have not taken yet. */
  readonly sendQueueBytes: number;
  /** How often the listener stopped accepting because of a limit. */
  readonly acceptPauses: number;
  /** Times a response waited until its bytes were read from the medium, on another thread. */
  readonly coldStops: number;
}

export class ListenError extends Error {
  override readonly name = 'ListenError';
  constructor(
    readonly host: string,
    readonly port: number,
    readonly code: string,
    options?: { readonly cause?: unknown },
  ) {
    super(`cannot listen on ${host}:${port}: ${code}`, options);
  }
}
