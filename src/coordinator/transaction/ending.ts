import { unreachable } from '../../common/assert.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { BrokerCommand, CompleteCommand, EndCommand, EndReply, TransactionDecision } from './commands.js';
import type { TransactionState } from './state.js';
import {
  changed,
  completed,
  isEnding,
  isExhausted,
  maxProducerEpoch,
  noProducerEpoch,
  noProducerId,
  type Transaction,
  versionWithEpochBump,
} from './transaction.js';
import { endingOf, type Turn } from './turn.js';

/** The end may be decided. */
interface Allowed {
  /** Nothing was open: the transaction that is aborted begins with this. */
  readonly begins: boolean;
}

/**
 * EndTxn. The end is decided when the record is committed: the client is answered then, and the markers are written. With
 * `transaction.version` 2 (EndTxn 5) the epoch is raised too, and a client may abort although it has nothing open.
 */
export function decideEnd(state: TransactionState, command: EndCommand, turn: Turn): TransactionDecision {
  const known = state.transactions.get(command.transactionalId);
  const raises = command.clientTransactionVersion >= versionWithEpochBump;
  const start: EndReply | Allowed =
    known === undefined
      ? refused(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
      : raises
        ? checkRaising(known, command)
        : checkSameEpoch(known, command);
  if ('kind' in start) turn.reply(command.token, start);
  else if (known !== undefined) turn.reply(command.token, end(known, command, raises, start.begins, turn));
  return turn.done();
}

function end(known: Transaction, command: EndCommand, raises: boolean, begins: boolean, turn: Turn): EndReply {
  const rotates = raises && isExhausted(known.producerEpoch);
  if (rotates && command.newProducerId === undefined) return { ...refused(ErrorCode.NONE), needsId: true };
  const next = prepared(known, {
    commit: command.commit,
    transactionVersion: raises ? versionWithEpochBump : 0,
    nextProducerId: rotates ? (command.newProducerId ?? noProducerId) : noProducerId,
    startMs: begins ? turn.nowMs : known.startMs,
    nowMs: turn.nowMs,
  });
  turn.write(next);
  if (!raises) return refused(ErrorCode.NONE);
  const { producerId, producerEpoch } = completed(next, turn.nowMs);
  return { kind: 'end', errorCode: ErrorCode.NONE, producerId, producerEpoch, needsId: false };
}

function checkSameEpoch(known: Transaction, command: EndCommand): EndReply | Allowed {
  if (known.producerId !== command.producerId) return refused(ErrorCode.INVALID_PRODUCER_ID_MAPPING);
  if (known.producerEpoch !== command.producerEpoch) return refused(ErrorCode.PRODUCER_FENCED);
  switch (known.status) {
    case 'Ongoing':
      return { begins: false };
    case 'CompleteCommit':
      return refused(command.commit ? ErrorCode.NONE : ErrorCode.INVALID_TXN_STATE);
    case 'CompleteAbort':
      return refused(command.commit ? ErrorCode.INVALID_TXN_STATE : ErrorCode.NONE);
    case 'PrepareCommit':
      return refused(command.commit ? ErrorCode.CONCURRENT_TRANSACTIONS : ErrorCode.INVALID_TXN_STATE);
    case 'PrepareAbort':
      return refused(command.commit ? ErrorCode.INVALID_TXN_STATE : ErrorCode.CONCURRENT_TRANSACTIONS);
    case 'Empty':
      return refused(ErrorCode.INVALID_TXN_STATE);
    default:
      return unreachable(known.status);
  }
}

/** The epoch tells whether this is the next end or a repeated one, whose answer was lost. */
function checkRaising(known: Transaction, command: EndCommand): EndReply | Allowed {
  const { producerId, producerEpoch, commit } = command;
  const wasRaised = known.producerEpoch === producerEpoch + 1;
  const wasRotated =
    known.previousProducerId === producerId && producerEpoch === maxProducerEpoch - 1 && known.producerEpoch === 0;
  const isCurrent = known.producerEpoch === producerEpoch;
  if (known.producerId !== producerId && !wasRotated) return refused(ErrorCode.INVALID_PRODUCER_ID_MAPPING);
  switch (known.status) {
    case 'Ongoing':
      return isCurrent ? { begins: false } : refused(ErrorCode.PRODUCER_FENCED);
    case 'Empty':
      if (!isCurrent) return refused(ErrorCode.PRODUCER_FENCED);
      return commit ? refused(ErrorCode.INVALID_TXN_STATE) : { begins: true };
    case 'PrepareCommit':
    case 'PrepareAbort':
      if (!wasRaised) return refused(ErrorCode.PRODUCER_FENCED);
      return refused(
        commit === (known.status === 'PrepareCommit') ? ErrorCode.CONCURRENT_TRANSACTIONS : ErrorCode.INVALID_TXN_STATE,
      );
    case 'CompleteCommit':
    case 'CompleteAbort': {
      const isRetry = wasRaised || wasRotated;
      if (!isRetry && !isCurrent) return refused(ErrorCode.PRODUCER_FENCED);
      if (!isRetry) return commit ? refused(ErrorCode.INVALID_TXN_STATE) : { begins: true };
      if (commit !== (known.status === 'CompleteCommit')) return refused(ErrorCode.INVALID_TXN_STATE);
      return { ...refused(ErrorCode.NONE), producerId: known.producerId, producerEpoch: known.producerEpoch };
    }
    default:
      return unreachable(known.status);
  }
}

function refused(errorCode: ErrorCode): EndReply {
  return { kind: 'end', errorCode, producerId: noProducerId, producerEpoch: noProducerEpoch, needsId: false };
}

function prepared(
  known: Transaction,
  how: {
    readonly commit: boolean;
    readonly transactionVersion: number;
    readonly nextProducerId: number;
    readonly startMs: number;
    readonly nowMs: number;
  },
): Transaction {
  const raises = how.transactionVersion >= versionWithEpochBump;
  return changed(known, {
    status: how.commit ? 'PrepareCommit' : 'PrepareAbort',
    producerEpoch: raises ? Math.min(known.producerEpoch + 1, maxProducerEpoch) : known.producerEpoch,
    lastProducerEpoch: raises ? known.producerEpoch : known.lastProducerEpoch,
    nextProducerId: how.nextProducerId,
    startMs: how.startMs,
    lastUpdateMs: how.nowMs,
    clientTransactionVersion: how.transactionVersion,
  });
}

/**
 * An open transaction that is aborted without its producer, which is fenced: the epoch is raised whatever the producer's version.
 * Undefined: a new producer id is needed, since the epochs are used up.
 */
export function fenced(known: Transaction, newProducerId: number | undefined, turn: Turn): Transaction | undefined {
  const { startMs } = known;
  const { nowMs } = turn;
  if (turn.rules.transactionVersion() < versionWithEpochBump) {
    const producerEpoch = Math.min(known.producerEpoch + 1, maxProducerEpoch);
    const raised = { ...known, producerEpoch, lastProducerEpoch: noProducerEpoch };
    const how = { commit: false, transactionVersion: 0, nextProducerId: noProducerId, startMs, nowMs };
    return prepared(raised, how);
  }
  const rotates = isExhausted(known.producerEpoch);
  if (rotates && newProducerId === undefined) return undefined;
  const nextProducerId = rotates ? (newProducerId ?? noProducerId) : noProducerId;
  return prepared(known, { commit: false, transactionVersion: versionWithEpochBump, nextProducerId, startMs, nowMs });
}

/** All markers are on the medium. */
export function decideComplete(state: TransactionState, command: CompleteCommand, turn: Turn): TransactionDecision {
  const known = state.transactions.get(command.transactionalId);
  const isIt = known?.producerId === command.producerId && known.producerEpoch === command.producerEpoch;
  if (known !== undefined && isIt && isEnding(known.status)) turn.write(completed(known, turn.nowMs));
  turn.reply(command.token, { kind: 'complete' });
  return turn.done();
}

/** A timeout for which no limit counts: two-phase commits, whose end others decide. */
const unlimitedMs = 0x7fff_ffff;

/**
 * Every `transaction.abort.timed.out.transaction.cleanup.interval.ms` while transactions are open: those out of time are
 * aborted, and markers that may not be written yet are named again.
 */
export function decideCheckOpen(state: TransactionState, turn: Turn): TransactionDecision {
  for (const id of state.open) {
    const known = state.transactions.get(id);
    if (known === undefined) continue;
    if (isEnding(known.status)) turn.writeMarkers([endingOf(known)]);
    else if (known.timeoutMs < unlimitedMs && known.startMs + known.timeoutMs < turn.nowMs) timeOut(known, turn);
  }
  if (state.open.size > 0) turn.watchOpen();
  return turn.done();
}

function timeOut(known: Transaction, turn: Turn): void {
  const { transactionalId, producerId, producerEpoch, timeoutMs } = known;
  turn.note(`transaction of ${transactionalId} is aborted: it is open for longer than its timeout of ${timeoutMs} ms`);
  const aborted = fenced(known, undefined, turn);
  if (aborted === undefined) turn.tellBroker({ kind: 'abort-needs-id', transactionalId, producerId, producerEpoch });
  else turn.write(aborted);
}

/** What `abort-needs-id` asked for, with the id. */
export function decideAbort(
  state: TransactionState,
  command: BrokerCommand & { readonly kind: 'abort' },
  turn: Turn,
): TransactionDecision {
  const known = state.transactions.get(command.transactionalId);
  const isIt = known?.producerId === command.producerId && known.producerEpoch === command.producerEpoch;
  const aborted = known?.status === 'Ongoing' && isIt ? fenced(known, command.newProducerId, turn) : undefined;
  if (aborted !== undefined) turn.write(aborted);
  return turn.done();
}
