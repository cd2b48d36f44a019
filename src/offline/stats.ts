import type { ReadableFile } from '../common/ports/index.js';
import { type Compression, decodeBatch, RecordBatchError, type RecordBatchHeader } from '../records/index.js';
import { parsePartitionName, parseSegmentFileName } from './log_files.js';
import type { OfflinePorts } from './offline_directory.js';
import { scanSegment } from './segment_scan.js';

export interface PartitionStats {
  readonly topic: string;
  readonly partition: number;
  readonly segments: number;
  readonly logBytes: number;
  /** Indexes, snapshots and the rest. */
  readonly otherBytes: number;
  /** Base offset of the first segment. */
  readonly firstOffset: number;
  readonly logEndOffset: number;
  readonly batches: number;
  readonly controlBatches: number;
  readonly transactionalBatches: number;
  readonly records: number;
  readonly tombstones: number;
  /** Batches and their bytes by codec. */
  readonly codecs: Readonly<Partial<Record<Compression, { readonly batches: number; readonly bytes: number }>>>;
  /** Key and value together, uncompressed; null without records. */
  readonly recordBytes: { readonly min: number; readonly average: number; readonly max: number } | null;
  readonly minTimestampMs: number | null;
  readonly maxTimestampMs: number | null;
  readonly producers: number;
  readonly leaderEpochs: readonly number[];
  /** Bytes that are no batch; `log verify` says where. */
  readonly damagedBytes: number;
}

/** Reads a partition once, records included. */
export async function partitionStats(ports: OfflinePorts, path: string, name: string): Promise<PartitionStats> {
  const counter = new Counter();
  const files = ((await ports.files.listDirectory(path)) ?? []).filter(({ kind }) => kind === 'file');
  for (const { name: file } of files.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const parsed = parseSegmentFileName(file);
    if (parsed?.kind !== '.log') {
      counter.otherBytes += (await ports.tools.stat(`${path}/${file}`))?.sizeBytes ?? 0;
      continue;
    }
    const opened = await ports.tools.openForReading(`${path}/${file}`);
    if (opened === undefined) continue;
    try {
      await counter.segment(opened, parsed.baseOffset);
    } finally {
      await opened.close();
    }
  }
  const { topic = name, partition = -1 } = parsePartitionName(name) ?? {};
  return { topic, partition, ...counter.result() };
}

class Counter {
  otherBytes = 0;
  private segments = 0;
  private logBytes = 0;
  private firstOffset = -1;
  private logEndOffset = 0;
  private batches = 0;
  private controlBatches = 0;
  private transactionalBatches = 0;
  private records = 0;
  private measured = 0;
  private measuredBytes = 0;
  private smallest = Number.POSITIVE_INFINITY;
  private largest = 0;
  private tombstones = 0;
  private firstMs = Number.POSITIVE_INFINITY;
  private lastMs = Number.NEGATIVE_INFINITY;
  private damagedBytes = 0;
  private readonly codecs = new Map<Compression, { batches: number; bytes: number }>();
  private readonly producers = new Set<number>();
  private readonly epochs = new Set<number>();

  async segment(file: ReadableFile, baseOffset: number): Promise<void> {
    this.segments += 1;
    this.logBytes += file.sizeBytes;
    if (this.firstOffset < 0) this.firstOffset = baseOffset;
    this.logEndOffset = Math.max(this.logEndOffset, baseOffset);
    for await (const item of scanSegment(file, baseOffset))
      if (item.kind === 'damage') this.damagedBytes += item.endPosition - item.position;
      else this.batch(item.header, item.bytes);
  }

  private batch(header: RecordBatchHeader, bytes: Buffer): void {
    this.batches += 1;
    this.logEndOffset = Math.max(this.logEndOffset, header.lastOffset + 1);
    if (header.isTransactional) this.transactionalBatches += 1;
    if (header.producerId >= 0) this.producers.add(header.producerId);
    if (header.leaderEpoch >= 0) this.epochs.add(header.leaderEpoch);
    const codec = this.codecs.get(header.compression) ?? { batches: 0, bytes: 0 };
    this.codecs.set(header.compression, codec);
    codec.batches += 1;
    codec.bytes += header.sizeBytes;
    if (header.isControl) {
      this.controlBatches += 1;
      return;
    }
    this.records += header.recordCount;
    try {
      for (const { key, value, timestampMs } of decodeBatch(bytes, { checkCrc: false }).records) {
        const size = (key?.length ?? 0) + (value?.length ?? 0);
        this.measured += 1;
        this.measuredBytes += size;
        this.smallest = Math.min(this.smallest, size);
        this.largest = Math.max(this.largest, size);
        if (value === null) this.tombstones += 1;
        if (timestampMs < 0) continue;
        this.firstMs = Math.min(this.firstMs, timestampMs);
        this.lastMs = Math.max(this.lastMs, timestampMs);
      }
    } catch (error) {
      if (!(error instanceof RecordBatchError)) throw error;
    }
  }

  result(): Omit<PartitionStats, 'topic' | 'partition'> {
    const { measured } = this;
    return {
      segments: this.segments,
      logBytes: this.logBytes,
      otherBytes: this.otherBytes,
      firstOffset: Math.max(0, this.firstOffset),
      logEndOffset: this.logEndOffset,
      batches: this.batches,
      controlBatches: this.controlBatches,
      transactionalBatches: this.transactionalBatches,
      records: this.records,
      tombstones: this.tombstones,
      codecs: Object.fromEntries(this.codecs),
      recordBytes:
        measured === 0
          ? null
          : { min: this.smallest, average: Math.round(this.measuredBytes / measured), max: this.largest },
      minTimestampMs: Number.isFinite(this.firstMs) ? this.firstMs : null,
      maxTimestampMs: Number.isFinite(this.lastMs) ? this.lastMs : null,
      producers: this.producers.size,
      leaderEpochs: [...this.epochs].sort((a, b) => a - b),
      damagedBytes: this.damagedBytes,
    };
  }
}
