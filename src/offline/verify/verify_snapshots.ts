import type { RecordBatchHeader } from '../../records/index.js';
import { readSnapshot, type SnapshotEntry } from '../snapshot_file.js';
import type { Findings } from './findings.js';

interface Snapshot {
  readonly file: string;
  readonly offset: number;
  readonly entries: readonly SnapshotEntry[];
}

/** Producer snapshots of a partition, held against its batches. */
export class SnapshotCheck {
  private readonly waiting: Snapshot[] = [];
  private readonly lastBatches = new Map<number, RecordBatchHeader>();

  constructor(private readonly findings: Findings) {}

  load(file: string, offset: number, bytes: Uint8Array): void {
    const entries = readSnapshot(bytes);
    if (typeof entries === 'string') {
      this.findings.add(file, 'snapshot', `the snapshot is damaged: ${entries}`);
      return;
    }
    const late = entries.find(({ lastOffset }) => lastOffset >= offset);
    if (late !== undefined)
      this.findings.add(
        file,
        'snapshot',
        `producer ${late.producerId} has written offset ${late.lastOffset}, not below the snapshot's`,
        {
          offset: late.lastOffset,
        },
      );
    this.waiting.push({ file, offset, entries });
    this.waiting.sort((a, b) => a.offset - b.offset);
  }

  /** In the order of the log. */
  batch(header: RecordBatchHeader): void {
    this.upTo(header.baseOffset);
    if (header.producerId >= 0 && header.baseSequence >= 0) this.lastBatches.set(header.producerId, header);
  }

  end(logEndOffset: number): void {
    this.upTo(logEndOffset);
    for (const { file, offset } of this.waiting)
      this.findings.add(file, 'snapshot', `the snapshot is of offset ${offset}, beyond the log's end ${logEndOffset}`, {
        offset,
      });
  }

  private upTo(offset: number): void {
    for (let first = this.waiting[0]; first !== undefined && first.offset <= offset; first = this.waiting[0]) {
      this.waiting.shift();
      this.compare(first);
    }
  }

  /** A producer whose last batch was seen, in its current epoch, stands in the snapshot with that batch. */
  private compare({ file, entries }: Snapshot): void {
    for (const entry of entries) {
      const seen = this.lastBatches.get(entry.producerId);
      if (seen === undefined || seen.producerEpoch !== entry.epoch) continue;
      if (seen.lastSequence === entry.lastSequence && seen.lastOffset === entry.lastOffset) continue;
      this.findings.add(
        file,
        'snapshot-mismatch',
        `producer ${entry.producerId}: the log's last batch has sequence ${seen.lastSequence} at offset ${seen.lastOffset}, the snapshot says ${entry.lastSequence} at ${entry.lastOffset}`,
        { offset: seen.lastOffset },
      );
    }
  }
}
