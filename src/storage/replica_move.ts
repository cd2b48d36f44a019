import { assert } from '../common/assert.js';
import { LogStoreError } from '../common/ports/index.js';
import type { ByteRate } from './byte_rate.js';
import { formatPartitionMetadata, partitionMetadataFile } from './checkpoints.js';
import type { LogManagerPorts } from './log_manager_ports.js';
import { ReplicaMirror } from './log_mirror.js';
import type { ManagedDirectory } from './managed_directory.js';
import { formatMoveIntent, moveIntentFile } from './move_intent.js';
import { suffixedName } from './partition_directories.js';
import type { PartitionLog } from './partition_log.js';
import type { TransactionMarker } from './partition_transactions.js';
import { ReplicaCopy } from './replica_copy.js';
import { withoutWaiting } from './without_waiting.js';

/** What a move needs of whoever keeps the logs. */
export interface MoveHooks {
  /** Nothing compacts the source any more. */
  release(source: PartitionLog): Promise<void>;
  /** Opens the copy, checking every batch of it. */
  load(source: PartitionLog, target: ManagedDirectory, futureName: string): Promise<PartitionLog>;
  /** The checkpoints of the target say from here on what is known of the copy. */
  checkpoint(copy: PartitionLog, target: ManagedDirectory): Promise<void>;
  /** Nothing comes of the copy. `serves`: what is durable of the source is what is on its own medium again. */
  gaveUp(source: PartitionLog, serves: boolean): void;
  /** The copy is the partition's log from here on. In one turn. */
  switched(source: PartitionLog, copy: PartitionLog): void;
  /** The source is not used any more: it is closed and its directory removed. */
  retire(source: PartitionLog, managed: ManagedDirectory): Promise<void>;
}

export type MoveOutcome = 'moved' | 'stopped' | 'failed';

/** Records are appended to the copy in pieces of about this size, each in a turn of its own. */
const pieceBytes = 256 * 1024;
const largestPieceBytes = 8 * 1024 * 1024;

/**
 * Moves the log of a partition into another log directory while it is in use (KIP-113):
 *
 *   1. files are copied into `<topic>-<partition>.<uuid>-future`; a crash: the copy is removed and the move begins again
 *   2. the copy is opened, every batch checked, and gets what was appended meanwhile, then every append (`ReplicaMirror`)
 *   3. the copy is on the medium, and nothing is acknowledged any more that is not on both
 *   4. `millrace-moved-to` is written beside the source: from here on the copy is the log, also after a crash
 *   5. the copy gets the partition's name, the source is marked for deletion; a crash: the next start does it
 */
export class ReplicaMove {
  readonly name: string;
  private readonly futureName: string;
  private copy: ReplicaCopy | undefined;
  private future: PartitionLog | undefined;
  private stopping = false;
  private keepsFiles = false;
  private made = false;
  private decided = false;

  constructor(
    private readonly ports: LogManagerPorts,
    readonly source: PartitionLog,
    private readonly from: ManagedDirectory,
    readonly target: ManagedDirectory,
    private readonly rate: ByteRate,
    private readonly hooks: MoveHooks,
  ) {
    this.name = source.name;
    this.futureName = suffixedName(ports.random, source.name, 'future');
  }

  /** Of the copy; undefined when the copy is the log already. */
  get progress(): { readonly sizeBytes: number; readonly endOffset: number } | undefined {
    if (this.decided) return undefined;
    return {
      sizeBytes: this.future?.log.sizeBytes ?? this.copy?.copiedBytes ?? 0,
      endOffset: this.future?.log.logEndOffset ?? this.copy?.endOffset ?? this.source.log.logStartOffset,
    };
  }

  /** Ends it where that can still be; what was copied is removed unless the move is to begin again at the next start. */
  stop(options: { readonly keepFiles: boolean } = { keepFiles: false }): void {
    this.stopping = true;
    this.keepsFiles ||= options.keepFiles;
    this.target.directory?.cancelLoad(this.futureName);
  }

  async run(): Promise<MoveOutcome> {
    const { logger } = this.ports;
    try {
      if (!(await this.prepare())) {
        await this.giveUp();
        return 'stopped';
      }
    } catch (error) {
      await this.giveUp();
      if (this.stopping) return 'stopped';
      logger.error(`${this.name} stays in ${this.from.path}: the move to ${this.target.path} failed`, { error });
      return 'failed';
    }
    try {
      await this.finish();
      logger.info(`${this.name} was moved from ${this.from.path} to ${this.target.path}`);
    } catch (error) {
      logger.error(
        `${this.name} is in ${this.target.path} now, but the move could not be finished; the next start does it`,
        { error },
      );
    }
    return 'moved';
  }

  /** Steps 1 to 4. False when it was stopped. */
  private async prepare(): Promise<boolean> {
    const { files } = this.ports;
    if (this.stopping) return false;
    const directory = this.target.usable('move');
    await files.makeDirectory(this.futurePath);
    this.made = true;
    const metadata = formatPartitionMetadata(this.source.topicId);
    await files.writeFileAtomic(`${this.futurePath}/${partitionMetadataFile}`, metadata, { sync: true });
    await this.hooks.release(this.source);
    await this.target.space?.look();
    const copy = new ReplicaCopy(
      files,
      this.source,
      directory,
      this.target.space,
      this.futureName,
      this.rate,
      () => this.stopping,
    );
    this.copy = copy;
    if (!(await copy.run())) return false;
    const future = await this.hooks.load(this.source, this.target, this.futureName);
    this.future = future;
    if (future.log.sizeBytes !== copy.copiedBytes)
      throw new LogStoreError(
        'CORRUPT',
        'copy',
        this.futurePath,
        '',
        `${copy.copiedBytes} bytes were copied, but ${future.log.sizeBytes} of them are a log`,
      );
    const mirror = await this.catchUp(future);
    if (mirror === undefined) return false;
    await future.log.flush();
    await future.storeState();
    await this.hooks.checkpoint(future, this.target);
    return this.decide(future, mirror);
  }

  /** Appends what the source has and the copy has not, until they are the same; from that turn on the copy follows by itself. */
  private async catchUp(future: PartitionLog): Promise<ReplicaMirror | undefined> {
    const { clock, timers } = this.ports;
    const { source } = this;
    let limitBytes = pieceBytes;
    let lastLag = Number.POSITIVE_INFINITY;
    for (;;) {
      const { logEndOffset } = source.log;
      const bytes = await withoutWaiting(source.log, () =>
        source.log.readCopy(future.log.logEndOffset, limitBytes, logEndOffset),
      );
      if (this.stopping) return undefined;
      for (const batch of batchesOf(bytes)) future.appendReplica(batch, clock.wallMs(), markerIn(source, batch));
      const lag = source.log.logEndOffset - future.log.logEndOffset;
      if (lag === 0) break;
      if (bytes.length === 0)
        throw new LogStoreError('CORRUPT', 'copy', this.futurePath, '', `${lag} offsets at the end cannot be read`);
      // What is appended in a turn must be less than what is copied in one.
      if (lag >= lastLag) limitBytes = Math.min(limitBytes * 2, largestPieceBytes);
      lastLag = lag;
      await new Promise<void>((resolve) => {
        timers.soon(resolve);
      });
      if (this.stopping) return undefined;
    }
    future.adoptState(source);
    future.log.advanceLogStartOffset(source.log.logStartOffset);
    const mirror = new ReplicaMirror(future, () => clock.wallMs());
    source.mirror = mirror;
    return mirror;
  }

  /** Step 4, in which the move cannot be stopped any more. */
  private async decide(future: PartitionLog, mirror: ReplicaMirror): Promise<boolean> {
    mirror.gate();
    // Everything that was acknowledged before the gate.
    await future.log.flush();
    if (mirror.failure !== undefined) throw mirror.failure;
    if (this.stopping) return false;
    const { directoryId } = this.target;
    assert(directoryId !== undefined, 'a log directory in use has an id');
    const intent = formatMoveIntent({ directoryId, future: this.futureName });
    try {
      await this.ports.files.writeFileAtomic(this.intentPath, intent, { sync: true });
    } catch (error) {
      // After a failed sync nobody knows what is on the medium: only a restart finds out, and both copies have all that was acknowledged.
      this.from.failed(error);
      await this.withdraw();
      throw error;
    }
    const failure = mirror.failure ?? this.target.failure;
    if (failure !== undefined) {
      await this.withdraw();
      throw failure;
    }
    this.decided = true;
    this.source.mirror = undefined;
    this.hooks.switched(this.source, future);
    return true;
  }

  /** Nothing is acknowledged again on the source alone before it is certain that a restart takes the source. */
  private async withdraw(): Promise<void> {
    const { files } = this.ports;
    if (!this.from.online) return;
    try {
      await files.remove(this.intentPath);
      await files.syncDirectory(this.sourcePath);
    } catch (removal) {
      this.from.failed(removal);
    }
  }

  private async finish(): Promise<void> {
    const { future } = this;
    assert(future !== undefined, 'a move that is decided has a copy');
    try {
      future.log.rename(this.name);
      await this.ports.files.syncDirectory(this.target.path);
    } catch (error) {
      this.target.giveUp('move', error);
      throw error;
    }
    await this.hooks.retire(this.source, this.from);
  }

  private async giveUp(): Promise<void> {
    const { logger } = this.ports;
    // In a directory that failed the source acknowledges nothing any more: it may be the superseded copy.
    const serves = this.from.online;
    if (serves) this.source.mirror = undefined;
    this.hooks.gaveUp(this.source, serves);
    try {
      await this.future?.close({ sync: false });
      const { directory } = this.target;
      // Where only a restart finds out which copy it is, both stay.
      if (!this.made || this.keepsFiles || !serves || directory === undefined || !this.target.online) return;
      const doomed = suffixedName(this.ports.random, this.name, 'delete');
      await directory.rename(this.futureName, doomed);
      await directory.removeMarked(doomed);
    } catch (error) {
      logger.warn(`${this.futurePath} could not be removed; it is tried again at the next start`, { error });
    }
  }

  private get futurePath(): string {
    return `${this.target.path}/${this.futureName}`;
  }

  private get sourcePath(): string {
    return `${this.from.path}/${this.name}`;
  }

  private get intentPath(): string {
    return `${this.sourcePath}/${moveIntentFile}`;
  }
}

const batchLengthAt = 8;
const attributesAt = 21;
const controlBit = 0x20;
const logOverheadBytes = 12;

function* batchesOf(bytes: Uint8Array): IterableIterator<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let position = 0; position < bytes.length; ) {
    const sizeBytes = logOverheadBytes + view.getInt32(position + batchLengthAt);
    yield bytes.subarray(position, position + sizeBytes);
    position += sizeBytes;
  }
}

/** What a batch of `source` says of a transaction that it ends. */
function markerIn(source: PartitionLog, batch: Uint8Array): TransactionMarker | undefined {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  if ((view.getInt16(attributesAt) & controlBit) === 0) return undefined;
  return source.log.scanBatches(Number(view.getBigInt64(0)), 1)[0]?.marker;
}
