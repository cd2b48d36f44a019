import { ErrorCode } from '../../protocol/errors.js';
import type { InFlightBatch } from './in_flight_batch.js';
import type { InFlightRecords, StateChange } from './in_flight_records.js';
import type { InFlightState } from './in_flight_state.js';
import {
  type AcknowledgementBatch,
  AcknowledgeType,
  isTerminal,
  RecordState,
  type ShareFailure,
  type ShareRules,
} from './states.js';

/** Changes that were begun; with a failure they are all to be taken back. */
export interface Begun {
  readonly changes: readonly StateChange[];
  readonly failure: ShareFailure | undefined;
}

/** Begins what a member says of its records: all of it, or nothing. Renewals act at once. */
export function beginAcknowledging(
  records: InFlightRecords,
  memberId: string,
  batches: readonly AcknowledgementBatch[],
  rules: ShareRules,
): Begun {
  const acknowledging = new Acknowledging(records, memberId, rules);
  for (const batch of batches) {
    const failure = acknowledging.acknowledge(batch);
    if (failure !== undefined) return { changes: acknowledging.changes, failure };
  }
  return { changes: acknowledging.changes, failure: undefined };
}

/** Begins giving back everything that a member has. What lies below the start is archived. */
export function beginReleasing(records: InFlightRecords, memberId: string, rules: ShareRules): readonly StateChange[] {
  const changes: StateChange[] = [];
  for (const batch of records.batches) {
    const { batchState } = batch;
    const holds = batchState?.state === RecordState.ACQUIRED && batchState.memberId === memberId;
    if (batchState !== undefined && !holds) continue;
    if (batchState !== undefined && !batch.isCutBy(records.startOffset)) {
      release(records, batch.firstOffset, batch.lastOffset, batchState, rules, changes);
      continue;
    }
    batch.split(records.locks);
    for (const [offset, state] of batch.offsets(batch.firstOffset, batch.lastOffset))
      if (state.memberId === memberId && state.state === RecordState.ACQUIRED)
        release(records, offset, offset, state, rules, changes);
  }
  return changes;
}

function release(
  records: InFlightRecords,
  firstOffset: number,
  lastOffset: number,
  state: InFlightState,
  rules: ShareRules,
  changes: StateChange[],
): void {
  const newState = lastOffset < records.startOffset ? RecordState.ARCHIVED : RecordState.AVAILABLE;
  begin(records, firstOffset, lastOffset, state, newState, rules, changes);
}

function begin(
  records: InFlightRecords,
  firstOffset: number,
  lastOffset: number,
  state: InFlightState,
  newState: RecordState,
  rules: ShareRules,
  changes: StateChange[],
): boolean {
  const begun = state.begin(newState, rules.deliveryCountLimit);
  if (begun === undefined) return false;
  const { deliveryCount } = state;
  changes.push({ firstOffset, lastOffset, state, newState: begun, deliveryCount });
  if (isTerminal(begun)) records.deliveryCompleteCount += records.countInFlight(firstOffset, lastOffset);
  return true;
}

/**
 * The lock of records has run out: they are available again, or given up. Nothing has to be completed; what has changed is
 * persisted all the same.
 */
export function expire(
  records: InFlightRecords,
  firstOffset: number,
  lastOffset: number,
  rules: ShareRules,
): readonly StateChange[] {
  const changes: StateChange[] = [];
  const end = (first: number, last: number, state: InFlightState) => {
    const below = last < records.startOffset ? RecordState.ARCHIVED : RecordState.AVAILABLE;
    const newState = state.end(below, rules.deliveryCountLimit);
    if (newState === undefined) return;
    state.unlock();
    const { deliveryCount } = state;
    changes.push({ firstOffset: first, lastOffset: last, state, newState, deliveryCount });
    if (newState === RecordState.AVAILABLE) records.lookAgain();
    else records.deliveryCompleteCount += records.countInFlight(first, last);
  };
  for (const batch of records.touching(firstOffset, lastOffset)) {
    const { batchState } = batch;
    if (batchState?.state === RecordState.ACQUIRED && batch.isCutBy(records.startOffset)) batch.split(records.locks);
    if (batch.batchState !== undefined) end(batch.firstOffset, batch.lastOffset, batch.batchState);
    else for (const [offset, state] of batch.offsets(firstOffset, lastOffset)) end(offset, offset, state);
  }
  return changes;
}

class Acknowledging {
  readonly changes: StateChange[] = [];

  constructor(
    private readonly records: InFlightRecords,
    private readonly memberId: string,
    private readonly rules: ShareRules,
  ) {}

  acknowledge(asked: AcknowledgementBatch): ShareFailure | undefined {
    const { records } = this;
    if (asked.lastOffset < records.startOffset) return undefined;
    const found = this.find(asked);
    if ('errorCode' in found) return found;
    for (const batch of found) {
      if (batch.lastOffset < records.startOffset) continue;
      const failure = this.acknowledgeIn(batch, asked);
      if (failure !== undefined) return failure;
    }
    return undefined;
  }

  private find(asked: AcknowledgementBatch): InFlightBatch[] | ShareFailure {
    const { records } = this;
    let floor = records.batches.floor(asked.firstOffset);
    if (floor === undefined && asked.firstOffset < records.startOffset && asked.lastOffset >= records.startOffset)
      floor = records.batches.floor(records.startOffset);
    if (floor === undefined)
      return invalidState('Batch record not found. The request batch offsets are not found in the cache.');
    const found = records.batches.between(floor.firstOffset, asked.lastOffset);
    const last = found[found.length - 1] ?? floor;
    if (last.lastOffset < asked.firstOffset)
      return invalidRequest('Batch record not found. The first offset in request is past acquired records.');
    if (asked.lastOffset > last.lastOffset)
      return invalidRequest('Batch record not found. The last offset in request is past acquired records.');
    return found;
  }

  private acknowledgeIn(batch: InFlightBatch, asked: AcknowledgementBatch): ShareFailure | undefined {
    const { memberId, records } = this;
    const { batchState } = batch;
    if (batchState !== undefined) {
      if (batchState.memberId === '') return invalidState(notAcquired);
      if (batchState.memberId !== memberId) return invalidState('Member is not the owner of batch record');
      if (batchState.hasOngoingChange) return invalidState(ongoing);
    }
    const asWhole =
      batch.isWithin(asked.firstOffset, asked.lastOffset) &&
      asked.acknowledgeTypes.length === 1 &&
      !batch.isCutBy(records.startOffset);
    if (batchState !== undefined && asWhole) return this.acknowledgeWhole(batch, batchState, asked);
    if (batchState !== undefined) {
      if (batchState.state !== RecordState.ACQUIRED)
        return invalidState('The batch cannot be acknowledged. The subset batch is not in the acquired state.');
      batch.split(records.locks);
    }
    return this.acknowledgeSingly(batch, asked);
  }

  private acknowledgeWhole(
    batch: InFlightBatch,
    state: InFlightState,
    asked: AcknowledgementBatch,
  ): ShareFailure | undefined {
    if (state.state !== RecordState.ACQUIRED) return invalidState(notAcquired);
    return this.say(batch.firstOffset, batch.lastOffset, state, asked.acknowledgeTypes[0] ?? 0);
  }

  private acknowledgeSingly(batch: InFlightBatch, asked: AcknowledgementBatch): ShareFailure | undefined {
    const { records, memberId } = this;
    const types = asked.acknowledgeTypes;
    const from = Math.max(asked.firstOffset, records.startOffset);
    for (const [offset, state] of batch.offsets(from, asked.lastOffset)) {
      if (state.state !== RecordState.ACQUIRED)
        return invalidState('The offset cannot be acknowledged. The offset is not acquired.');
      if (state.hasOngoingChange) return invalidState(ongoing);
      if (state.memberId !== memberId) return invalidState('Member is not the owner of offset');
      const type = types.length === 1 ? types[0] : types[offset - asked.firstOffset];
      const failure = this.say(offset, offset, state, type ?? 0);
      if (failure !== undefined) return failure;
    }
    return undefined;
  }

  private say(firstOffset: number, lastOffset: number, state: InFlightState, type: number): ShareFailure | undefined {
    const { records, rules } = this;
    if (type === AcknowledgeType.RENEW) {
      if (!rules.renewAcknowledgeEnable)
        return invalidState('Renewing acquisition locks is not enabled for the group.');
      state.unlock();
      state.lock = records.locks.lock(firstOffset, lastOffset);
      return undefined;
    }
    if (!begin(records, firstOffset, lastOffset, state, stateFor(type), rules, this.changes))
      return invalidState('Unable to acknowledge records for the batch');
    return undefined;
  }
}

const notAcquired = 'The batch cannot be acknowledged. The batch is not in the acquired state.';
const ongoing = 'The record state is invalid. The acknowledgement of delivery could not be completed.';

/** Gaps are archived: nobody needs to see them again. */
function stateFor(type: number): RecordState {
  switch (type) {
    case AcknowledgeType.ACCEPT:
      return RecordState.ACKNOWLEDGED;
    case AcknowledgeType.RELEASE:
      return RecordState.AVAILABLE;
    default:
      return RecordState.ARCHIVED;
  }
}

function invalidState(message: string): ShareFailure {
  return { errorCode: ErrorCode.INVALID_RECORD_STATE, message };
}

function invalidRequest(message: string): ShareFailure {
  return { errorCode: ErrorCode.INVALID_REQUEST, message };
}
