/**
 * What clients did and saw while the broker was being hurt, and the rules it must keep (Jepsen's Kafka checker, in words): each
 * value is sent once, by an idempotent producer, to one partition. The order of the list is the order in which things happened,
 * as far as one client is concerned.
 */
export type HistoryEvent =
  /** Handed to the producer. What becomes of it is unknown until acknowledged. */
  | { readonly kind: 'send'; readonly producer: string; readonly partition: number; readonly value: string }
  /** `offset` -1: the client was not told. */
  | {
      readonly kind: 'ack';
      readonly producer: string;
      readonly partition: number;
      readonly value: string;
      readonly offset: number;
    }
  /** A new `session` may begin anywhere; within one a consumer goes on where it was. */
  | {
      readonly kind: 'poll';
      readonly consumer: string;
      readonly session: number;
      readonly partition: number;
      readonly offset: number;
      readonly value: string;
    }
  /** Acknowledged DeleteRecords: nothing below `offset` need be there. */
  | { readonly kind: 'delete'; readonly partition: number; readonly offset: number }
  /** An acknowledged commit. */
  | { readonly kind: 'commit'; readonly group: string; readonly partition: number; readonly offset: number }
  /** A committed offset as the broker told it; -1: none. */
  | { readonly kind: 'committed'; readonly group: string; readonly partition: number; readonly offset: number };

export type AnomalyKind =
  | 'lost write'
  | 'unseen write'
  | 'vanished'
  | 'duplicate'
  | 'two values at one offset'
  | 'out of order'
  | 'never sent'
  | 'non-monotonic poll'
  | 'poll skip'
  | 'commit lost'
  | 'commit backwards';

export interface Anomaly {
  readonly kind: AnomalyKind;
  readonly detail: string;
}

interface PartitionHistory {
  /** By value: where in the order of its producer it was sent. */
  readonly sent: Map<string, { readonly producer: string; readonly order: number }>;
  readonly acknowledged: Map<string, number>;
  readonly offsetOf: Map<string, number>;
  readonly valueAt: Map<number, string>;
  /** Values that somebody read. */
  readonly seen: Set<string>;
  readonly sessions: Map<string, number[]>;
  highestRead: number;
  deletedBelow: number;
}

/** The consumer that reads every partition from its start to its end when all is over. */
export const finalReader = 'final';

/** Every broken rule. Complete only when the history ends with what {@link finalReader} read. */
export function checkHistory(events: readonly HistoryEvent[]): Anomaly[] {
  const anomalies: Anomaly[] = [];
  const partitions = new Map<number, PartitionHistory>();
  for (const event of events) {
    if (event.kind === 'commit' || event.kind === 'committed') continue;
    let partition = partitions.get(event.partition);
    if (partition === undefined) {
      partition = emptyPartition();
      partitions.set(event.partition, partition);
    }
    take(partition, event, anomalies);
  }
  for (const [number, partition] of partitions) {
    checkWrites(number, partition, anomalies);
    checkOrder(number, partition, anomalies);
    checkPolls(number, partition, anomalies);
  }
  checkCommits(events, anomalies);
  return anomalies;
}

function emptyPartition(): PartitionHistory {
  return {
    sent: new Map(),
    acknowledged: new Map(),
    offsetOf: new Map(),
    valueAt: new Map(),
    seen: new Set(),
    sessions: new Map(),
    highestRead: -1,
    deletedBelow: 0,
  };
}

type PartitionEvent = Exclude<HistoryEvent, { readonly kind: 'commit' | 'committed' }>;

function take(partition: PartitionHistory, event: PartitionEvent, anomalies: Anomaly[]): void {
  switch (event.kind) {
    case 'send':
      partition.sent.set(event.value, { producer: event.producer, order: partition.sent.size });
      return;
    case 'ack':
      partition.acknowledged.set(event.value, event.offset);
      if (event.offset >= 0) place(partition, event, anomalies);
      return;
    case 'poll': {
      partition.seen.add(event.value);
      partition.highestRead = Math.max(partition.highestRead, event.offset);
      const name = `${event.consumer}/${event.session}`;
      const session = partition.sessions.get(name);
      if (session === undefined) partition.sessions.set(name, [event.offset]);
      else session.push(event.offset);
      place(partition, event, anomalies);
      return;
    }
    case 'delete':
      partition.deletedBelow = Math.max(partition.deletedBelow, event.offset);
  }
}

/** A value lives at one offset, an offset holds one value, whoever tells it. */
function place(
  partition: PartitionHistory,
  event: { readonly partition: number; readonly offset: number; readonly value: string },
  anomalies: Anomaly[],
): void {
  const { offset, value } = event;
  const other = partition.valueAt.get(offset);
  if (other !== undefined && other !== value)
    anomalies.push({ kind: 'two values at one offset', detail: `${event.partition}@${offset}: ${other} and ${value}` });
  const before = partition.offsetOf.get(value);
  if (before !== undefined && before !== offset)
    anomalies.push({ kind: 'duplicate', detail: `${event.partition}: ${value} at ${before} and ${offset}` });
  partition.valueAt.set(offset, value);
  partition.offsetOf.set(value, offset);
}

function checkWrites(number: number, partition: PartitionHistory, anomalies: Anomaly[]): void {
  for (const [value, offset] of partition.acknowledged) {
    if (partition.seen.has(value)) continue;
    if (offset >= 0 && offset < partition.deletedBelow) continue;
    const kind = offset <= partition.highestRead ? 'lost write' : 'unseen write';
    anomalies.push({ kind, detail: `${number}: ${value}, acknowledged at ${offset}` });
  }
  const final = partition.sessions.get(`${finalReader}/0`);
  const there = new Set(final);
  for (const [offset, value] of partition.valueAt)
    if (final !== undefined && partition.seen.has(value) && !there.has(offset) && offset >= partition.deletedBelow)
      anomalies.push({ kind: 'vanished', detail: `${number}@${offset}: ${value} was read before` });
  for (const value of partition.seen)
    if (!partition.sent.has(value)) anomalies.push({ kind: 'never sent', detail: `${number}: ${value}` });
}

/** What one producer sent to one partition is there in the order in which it was sent. */
function checkOrder(number: number, partition: PartitionHistory, anomalies: Anomaly[]): void {
  const last = new Map<string, { readonly order: number; readonly value: string }>();
  for (const [offset, value] of [...partition.valueAt].sort(([a], [b]) => a - b)) {
    const sent = partition.sent.get(value);
    if (sent === undefined) continue;
    const before = last.get(sent.producer);
    if (before !== undefined && before.order > sent.order)
      anomalies.push({ kind: 'out of order', detail: `${number}@${offset}: ${value} behind ${before.value}` });
    last.set(sent.producer, { order: sent.order, value });
  }
}

function checkPolls(number: number, partition: PartitionHistory, anomalies: Anomaly[]): void {
  const read = [...partition.valueAt].filter(([, value]) => partition.seen.has(value)).map(([offset]) => offset);
  const offsets = read.sort((a, b) => a - b);
  const indexOf = new Map(offsets.map((offset, index) => [offset, index]));
  for (const [name, polled] of partition.sessions)
    for (const [index, offset] of polled.entries()) {
      const before = polled[index - 1];
      if (before === undefined) continue;
      if (offset <= before) {
        anomalies.push({ kind: 'non-monotonic poll', detail: `${name}, ${number}: ${offset} after ${before}` });
        continue;
      }
      const skipped = offsets[(indexOf.get(before) ?? 0) + 1];
      if (skipped !== undefined && skipped < offset && lastBelow(offsets, indexOf, offset) >= partition.deletedBelow)
        anomalies.push({ kind: 'poll skip', detail: `${name}, ${number}: ${offset} after ${before}, not ${skipped}` });
    }
}

/** The offset before this one: when even that was deleted, everything that was skipped was. */
function lastBelow(offsets: readonly number[], indexOf: ReadonlyMap<number, number>, offset: number): number {
  return offsets[(indexOf.get(offset) ?? 0) - 1] ?? -1;
}

function checkCommits(events: readonly HistoryEvent[], anomalies: Anomaly[]): void {
  const acknowledged = new Map<string, number>();
  const told = new Map<string, number>();
  for (const event of events) {
    if (event.kind === 'commit') {
      const key = `${event.group}/${event.partition}`;
      acknowledged.set(key, Math.max(acknowledged.get(key) ?? -1, event.offset));
    }
    if (event.kind !== 'committed') continue;
    const key = `${event.group}/${event.partition}`;
    const least = acknowledged.get(key) ?? -1;
    const before = told.get(key) ?? -1;
    if (event.offset < least)
      anomalies.push({ kind: 'commit lost', detail: `${key}: ${event.offset}, but ${least} was acknowledged` });
    else if (event.offset < before)
      anomalies.push({ kind: 'commit backwards', detail: `${key}: ${event.offset} after ${before}` });
    told.set(key, Math.max(before, event.offset));
  }
}
