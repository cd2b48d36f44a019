import { type EpochEntry, leaderEpochFile, parseEpochLines } from '../../storage/checkpoints.js';
import type { Findings } from './findings.js';

/** The leader epochs of a partition, held against its batches. */
export class EpochCheck {
  private entries: readonly EpochEntry[] | undefined;
  private batchEpoch = -1;
  private said = false;

  constructor(
    private readonly file: string,
    private readonly findings: Findings,
  ) {}

  /** @param bytes of `leader-epoch-checkpoint`, undefined when there is none */
  load(bytes: Uint8Array | undefined, isEmpty: boolean): void {
    const { file, findings } = this;
    if (bytes === undefined || (bytes.length === 0 && isEmpty)) {
      if (!isEmpty) findings.add(file, 'missing-file', `${leaderEpochFile} is missing`);
      return;
    }
    this.entries = parseEpochLines(bytes);
    if (this.entries === undefined) {
      findings.add(file, 'epoch-file', `${leaderEpochFile} cannot be read`);
      return;
    }
    for (const [at, { epoch, startOffset }] of this.entries.entries()) {
      const before = this.entries[at - 1];
      if (before !== undefined && (epoch <= before.epoch || startOffset < before.startOffset))
        findings.add(
          file,
          'epoch-order',
          `epoch ${epoch} from offset ${startOffset} on does not come after epoch ${before.epoch} from offset ${before.startOffset} on`,
          { offset: startOffset },
        );
    }
  }

  batch(log: string, position: number, offset: number, epoch: number): void {
    const { findings } = this;
    // -1 has a batch that was written before there were leader epochs.
    if (epoch < 0 && (epoch < -1 || this.batchEpoch >= 0))
      findings.add(log, 'epoch-order', `leader epoch ${epoch}`, { position, offset });
    if (epoch < 0) return;
    if (epoch < this.batchEpoch)
      findings.add(log, 'epoch-order', `leader epoch ${epoch} after ${this.batchEpoch}`, { position, offset });
    this.batchEpoch = Math.max(this.batchEpoch, epoch);
    if (this.entries === undefined || this.said) return;
    const [first] = this.entries;
    // Entries below the log's start go with its records.
    if (first !== undefined && offset < first.startOffset) return;
    const known = this.entries.findLast(({ startOffset }) => startOffset <= offset);
    if (known?.epoch === epoch) return;
    this.said = true;
    findings.add(
      this.file,
      'epoch-mismatch',
      `the batch at offset ${offset} is of leader epoch ${epoch}, the file says ${known?.epoch ?? 'nothing'}`,
      { offset },
    );
  }

  end(logEndOffset: number): void {
    const beyond = this.entries?.find(({ startOffset }) => startOffset > logEndOffset);
    if (beyond !== undefined)
      this.findings.add(
        this.file,
        'epoch-order',
        `epoch ${beyond.epoch} begins at offset ${beyond.startOffset}, beyond the log's end ${logEndOffset}`,
        { offset: beyond.startOffset },
      );
  }
}
