import type { TransactionMarker } from './partition_transactions.js';

/** A copy of a log in another directory that follows it until it takes its place. */
export interface LogMirror {
  /** A batch was appended, with its final offsets; `marker`: what it says when it ends a transaction. Never throws. */
  appended(bytes: Uint8Array, marker: TransactionMarker | undefined): void;
  /** Records below `offset` were deleted. */
  startRaised(offset: number): void;
  /** The log changed otherwise. */
  diverged(): void;
  /** End of what counts as durable when everything below `flushedOffset` is on the medium here. */
  durableOffset(flushedOffset: number): number;
}
