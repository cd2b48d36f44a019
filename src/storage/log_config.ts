/** What the log layer needs to know of a topic's configs, resolved to plain values. */
export interface LogConfig {
  readonly segmentBytes: number;
  readonly segmentMs: number;
  readonly segmentJitterMs: number;
  readonly indexIntervalBytes: number;
  readonly segmentIndexBytes: number;
  /** A new segment takes its room on the disk at once. Not by default. */
  readonly preallocate?: boolean;
  /** -1: keep for ever. */
  readonly retentionMs: number;
  /** -1: keep everything. */
  readonly retentionBytes: number;
  readonly maxMessageBytes: number;
  /** `cleanup.policy` names it. */
  readonly compact: boolean;
  readonly deleteOld: boolean;
  /** `compression.type`, when it is not `producer`. */
  readonly recompression: Recompression | undefined;
  /** How long a tombstone stays after the first round of cleaning that saw it. */
  readonly deleteRetentionMs: number;
  readonly minCompactionLagMs: number;
  readonly maxCompactionLagMs: number;
  /** Share of the log, 0 to 1, that must be dirty before it is cleaned. */
  readonly minCleanableDirtyRatio: number;
  /** `message.timestamp.type=LogAppendTime`. */
  readonly logAppendTime: boolean;
  readonly timestampBeforeMaxMs: number;
  readonly timestampAfterMaxMs: number;
  readonly fileDeleteDelayMs: number;
  /** `millrace.flush.mode=group`: acknowledgements follow an fdatasync, consumers see only what is durable. */
  readonly groupFlush: boolean;
  readonly minInsyncReplicas: number;
}

/** What batches are stored in, whatever their producers chose. */
export interface Recompression {
  /** As in the attributes of a batch. */
  readonly codec: number;
  readonly level: number;
}
