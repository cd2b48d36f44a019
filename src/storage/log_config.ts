/** What the log layer needs to know of a topic's configs, resolved to plain values. */
export interface LogConfig {
  readonly segmentBytes: number;
  readonly segmentMs: number;
  readonly segmentJitterMs: number;
  readonly indexIntervalBytes: number;
  readonly segmentIndexBytes: number;
  /** -1: keep for ever. */
  readonly retentionMs: number;
  /** -1: keep everything. */
  readonly retentionBytes: number;
  readonly maxMessageBytes: number;
  /** `cleanup.policy` names it. */
  readonly compact: boolean;
  readonly deleteOld: boolean;
  /** `message.timestamp.type=LogAppendTime`. */
  readonly logAppendTime: boolean;
  readonly timestampBeforeMaxMs: number;
  readonly timestampAfterMaxMs: number;
  readonly fileDeleteDelayMs: number;
  /** `millrace.flush.mode=group`: acknowledgements follow an fdatasync, consumers see only what is durable. */
  readonly groupFlush: boolean;
  readonly minInsyncReplicas: number;
}
