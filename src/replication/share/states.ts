import type { ErrorCode } from '../../protocol/errors.js';

/** States of a record that is in flight, numbered as they are persisted (KIP-932). */
export const RecordState = { AVAILABLE: 0, ACQUIRED: 1, ACKNOWLEDGED: 2, ARCHIVED: 4 } as const;
export type RecordState = (typeof RecordState)[keyof typeof RecordState];

/** What a member says of a record; `GAP`: there is no record at this offset. */
export const AcknowledgeType = { GAP: 0, ACCEPT: 1, RELEASE: 2, REJECT: 3, RENEW: 4 } as const;

/** Delivery of such a record is over. */
export function isTerminal(state: RecordState): boolean {
  return state === RecordState.ACKNOWLEDGED || state === RecordState.ARCHIVED;
}

/** A run of records in one state, as it is persisted. */
export interface StateBatch {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly deliveryState: number;
  readonly deliveryCount: number;
}

/** Records that a member has got, until their lock runs out. */
export interface AcquiredRecords {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly deliveryCount: number;
}

export interface AcknowledgementBatch {
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** One for the whole batch, or one for each record. */
  readonly acknowledgeTypes: readonly number[];
}

/** Why a share partition refuses; `message` as Kafka says it, null where it says nothing. */
export interface ShareFailure {
  readonly errorCode: ErrorCode;
  readonly message: string | null;
}

/** Settings of the group (`share.*`) over those of the broker (`group.share.*`), as they are when asked. */
export interface ShareRules {
  readonly recordLockDurationMs: number;
  readonly deliveryCountLimit: number;
  readonly partitionMaxRecordLocks: number;
  readonly renewAcknowledgeEnable: boolean;
}

/** A batch of the log, as its header says. */
export interface LogBatch {
  readonly baseOffset: number;
  readonly lastOffset: number;
}
