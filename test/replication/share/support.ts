import { VirtualTime } from '../../../src/env/virtual_time.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import {
  type PersistedState,
  type PersistedWrite,
  SharePartition,
  type SharePersister,
} from '../../../src/replication/share/share_partition.js';
import type { AcquiredRecords, LogBatch, ShareFailure, ShareRules } from '../../../src/replication/share/states.js';

/** What the share coordinator would keep, record by record. */
export class PlainPersister implements SharePersister {
  startOffset = -1;
  readonly states = new Map<number, { state: number; count: number }>();
  failWith: ShareFailure | undefined;
  /** While true, writes wait. */
  held = false;
  writes: PersistedWrite[] = [];
  private waiting: Array<() => void> = [];

  read(): Promise<PersistedState> {
    const offsets = [...this.states.keys()].filter((offset) => offset >= this.startOffset).sort((a, b) => a - b);
    const stateBatches: Array<{
      firstOffset: number;
      lastOffset: number;
      deliveryState: number;
      deliveryCount: number;
    }> = [];
    for (const offset of offsets) {
      const { state, count } = this.states.get(offset) as { state: number; count: number };
      const last = stateBatches[stateBatches.length - 1];
      if (last?.lastOffset === offset - 1 && last.deliveryState === state && last.deliveryCount === count)
        last.lastOffset = offset;
      else stateBatches.push({ firstOffset: offset, lastOffset: offset, deliveryState: state, deliveryCount: count });
    }
    return Promise.resolve({ stateEpoch: 0, startOffset: this.startOffset, stateBatches });
  }

  async write(write: PersistedWrite): Promise<ShareFailure | undefined> {
    if (this.held) await new Promise<void>((resolve) => this.waiting.push(resolve));
    if (this.failWith !== undefined) return this.failWith;
    this.writes.push(write);
    this.startOffset = write.startOffset;
    for (const { firstOffset, lastOffset, deliveryState, deliveryCount } of write.stateBatches)
      for (let offset = firstOffset; offset <= lastOffset; offset += 1) {
        const known = this.states.get(offset);
        const isNewer =
          known === undefined ||
          deliveryCount > known.count ||
          (deliveryCount === known.count && deliveryState >= known.state);
        if (isNewer) this.states.set(offset, { state: deliveryState, count: deliveryCount });
      }
    return undefined;
  }

  release(): void {
    this.held = false;
    for (const resume of this.waiting.splice(0)) resume();
  }
}

export const unavailable: ShareFailure = { errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE, message: 'test' };

/** A share partition over a log of which only the batches' offsets are known. */
export class Bench {
  readonly time = new VirtualTime({ startWallMs: 1_700_000_000_000 });
  readonly log: LogBatch[] = [];
  logStartOffset = 0;
  rules: ShareRules = {
    recordLockDurationMs: 30_000,
    deliveryCountLimit: 5,
    partitionMaxRecordLocks: 2_000,
    renewAcknowledgeEnable: true,
  };
  changes = 0;
  partition: SharePartition;

  constructor(readonly persister = new PlainPersister()) {
    this.partition = this.make();
  }

  private make(): SharePartition {
    return new SharePartition({
      leaderEpoch: 0,
      persister: this.persister,
      timers: {
        start: (delayMs, run) => {
          const { time } = this;
          const endsMs = time.monotonicMs() + delayMs;
          const handle = time.after(delayMs, run);
          return {
            get remainingMs() {
              return Math.max(0, endsMs - time.monotonicMs());
            },
            cancel: () => handle.cancel(),
          };
        },
      },
      rules: () => this.rules,
      resetOffset: () => Promise.resolve(this.logStartOffset),
      changed: () => {
        this.changes += 1;
      },
    });
  }

  get logEndOffset(): number {
    return (this.log[this.log.length - 1]?.lastOffset ?? -1) + 1;
  }

  append(...sizes: number[]): this {
    for (const size of sizes)
      this.log.push({ baseOffset: this.logEndOffset, lastOffset: this.logEndOffset + size - 1 });
    return this;
  }

  /** Reads at most `readBatches` batches of the log, as a fetch would, and gives their records to the member. */
  fetch(
    memberId: string,
    options: { maxRecords?: number; batchSize?: number; recordLimit?: boolean; readBatches?: number } = {},
  ): readonly AcquiredRecords[] {
    if (!this.partition.canAcquire()) return [];
    const fetchOffset = this.partition.nextFetchOffset();
    const from = this.log.findIndex(({ lastOffset }) => lastOffset >= fetchOffset);
    const batches = from < 0 ? [] : this.log.slice(from, from + (options.readBatches ?? 100));
    return this.partition.acquire({
      memberId,
      recordLimit: options.recordLimit ?? false,
      batchSize: options.batchSize ?? 500,
      maxRecords: options.maxRecords ?? 500,
      fetchOffset,
      batches,
    });
  }

  /** `0-4x1 7-7x2`: first and last offset, delivery count. */
  fetched(...asked: Parameters<Bench['fetch']>): string {
    return this.fetch(...asked)
      .map(({ firstOffset, lastOffset, deliveryCount }) => `${firstOffset}-${lastOffset}x${deliveryCount}`)
      .join(' ');
  }

  /** `0-4 1`, `0-2 1,2,3`: as {@link AcknowledgementBatch}. The error's message; undefined: done. */
  async acknowledge(memberId: string, ...batches: string[]): Promise<string | undefined> {
    const failure = await this.partition.acknowledge(
      memberId,
      batches.map((text) => {
        const [range = '', types = ''] = text.split(' ');
        const [first = '', last = ''] = range.split('-');
        return { firstOffset: Number(first), lastOffset: Number(last), acknowledgeTypes: types.split(',').map(Number) };
      }),
    );
    return failure === undefined ? undefined : (failure.message ?? String(failure.errorCode));
  }

  async restart(): Promise<void> {
    this.partition.fence();
    this.partition = this.make();
    await this.partition.load();
  }
}
