import { unreachable } from '../../common/assert.js';
import type { CoordinatorMachine } from '../runtime/machine.js';
import type { TransactionCommand, TransactionDecision, TransactionReply, TransactionRules } from './commands.js';
import { decideAbort, decideCheckOpen, decideComplete, decideEnd } from './ending.js';
import { decideInit } from './init_producer.js';
import { decideDescribe, decideExpireIds, decideList, decideLoaded } from './listing.js';
import { decideAddPartitions, decideVerifyPartitions } from './partitions.js';
import { decodeTransactionRecord, encodeTransactionRecord, type TransactionRecord } from './records.js';
import { applyTransactionRecord, newTransactionState, type TransactionState } from './state.js';
import { Turn } from './turn.js';

export type TransactionMachine = CoordinatorMachine<
  TransactionState,
  TransactionCommand,
  TransactionRecord,
  TransactionReply
>;

/** Transactional ids and their transactions, one partition of `__transaction_state`. */
export function transactionMachine(rules: TransactionRules): TransactionMachine {
  return {
    newState: newTransactionState,
    decide: (state, command, nowMs) => decide(state, command, new Turn(state, rules, nowMs)),
    apply: applyTransactionRecord,
    encode: encodeTransactionRecord,
    decode: decodeTransactionRecord,
    decodeEndOfTransaction: () => undefined,
    loadedCommand: () => ({ kind: 'loaded' }),
    refusedCommand: () => undefined,
  };
}

function decide(state: TransactionState, command: TransactionCommand, turn: Turn): TransactionDecision {
  switch (command.kind) {
    case 'init':
      return decideInit(state, command, turn);
    case 'add-partitions':
      return decideAddPartitions(state, command, turn);
    case 'verify-partitions':
      return decideVerifyPartitions(state, command, turn);
    case 'end':
      return decideEnd(state, command, turn);
    case 'complete':
      return decideComplete(state, command, turn);
    case 'describe':
      return decideDescribe(state, command, turn);
    case 'list':
      return decideList(state, command, turn);
    case 'check-open':
      return decideCheckOpen(state, turn);
    case 'expire-ids':
      return decideExpireIds(state, turn);
    case 'abort':
      return decideAbort(state, command, turn);
    case 'loaded':
      return decideLoaded(state, turn);
    default:
      return unreachable(command);
  }
}
