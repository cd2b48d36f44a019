import type { ReadableFile } from '../../common/ports/index.js';
import { controlTypeOf, decodeBatch, RecordBatchError } from '../../records/index.js';
import { leaderEpochFile, parsePartitionMetadata, partitionMetadataFile } from '../../storage/checkpoints.js';
import type { AbortedTransaction } from '../index_files.js';
import { parseSegmentFileName, type SegmentFileKind, segmentFileName } from '../log_files.js';
import type { OfflinePorts } from '../offline_directory.js';
import { isQuarantine } from '../quarantine.js';
import { type ScannedBatch, scanSegment } from '../segment_scan.js';
import { TransactionReplay } from '../transaction_replay.js';
import type { Findings } from './findings.js';
import { EpochCheck } from './verify_epochs.js';
import {
  type BatchFacts,
  type SegmentFacts,
  verifyOffsetIndex,
  verifyTimeIndex,
  verifyTransactionIndex,
} from './verify_indexes.js';
import { SnapshotCheck } from './verify_snapshots.js';

export interface PartitionSummary {
  readonly partition: string;
  readonly segments: number;
  readonly batches: number;
  readonly records: number;
  readonly bytes: number;
  /** Base offset of the first segment. */
  readonly firstOffset: number;
  readonly logEndOffset: number;
  /** Where the last segment begins. */
  readonly activeBaseOffset: number;
}

interface Context {
  readonly ports: OfflinePorts;
  readonly path: string;
  readonly name: string;
  /** After an orderly stop everything is complete. */
  readonly cleanShutdown: boolean;
  /** From this offset on none may be missing; undefined: nothing tells. */
  readonly gapsFrom: number | undefined;
  readonly findings: Findings;
}

/** Looks at every byte of a partition's files. Memory: a few numbers a batch of one segment. */
export async function verifyPartition(context: Context): Promise<PartitionSummary> {
  return new PartitionVerifier(context).run();
}

class PartitionVerifier {
  private readonly transactions = new TransactionReplay();
  private readonly epochs: EpochCheck;
  private readonly snapshots: SnapshotCheck;
  private batches = 0;
  private records = 0;
  private bytes = 0;
  private nextOffset = -1;

  constructor(private readonly context: Context) {
    this.epochs = new EpochCheck(this.file(leaderEpochFile), context.findings);
    this.snapshots = new SnapshotCheck(context.findings);
  }

  private file(name: string): string {
    return `${this.context.name}/${name}`;
  }

  async run(): Promise<PartitionSummary> {
    const { ports, path, name, findings } = this.context;
    const names = ((await ports.files.listDirectory(path)) ?? []).map((entry) => entry.name).sort();
    const bases = names.flatMap((one) => {
      const parsed = parseSegmentFileName(one);
      return parsed?.kind === '.log' ? [parsed.baseOffset] : [];
    });
    await this.surroundings(names, bases);
    if (bases.length === 0) findings.add(name, 'missing-file', 'the partition has no segment');
    for (const [at, baseOffset] of bases.entries()) await this.segment(baseOffset, bases[at + 1], new Set(names));
    const logEndOffset = Math.max(this.nextOffset, bases.at(-1) ?? 0);
    this.epochs.end(logEndOffset);
    this.snapshots.end(logEndOffset);
    const { batches, records, bytes } = this;
    const activeBaseOffset = bases.at(-1) ?? 0;
    const firstOffset = bases[0] ?? 0;
    return {
      partition: name,
      segments: bases.length,
      batches,
      records,
      bytes,
      firstOffset,
      logEndOffset,
      activeBaseOffset,
    };
  }

  /** Everything beside the segments. */
  private async surroundings(names: readonly string[], bases: readonly number[]): Promise<void> {
    const { ports, path, findings } = this.context;
    const isBase = new Set(bases);
    for (const one of names) {
      const parsed = parseSegmentFileName(one);
      if (parsed?.kind === '.snapshot') {
        const bytes = await ports.files.readFile(`${path}/${one}`);
        if (bytes !== undefined) this.snapshots.load(this.file(one), parsed.baseOffset, bytes);
      } else if (parsed !== undefined) {
        if (!isBase.has(parsed.baseOffset))
          findings.add(this.file(one), 'orphan-file', 'the segment it belongs to is not there');
      } else if (/\.(deleted|cleaned|swap|tmp)$/.test(one)) {
        findings.add(this.file(one), 'leftover', 'left over from work that was interrupted');
      } else if (!knownFiles.has(one) && !isQuarantine(one))
        findings.add(this.file(one), 'unknown-file', 'no file that a log has');
    }
    const metadata = await ports.files.readFile(`${path}/${partitionMetadataFile}`);
    if (metadata === undefined)
      findings.add(this.file(partitionMetadataFile), 'missing-file', 'the topic id is missing');
    else if (parsePartitionMetadata(metadata) === undefined)
      findings.add(this.file(partitionMetadataFile), 'partition-metadata', 'the topic id cannot be read');
    const sizes = await Promise.all(bases.map((base) => ports.tools.stat(`${path}/${segmentFileName(base, '.log')}`)));
    const isEmpty = sizes.every((status) => (status?.sizeBytes ?? 0) === 0);
    this.epochs.load(await ports.files.readFile(`${path}/${leaderEpochFile}`), isEmpty);
  }

  private async segment(baseOffset: number, nextBase: number | undefined, names: ReadonlySet<string>): Promise<void> {
    const { ports, path, findings, cleanShutdown } = this.context;
    const log = this.file(segmentFileName(baseOffset, '.log'));
    const opened = await ports.tools.openForReading(`${path}/${segmentFileName(baseOffset, '.log')}`);
    if (opened === undefined) return;
    try {
      this.bytes += opened.sizeBytes;
      const last = nextBase === undefined;
      const facts = await this.scan(opened, log, baseOffset, last && !cleanShutdown);
      if (nextBase !== undefined && this.nextOffset > nextBase)
        findings.add(
          log,
          'segment-overlap',
          `the segment reaches offset ${this.nextOffset - 1}, the next one begins at ${nextBase}`,
          {
            offset: nextBase,
            endOffset: this.nextOffset,
          },
        );
      if (nextBase !== undefined) this.gap(log, opened.sizeBytes, baseOffset, nextBase);
      await this.indexes(baseOffset, names, facts);
    } finally {
      await opened.close();
    }
  }

  private async scan(
    file: ReadableFile,
    log: string,
    baseOffset: number,
    mayBeUnfinished: boolean,
  ): Promise<SegmentFacts> {
    const batches = new Map<number, BatchFacts>();
    const aborted: AbortedTransaction[] = [];
    const abortMarkers = new Set<number>();
    let maxTimestampMs = -1;
    let damage: { readonly position: number; readonly endPosition: number; readonly reason: string } | undefined;
    for await (const item of scanSegment(file, baseOffset)) {
      if (item.kind === 'damage') {
        if (item.tail) this.torn(log, item.position, item.endPosition, item.reason);
        else damage = item;
        continue;
      }
      if (damage !== undefined) this.damaged(log, damage, baseOffset, item.header.baseOffset);
      else this.gap(log, item.position, baseOffset, item.header.baseOffset);
      damage = undefined;
      this.batch(log, item, baseOffset);
      const { baseOffset: first, lastOffset, maxTimestampMs: largestMs } = item.header;
      batches.set(item.position, { baseOffset: first, lastOffset, maxTimestampMs: largestMs });
      maxTimestampMs = Math.max(maxTimestampMs, largestMs);
      const ended = this.transactions.add(item.header, item.bytes);
      if (ended !== undefined) aborted.push(ended);
      if (isAbortMarker(item)) abortMarkers.add(item.header.lastOffset);
    }
    return { baseOffset, batches, maxTimestampMs, aborted, abortMarkers, mayBeUnfinished };
  }

  private torn(log: string, position: number, endPosition: number, reason: string): void {
    const offset = Math.max(this.nextOffset, 0);
    this.context.findings.add(log, 'torn-tail', `${endPosition - position} bytes are no batch: ${reason}`, {
      position,
      endPosition,
      offset,
    });
  }

  private damaged(
    log: string,
    {
      position,
      endPosition,
      reason,
    }: { readonly position: number; readonly endPosition: number; readonly reason: string },
    baseOffset: number,
    endOffset: number,
  ): void {
    this.context.findings.add(
      log,
      'damaged-batch',
      `${endPosition - position} bytes are no batch, and good ones follow: ${reason}`,
      { position, endPosition, offset: Math.max(this.nextOffset, baseOffset), endOffset },
    );
  }

  /** What comes at `position` begins at `offset`; the segment's base offset is what comes first. */
  private gap(log: string, position: number, baseOffset: number, offset: number): void {
    const { findings, gapsFrom } = this.context;
    const expected = Math.max(this.nextOffset, baseOffset);
    if (gapsFrom === undefined || expected < gapsFrom || offset <= expected) return;
    findings.add(log, 'offset-gap', 'these offsets are missing, and no cleaning explains it', {
      position,
      offset: expected,
      endOffset: offset,
    });
  }

  private batch(log: string, { position, header, bytes }: ScannedBatch, segmentBase: number): void {
    const { findings } = this.context;
    const { baseOffset, lastOffset, leaderEpoch } = header;
    const place = { position, offset: baseOffset };
    this.batches += 1;
    this.records += header.recordCount;
    if (baseOffset < segmentBase)
      findings.add(log, 'segment-base', `the batch is below the segment's base offset ${segmentBase}`, place);
    else if (lastOffset - segmentBase > maxRelativeOffset)
      findings.add(
        log,
        'segment-base',
        `offset ${lastOffset} is too far from the segment's base offset ${segmentBase}`,
        place,
      );
    else if (baseOffset < this.nextOffset)
      findings.add(log, 'offset-order', `the batch begins below offset ${this.nextOffset}, which comes next`, place);
    this.nextOffset = Math.max(this.nextOffset, lastOffset + 1);
    try {
      if (header.magic === 2) decodeBatch(bytes, { checkCrc: false });
    } catch (error) {
      if (!(error instanceof RecordBatchError)) throw error;
      findings.add(
        log,
        'unreadable-records',
        `the CRC is right, but the records cannot be read: ${error.message}`,
        place,
      );
    }
    this.epochs.batch(log, position, baseOffset, leaderEpoch);
    this.snapshots.batch(header);
  }

  private async indexes(baseOffset: number, names: ReadonlySet<string>, facts: SegmentFacts): Promise<void> {
    const { findings } = this.context;
    const read = async (kind: SegmentFileKind) => {
      const name = segmentFileName(baseOffset, kind);
      if (!names.has(name)) return undefined;
      const bytes = await this.context.ports.files.readFile(`${this.context.path}/${name}`);
      return bytes === undefined ? undefined : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    };
    const missing = (kind: SegmentFileKind) => {
      if (!facts.mayBeUnfinished && facts.batches.size > 0)
        findings.add(this.file(segmentFileName(baseOffset, kind)), 'missing-file', 'the index is missing');
    };
    const offsets = await read('.index');
    if (offsets === undefined) missing('.index');
    else verifyOffsetIndex(this.file(segmentFileName(baseOffset, '.index')), offsets, facts, findings);
    const times = await read('.timeindex');
    if (times === undefined) missing('.timeindex');
    else verifyTimeIndex(this.file(segmentFileName(baseOffset, '.timeindex')), times, facts, findings);
    const transactions = (await read('.txnindex')) ?? Buffer.alloc(0);
    verifyTransactionIndex(this.file(segmentFileName(baseOffset, '.txnindex')), transactions, facts, findings);
  }
}

/** Indexes hold offsets relative to the segment's in 32 bits. */
const maxRelativeOffset = 2 ** 31 - 1;
const knownFiles: ReadonlySet<string> = new Set([leaderEpochFile, partitionMetadataFile, 'quorum-state']);

function isAbortMarker({ header, bytes }: ScannedBatch): boolean {
  if (!header.isControl || !header.isTransactional) return false;
  const [record] = decodeBatch(bytes, { checkCrc: false }).records;
  return record !== undefined && controlTypeOf(record) === 'ABORT';
}
