import type { DescribeCommand, ListCommand, ListFilter, TransactionDecision } from './commands.js';
import type { TransactionState } from './state.js';
import { isOpen, type Transaction } from './transaction.js';
import { endingOf, type Turn } from './turn.js';

export function decideDescribe(state: TransactionState, command: DescribeCommand, turn: Turn): TransactionDecision {
  const transactions = command.transactionalIds.map((transactionalId) => ({
    transactionalId,
    found: state.transactions.get(transactionalId),
  }));
  turn.reply(command.token, { kind: 'describe', transactions });
  return turn.done();
}

export function decideList(state: TransactionState, { token, filter }: ListCommand, turn: Turn): TransactionDecision {
  const transactions = [...state.transactions.values()]
    .filter((known) => isWanted(known, filter, turn.nowMs))
    .map(({ transactionalId, producerId, status }) => ({ transactionalId, producerId, status }));
  turn.reply(token, { kind: 'list', transactions });
  return turn.done();
}

function isWanted(
  known: Transaction,
  { producerIds, statuses, durationMs, matches }: ListFilter,
  nowMs: number,
): boolean {
  if (producerIds.size > 0 && !producerIds.has(known.producerId)) return false;
  if (statuses?.has(known.status) === false) return false;
  // As in Kafka, also where nothing has begun yet: that lasts for ever.
  if (durationMs >= 0 && nowMs - known.startMs <= durationMs) return false;
  return matches(known.transactionalId);
}

/** Tombstones decided in one turn. */
const tombstonesPerTurn = 10_000;

/**
 * Every `transaction.remove.expired.transaction.cleanup.interval.ms`: transactional ids that were not used for
 * `transactional.id.expiration.ms` are forgotten.
 */
export function decideExpireIds(state: TransactionState, turn: Turn): TransactionDecision {
  const since = turn.nowMs - turn.rules.idExpirationMs;
  for (const { transactionalId, status, lastUpdateMs } of state.transactions.values()) {
    if (isOpen(status) || lastUpdateMs > since) continue;
    turn.records.push({ kind: 'tombstone', transactionalId });
    if (turn.records.length >= tombstonesPerTurn) break;
  }
  if (turn.records.length > 0) turn.note(`${turn.records.length} transactional ids were not used and are forgotten`);
  if (turn.records.length < state.transactions.size) turn.watchExpiry();
  return turn.done();
}

/** What was decided before the partition came here, and may not be carried out. */
export function decideLoaded(state: TransactionState, turn: Turn): TransactionDecision {
  const open = [...state.open].flatMap((id) => state.transactions.get(id) ?? []);
  turn.writeMarkers(open.filter(({ status }) => status !== 'Ongoing').map(endingOf));
  if (open.length > 0) turn.watchOpen();
  if (state.transactions.size > 0) turn.watchExpiry();
  return turn.done();
}
