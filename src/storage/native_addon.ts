/**
 * What `native/binding` exports, exactly. Only `native_log.ts` and `network/native_transport.ts` call it; everything else sees the
 * ports. Errors are thrown as {@link NativeError}.
 */
export interface NativeAddon {
  /** `mounted`: files behind symbolic links are never written. */
  readonly NativeDirectory: new (
    path: string,
    onFlushed: () => void,
    mounted: boolean,
  ) => NativeDirectory;
  readonly NativeLog: NativeLogClass;
  readonly NativeCleaning: NativeCleaningClass;
  readonly NativeServer: new (
    options: NativeServerOptions,
    slabs: Array<Buffer | undefined>,
    events: Int32Array,
    onEvents: (count: number) => void,
    onClosed: () => void,
    network: NativeNetwork,
  ) => NativeServer;
  readonly NativeNetwork: new () => NativeNetwork;
  /** Takes the `.lock` of the directory: alone, or shared with other readers. Throws `LOCKED`, `IO`. */
  readonly NativeLock: new (
    path: string,
    exclusive: boolean,
  ) => NativeLock;
  /**
   * 256 numbers that the calls of the hot path take and give, as each says: that costs nothing, while every argument of a call
   * does.
   */
  readonly block: Float64Array;
  /** What the next {@link appendBatch} appends. */
  holdBatch(bytes: Uint8Array): void;
  /** Holds the bytes, too. Out: the eleven fields of the batch header, then the status by number. */
  inspectBatch(bytes: Uint8Array): void;
  /**
   * The batch that is held, whose memory the caller has in hand. In: log, baseOffset, leaderEpoch, appendTimeMs, rollFirst; of the
   * aborted transaction that it ends firstOffset and lastStableOffset, -1 when it ends none.
   */
  appendBatch(): void;
  /**
   * In: log, offset, maxSizeBytes, upperOffset, minOneBatch, atOnce. Out: regionId (-1: none, -2: it would have to wait for the medium),
   * sizeBytes, baseOffset, nextOffset.
   */
  readLog(): void;
  /** The buffer that the next {@link sendFrame} calls send from; held until another is given. */
  setOutput(bytes: Uint8Array): void;
  /**
   * In: server, connection, length, number of links (at most 125), whether more follows, whether its request may be repeated, then for
   * each link: the position it comes before, its region.
   */
  sendFrame(): void;
  /** Until {@link endReadsAtOnce} reads that would wait for the medium throw `MUST_WAIT` instead. */
  beginReadsAtOnce(): void;
  endReadsAtOnce(): void;
  /**
   * A thread reads what the last read that was not to wait missed: in the file of this path, as `MUST_WAIT` has it; undefined: as
   * {@link readLog} knows. At least `aheadBytes`. Never rejects.
   */
  loadMissed(path: string | undefined, aheadBytes: number): Promise<void>;
  releaseRegion(regionId: number): void;
  /** On a thread, with a copy of the batch. `numbers`: codec, level, keysNeeded, earliestMs, latestMs. */
  rebuildBatch(bytes: Uint8Array, numbers: Float64Array): Promise<NativeRebuilt>;
  regionsInUse(): number;
  /** `most`: 0 by the process's limit, -1 as it is. Out: open, most, opened on demand, closed to make room. */
  openFiles(most: number): Float64Array;
}

/** Logs are made by `NativeDirectory.openLog`; the class itself only goes back to the addon. */
export type NativeLogClass = new (handle: object) => NativeLog;

/** Rounds are made by `NativeLog.beginCleaning`. */
export type NativeCleaningClass = new (handle: object) => NativeCleaning;

export interface NativeCleaning {
  /** 0: goes on, 1: done, 2: cancelled. */
  run(budgetBytes: number): Promise<number>;
  abandon(): Promise<void>;
  /** In the order of `CleaningStatistics`. */
  statistics(): Float64Array;
}

export interface NativeRebuilt {
  /** `RebuildStatus` in native/log/batch_rebuild.h. */
  readonly status: number;
  /** Three numbers each: index, 0 for no key or 1 for its timestamp, the timestamp. */
  readonly faults: Float64Array;
  readonly bytes: Uint8Array;
}

export interface NativeError extends Error {
  readonly kind:
    | 'IO'
    | 'NO_SPACE'
    | 'CORRUPT'
    | 'LOCKED'
    | 'CLOSED'
    | 'BAD_ARGUMENTS'
    | 'NO_DESCRIPTORS'
    | 'OTHER_OWNER'
    | 'MUST_WAIT';
  readonly operation: string;
  readonly path: string;
  readonly errno: number;
  readonly detail: string;
  /** Of `drain` only: the logs that were flushed before the failure. */
  readonly flushed?: readonly number[];
}

export interface NativeDirectory {
  openLog(
    logClass: NativeLogClass,
    name: string,
    segmentBytes: number,
    indexIntervalBytes: number,
    segmentIndexBytes: number,
    recoveryPoint: number,
    logStartOffset: number,
    cleanShutdown: boolean,
    gapsBelow: number,
    preallocate: boolean,
    loads: boolean,
    topicId: string,
  ): Promise<NativeLog>;
  setLoadingThreads(count: number): void;
  cancelLoading(): void;
  cancelLoad(name: string): void;
  checkedBytes(): number;
  bytesToCheck(names: readonly string[], recoveryPoints: Float64Array): Promise<Float64Array>;
  rename(name: string, newName: string): Promise<void>;
  removeMarked(name: string): Promise<void>;
  unlinkFiles(paths: readonly string[]): Promise<void>;
  /** Paths; -1 bytes: to the end of the file. Returns how much was copied. */
  copyFile(from: string, to: string, position: number, sizeBytes: number): Promise<number>;
  /** Applies finished flushes; ids of the logs whose flushedOffset may have grown. Throws the failure of a sync, once. */
  drain(): number[];
  /** Flushes, requests, total microseconds; then of group sizes, group bytes and sync times the sum and 33 counts each. */
  statistics(): Float64Array;
  close(): void;
}

export interface NativeLock {
  release(): void;
}

export interface NativeLog {
  readonly id: number;
  /**
   * Of many logs. From `sharedAt` on logStartOffset, logEndOffset, flushedOffset, sizeBytes, activeBaseOffset, abortedCount,
   * firstBaseOffset of this one, kept up to date by the addon, and what JavaScript offers any consumer; another log's once this object
   * is collected.
   */
  readonly shared: Float64Array;
  readonly sharedAt: number;
  /** What `readLog` and `appendBatch` name it by. */
  readonly handle: number;
  readonly truncatedBytes: number;
  readonly truncatedAtOffset: number;
  readonly quarantinedBytes: number;
  readonly indexesRebuilt: number;
  readonly transactionsLostFrom: number;
  /** Name, bytes, name, bytes, ...; no bytes for what is large. Given up once read. */
  sideFiles: ReadonlyArray<string | Uint8Array | undefined> | undefined;
  readCopy(offset: number, maxSizeBytes: number, upperOffset: number): Buffer;
  availableBytes(offset: number, upperOffset: number, enoughBytes: number): number;
  findByTimestamp(timestampMs: number, upperOffset: number, out: Float64Array): boolean;
  findMaxTimestamp(upperOffset: number, out: Float64Array): boolean;
  /** Thirteen numbers a batch: the header, then type (0 abort, 1 commit, -1 none) and coordinator epoch of a marker. */
  scan(fromOffset: number, maxBatches: number): Float64Array;
  /** Four numbers each, in the order of `AbortedTransaction`. */
  abortedTransactions(from: number, upper: number): Float64Array;
  restoreAborted(lostFrom: number, flat: Float64Array): void;
  /** `requests`: how many acknowledgements wait for it. */
  requestFlush(requests: number): void;
  roll(): void;
  truncateTo(offset: number): void;
  truncateFullyAndStartAt(offset: number): void;
  advanceLogStartOffset(offset: number): void;
  /** Drops the sealed segments that end at or before `offset`. Paths to unlink later. */
  dropBelow(offset: number): string[];
  /** `numbers`: the fields of `CleaningOptions` in order; `producers`: three numbers each. */
  beginCleaning(
    cleaningClass: NativeCleaningClass,
    numbers: Float64Array,
    producers: Float64Array,
  ): NativeCleaning | undefined;
  /** Paths of files that cleaned segments took the place of, to unlink later. */
  takeReplacedFiles(): string[];
  /** Two numbers a segment: baseOffset, sizeBytes. */
  segments(): Float64Array;
  /** Of the segment that covers the offset; `which`: 0 maxTimestampMs, 1 firstTimestampMs, 2 lastModifiedMs. */
  segmentTime(baseOffset: number, which: number): number;
  reconfigure(segmentBytes: number, indexIntervalBytes: number, segmentIndexBytes: number, preallocate: boolean): void;
  accountFor(topicAccount: number): void;
  /** Brings `shared` up to date after a drain. */
  offsets(): void;
  /** Renames the log's directory; the parent is not synced. */
  moveTo(path: string): void;
  close(sync: boolean): void;
}

export interface NativeServerOptions {
  readonly host: string;
  readonly port: number;
  readonly backlog: number;
  readonly maxFrameBytes: number;
  readonly maxUnreleasedBytesPerConnection: number;
  readonly maxUnreleasedFramesPerConnection: number;
  readonly sendBufferBytes: number;
  readonly receiveBufferBytes: number;
  readonly sendfileMinBytes: number;
}

/** Numbers at and above 2^32 - 1 (bytes: 9e15) are no limit. */
export interface NativeNetworkLimits {
  readonly maxQueuedRequests: number;
  readonly maxQueuedRequestBytes: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerIp: number;
}

export interface NativeNetwork {
  /** The overrides per address are two arrays; returns the hosts that have no address. */
  configure(limits: NativeNetworkLimits, hosts: readonly string[], counts: readonly number[]): string[];
  /** In the order of `NetworkStatistics`. */
  statistics(): Float64Array;
  /** Accounts of topics or clients; 0 when there are too many. */
  openAccount(ofClients: boolean): number;
  /** Its counts become those of account 0. */
  closeAccount(ofClients: boolean, account: number): void;
  decideAnew(): void;
  /** Fills twelve numbers in the order that `network/egress_accounts.ts` reads. */
  account(ofClients: boolean, account: number, out: Float64Array): void;
}

export interface NativeServer {
  /** Returns the port. */
  listen(): number;
  stopAccepting(): void;
  /** The `onClosed` callback follows. */
  close(): void;
  /** What `sendFrame` names it by. */
  readonly handle: number;
  sendChain(connection: number, parts: ReadonlyArray<Uint8Array | number>): void;
  release(frame: number): void;
  closeConnection(connection: number, graceful: boolean): void;
  configure(limits: {
    readonly maxConnections: number;
    readonly acceptsPerTurn: number;
    readonly isProtected: boolean;
  }): void;
  pauseAccepting(): void;
  resumeAccepting(): void;
  /** Closes what has been quiet for so long; `nowMs` is the caller's clock. */
  expireIdle(nowMs: number, maxIdleMs: number): void;
  accountFor(connection: number, clientAccount: number): void;
  mute(connection: number, muted: boolean): void;
  /** How often the terms before were used. Of `RepeatTerms`: maxBytes, minBytes, readsCommitted, compactLengths, then five numbers of each partition in their order. */
  repeat(connection: number, request: Uint8Array, response: Uint8Array, numbers: Float64Array): number;
  /** "address port localAddress localPort" */
  peer(connection: number): string;
  /** In the order of `TransportStatistics`. */
  statistics(): Float64Array;
}
