import type { LogMirror } from './mirror.js';
import type { PartitionLog } from './partition_log.js';
import type { TransactionMarker } from './partition_transactions.js';

/**
 * Keeps the copy of a log that is about to take its place in step: every append of the one is an append of the other in the same
 * turn. From {@link gate} on nothing counts as durable that is not on the medium on both sides, so that it does not matter which of
 * the two a crash leaves in use.
 */
export class ReplicaMirror implements LogMirror {
  /** Why the copy cannot follow any more. The log itself goes on. */
  failure: Error | undefined;
  private gated = false;

  constructor(
    private readonly copy: PartitionLog,
    private readonly nowMs: () => number,
  ) {}

  gate(): void {
    this.gated = true;
  }

  appended(bytes: Uint8Array, marker: TransactionMarker | undefined): void {
    if (this.failure !== undefined) return;
    try {
      this.copy.appendReplica(bytes, this.nowMs(), marker);
      this.copy.log.requestFlush();
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(String(error));
    }
  }

  startRaised(offset: number): void {
    this.copy.advanceLogStartOffset(offset);
  }

  diverged(): void {
    this.failure ??= new Error('the log was truncated');
  }

  durableOffset(flushedOffset: number): number {
    return this.gated ? Math.min(flushedOffset, this.copy.log.flushedOffset) : flushedOffset;
  }
}
