import { InFlightBatch } from './in_flight_batch.js';
import type { InFlightRecords } from './in_flight_records.js';
import { InFlightState } from './in_flight_state.js';
import { type AcquiredRecords, type LogBatch, RecordState, type ShareRules } from './states.js';

export interface AcquireRequest {
  readonly memberId: string;
  /** `share.acquire.mode` of the member (KIP-1206): never more than `maxRecords`, batches may be cut. */
  readonly recordLimit: boolean;
  /** New records are tracked in batches of about so many. */
  readonly batchSize: number;
  /** Else a soft limit: a batch of the log is acquired as a whole. */
  readonly maxRecords: number;
  /** Where the log was read. */
  readonly fetchOffset: number;
  /** What was read there, in order; not empty. */
  readonly batches: readonly LogBatch[];
}

/**
 * Gives records that were read to a member: those that are available again, and those that nobody has had yet. Records on their last
 * delivery are given alone, those on the way there a few at a time: one bad record does not take others with it (KIP-1222).
 */
export function acquireRecords(
  records: InFlightRecords,
  request: AcquireRequest,
  rules: ShareRules,
): readonly AcquiredRecords[] {
  const [firstRead] = request.batches;
  const lastRead = request.batches[request.batches.length - 1];
  if (firstRead === undefined || lastRead === undefined || request.maxRecords <= 0) return [];
  if (lastRead.lastOffset < records.startOffset) return [];
  const { lastOffset, maxRecords } = limits(records, request, lastRead.lastOffset, rules);
  if (maxRecords <= 0) return [];
  records.archiveStale(request.fetchOffset, firstRead.baseOffset);
  const floor = records.batches.floor(firstRead.baseOffset);
  let baseOffset = firstRead.baseOffset;
  if (floor === undefined) baseOffset = Math.max(baseOffset, records.startOffset);
  else if (floor.lastOffset >= baseOffset) baseOffset = floor.firstOffset;
  const known = records.batches.between(Math.min(firstRead.baseOffset, baseOffset), lastOffset);
  const acquisition = new Acquisition(records, request, rules, firstRead.baseOffset, lastOffset, maxRecords);
  if (known.length === 0) acquisition.takeNew(baseOffset, lastOffset);
  else acquisition.takeAgain(known, baseOffset);
  const { acquired } = acquisition;
  const last = acquired[acquired.length - 1];
  if (last !== undefined) records.filledTo(last.lastOffset + 1);
  return acquired;
}

/** At the limit of locks, records that are in flight already may still be given again. */
function limits(
  records: InFlightRecords,
  { fetchOffset, maxRecords }: AcquireRequest,
  lastOffset: number,
  rules: ShareRules,
) {
  const left = Math.min(maxRecords, rules.partitionMaxRecordLocks - records.count);
  if (left > 0) return { lastOffset, maxRecords: left };
  if (fetchOffset > records.endOffset) return { lastOffset, maxRecords: left };
  return {
    lastOffset: Math.min(lastOffset, records.endOffset),
    maxRecords: Math.min(maxRecords, records.endOffset - fetchOffset + 1),
  };
}

/** From this delivery on records are given a few at a time. */
function throttlingFrom(deliveryCountLimit: number): number {
  return Math.max(2, Math.ceil(deliveryCountLimit / 2));
}

class Acquisition {
  readonly acquired: AcquiredRecords[] = [];
  private count = 0;

  constructor(
    private readonly records: InFlightRecords,
    private readonly request: AcquireRequest,
    private readonly rules: ShareRules,
    private readonly firstOffset: number,
    private readonly lastOffset: number,
    private maxRecords: number,
  ) {}

  private get left(): number {
    return this.maxRecords - this.count;
  }

  /** Records of which some are in flight already. */
  takeAgain(known: readonly InFlightBatch[], baseOffset: number): void {
    let gapStart = baseOffset;
    for (const batch of known) {
      if (this.left <= 0) break;
      if (this.records.gapStartOffset !== undefined) {
        if (gapStart < batch.firstOffset) this.takeNew(gapStart, batch.firstOffset - 1);
        gapStart = batch.lastOffset + 1;
        if (this.left <= 0) break;
      }
      if (!this.takeKnown(batch)) break;
    }
    const last = known[known.length - 1];
    if (this.left > 0 && last !== undefined && last.lastOffset < this.lastOffset)
      this.takeNew(last.lastOffset + 1, this.lastOffset);
  }

  /** False: nothing more is to be given with what this batch gave. */
  private takeKnown(batch: InFlightBatch): boolean {
    const throttled = this.isThrottled(batch);
    if (throttled && this.count > 0) return this.isEnough();
    const tooMany = this.request.recordLimit && batch.recordCount > this.left;
    const { batchState } = batch;
    if (batchState !== undefined && batch.isWithin(this.firstOffset, this.lastOffset) && !tooMany && !throttled) {
      if (batchState.isAvailable) this.takeWhole(batch);
      return true;
    }
    if (batchState !== undefined) {
      if (!batchState.isAvailable) return true;
      batch.split(this.records.locks);
    }
    const given = this.takeSome(batch);
    return !(throttled && given > 0) || this.isEnough();
  }

  private isEnough(): false {
    this.maxRecords = 0;
    return false;
  }

  private takeWhole(batch: InFlightBatch): void {
    const { memberId } = this.request;
    const state = batch.common;
    const { firstOffset, lastOffset } = batch;
    state.acquire(memberId);
    state.lock = this.records.locks.lock(firstOffset, lastOffset);
    this.acquired.push({ firstOffset, lastOffset, deliveryCount: state.deliveryCount });
    this.count += batch.recordCount;
  }

  /** Highest number of deliveries among what is available. */
  private isThrottled(batch: InFlightBatch): boolean {
    const from = throttlingFrom(this.rules.deliveryCountLimit);
    if (batch.batchState !== undefined) return batch.batchState.isAvailable && batch.batchState.deliveryCount >= from;
    for (const [, state] of batch.offsets(this.firstOffset, this.lastOffset))
      if (state.isAvailable && state.deliveryCount >= from) return true;
    return false;
  }

  /** Records of a batch one by one. */
  private takeSome(batch: InFlightBatch): number {
    const { recordLimit } = this.request;
    const { deliveryCountLimit } = this.rules;
    const isolates = deliveryCountLimit > 2;
    const throttleFrom = throttlingFrom(deliveryCountLimit);
    const most = recordLimit ? this.left : Number.POSITIVE_INFINITY;
    let throttledTo = Number.POSITIVE_INFINITY;
    let given = 0;
    for (const [offset, state] of batch.offsets(this.firstOffset, this.lastOffset)) {
      if (!state.isAvailable) continue;
      const { deliveryCount } = state;
      if (isolates && deliveryCount === deliveryCountLimit - 1 && given > 0) break;
      if (deliveryCount >= throttleFrom && throttledTo === Number.POSITIVE_INFINITY)
        throttledTo = Math.max(1, batch.recordCount >> (deliveryCount - throttleFrom + 1));
      this.takeOne(offset, state);
      given += 1;
      if (isolates && state.deliveryCount === deliveryCountLimit) break;
      if (given === most || given === throttledTo) break;
    }
    this.count += given;
    return given;
  }

  private takeOne(offset: number, state: InFlightState): void {
    const { memberId } = this.request;
    state.acquire(memberId);
    state.lock = this.records.locks.lock(offset, offset);
    const { deliveryCount } = state;
    const last = this.acquired[this.acquired.length - 1];
    if (
      last?.lastOffset === offset - 1 &&
      last.deliveryCount === deliveryCount &&
      this.isOfThisBatch(last.lastOffset, offset)
    )
      this.acquired[this.acquired.length - 1] = { ...last, lastOffset: offset };
    else this.acquired.push({ firstOffset: offset, lastOffset: offset, deliveryCount });
  }

  /** Runs are put together within a batch only. */
  private isOfThisBatch(before: number, offset: number): boolean {
    return this.records.batches.floor(before) === this.records.batches.floor(offset);
  }

  /** Records that nobody has had. */
  takeNew(fromOffset: number, toOffset: number): void {
    const { records, left } = this;
    const { batches } = this.request;
    let first = fromOffset;
    // A read begins with the whole batch that the offset asked for lies in.
    if (records.batches.size === 0 && records.endOffset > first) first = records.endOffset;
    let last = toOffset;
    if (last - first + 1 > left) {
      last = endOfBatch(batches, first + left - 1);
      if (records.gapStartOffset !== undefined && last > toOffset) last = toOffset;
    }
    const runs = this.request.recordLimit
      ? [[first, last] as const]
      : runsOf(batches, first, last, this.request.batchSize);
    const lastGiven = this.add(runs, left);
    if (records.batches.firstKey === first) records.startOffset = first;
    if (last > records.endOffset) records.endOffset = last;
    records.filledTo(lastGiven + 1);
    this.count += lastGiven - first + 1;
  }

  private add(runs: ReadonlyArray<readonly [number, number]>, left: number): number {
    const { records } = this;
    const { memberId, recordLimit } = this.request;
    let lastGiven = 0;
    for (const [firstOffset, lastOffset] of runs) {
      const state = new InFlightState(RecordState.ACQUIRED, 1, memberId);
      const batch = new InFlightBatch(firstOffset, lastOffset, state);
      records.batches.set(firstOffset, batch);
      lastGiven = lastOffset;
      if (recordLimit && batch.recordCount > left) {
        lastGiven = firstOffset + left - 1;
        batch.splitAt(lastGiven, records.locks);
        records.lookAgain();
      } else state.lock = records.locks.lock(firstOffset, lastOffset);
      this.acquired.push({ firstOffset, lastOffset: lastGiven, deliveryCount: 1 });
    }
    return lastGiven;
  }
}

/** Last offset of the batch of the log that `offset` lies in; `offset` itself when it lies in none. */
function endOfBatch(batches: readonly LogBatch[], offset: number): number {
  let found: LogBatch | undefined;
  for (const batch of batches) {
    if (batch.baseOffset > offset) break;
    found = batch;
  }
  return found !== undefined && found.lastOffset >= offset ? found.lastOffset : offset;
}

/** Runs of at least `batchSize` records (the last one aside) that end where batches of the log do. */
function runsOf(batches: readonly LogBatch[], firstOffset: number, lastOffset: number, batchSize: number) {
  const runs: Array<readonly [number, number]> = [];
  let from = firstOffset;
  if (lastOffset - firstOffset + 1 > batchSize)
    for (const { baseOffset } of batches) {
      if (baseOffset > lastOffset) break;
      if (baseOffset - from < batchSize) continue;
      runs.push([from, baseOffset - 1]);
      from = baseOffset;
    }
  runs.push([from, lastOffset]);
  return runs;
}
