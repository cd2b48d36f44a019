import { unreachable } from '../../common/assert.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { InitCommand, InitReply, ProducerIdentity, TransactionDecision } from './commands.js';
import { fenced } from './ending.js';
import type { TransactionState } from './state.js';
import { changed, isExhausted, noProducerEpoch, noProducerId, type Transaction } from './transaction.js';
import type { Turn } from './turn.js';

/**
 * InitProducerId of a transactional id: a new epoch, which fences whoever had the one before. A transaction that is open is
 * aborted first; its producer is told CONCURRENT_TRANSACTIONS and comes again.
 */
export function decideInit(state: TransactionState, command: InitCommand, turn: Turn): TransactionDecision {
  const known = state.transactions.get(command.transactionalId);
  turn.reply(command.token, known === undefined ? begin(command, turn) : goOn(known, command, turn));
  return turn.done();
}

function begin({ transactionalId, timeoutMs, newProducerId }: InitCommand, turn: Turn): InitReply {
  if (newProducerId === undefined) return needsId;
  turn.write({
    transactionalId,
    producerId: newProducerId,
    previousProducerId: newProducerId,
    nextProducerId: noProducerId,
    producerEpoch: 0,
    lastProducerEpoch: noProducerEpoch,
    timeoutMs,
    status: 'Empty',
    partitions: [],
    lastUpdateMs: turn.nowMs,
    startMs: -1,
    clientTransactionVersion: 0,
  });
  return answer(newProducerId, 0);
}

function goOn(known: Transaction, command: InitCommand, turn: Turn): InitReply {
  const { expected, newProducerId } = command;
  if (expected !== undefined && !mayGoOn(known, expected)) return refused(ErrorCode.PRODUCER_FENCED);
  switch (known.status) {
    case 'PrepareCommit':
    case 'PrepareAbort':
      return refused(ErrorCode.CONCURRENT_TRANSACTIONS);
    case 'Ongoing': {
      const aborted = fenced(known, newProducerId, turn);
      if (aborted === undefined) return needsId;
      turn.write(aborted);
      turn.note(`transaction of ${known.transactionalId} is aborted: its id was taken by another producer`);
      return refused(ErrorCode.CONCURRENT_TRANSACTIONS);
    }
    case 'Empty':
    case 'CompleteCommit':
    case 'CompleteAbort':
      return nextEpoch(known, command, turn);
    default:
      return unreachable(known.status);
  }
}

/** Its epoch is looked at when it is raised. The previous id with its last epoch: the answer with the new id was lost. */
function mayGoOn(known: Transaction, expected: ProducerIdentity): boolean {
  if (expected.producerId === known.producerId) return true;
  return expected.producerId === known.previousProducerId && isExhausted(expected.producerEpoch);
}

function nextEpoch(known: Transaction, command: InitCommand, turn: Turn): InitReply {
  const { expected, timeoutMs, newProducerId } = command;
  const fresh = {
    status: 'Empty',
    timeoutMs,
    partitions: [],
    startMs: -1,
    lastUpdateMs: turn.nowMs,
  } as const;
  const fits = expected === undefined || expected.producerEpoch === known.producerEpoch;
  const lastProducerEpoch = expected === undefined ? noProducerEpoch : known.producerEpoch;
  if (fits && isExhausted(known.producerEpoch)) {
    if (newProducerId === undefined) return needsId;
    turn.write(changed(known, { ...fresh, producerId: newProducerId, producerEpoch: 0, lastProducerEpoch }));
    return answer(newProducerId, 0);
  }
  if (fits) {
    const producerEpoch = known.producerEpoch + 1;
    turn.write(changed(known, { ...fresh, producerEpoch, lastProducerEpoch }));
    return answer(known.producerId, producerEpoch);
  }
  // It was told the present epoch already, and has not heard.
  if (expected.producerEpoch !== known.lastProducerEpoch) return refused(ErrorCode.PRODUCER_FENCED);
  turn.write(changed(known, fresh));
  return answer(known.producerId, known.producerEpoch);
}

const needsId: InitReply = {
  kind: 'init',
  errorCode: ErrorCode.NONE,
  producerId: noProducerId,
  producerEpoch: noProducerEpoch,
  needsId: true,
};

function answer(producerId: number, producerEpoch: number): InitReply {
  return { kind: 'init', errorCode: ErrorCode.NONE, producerId, producerEpoch, needsId: false };
}

function refused(errorCode: ErrorCode): InitReply {
  return { ...needsId, errorCode, needsId: false };
}
