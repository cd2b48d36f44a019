import { InvariantError, unreachable } from '../../common/assert.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { ShareSnapshotValue } from '../../protocol/records/share_coordinator.js';
import type { CoordinatorMachine } from '../runtime/machine.js';
import { combineStateBatches } from './combiner.js';
import type {
  ShareStateCommand,
  ShareStateDecision,
  ShareStateFailure,
  ShareStateReply,
  ShareStateRules,
  WriteState,
} from './commands.js';
import { type SharePartitionId, shareKeyOf } from './partition_id.js';
import { decodeShareStateRecord, encodeShareStateRecord, type ShareStateRecord } from './records.js';
import { applyShareStateRecord, newShareStates, type ShareState, type ShareStates } from './state.js';

export type ShareStateMachine = CoordinatorMachine<ShareStates, ShareStateCommand, ShareStateRecord, ShareStateReply>;

const coldTimer = 'snapshot-cold';

/** What share groups have read (KIP-932), one partition of `__share_group_state`. */
export function shareStateMachine(rules: ShareStateRules): ShareStateMachine {
  return {
    newState: newShareStates,
    decide: (state, command, nowMs) => decide(state, command, nowMs, rules),
    apply: (state, record, undo) => applyShareStateRecord(state, record, rules.updatesPerSnapshot, undo),
    placed: (state, record, offset) => {
      if (record.kind === 'snapshot') state.redundant.placed(shareKeyOf(record.id), offset, record.value === undefined);
    },
    encode: encodeShareStateRecord,
    decode: decodeShareStateRecord,
    // Nobody writes share state in transactions.
    decodeEndOfTransaction: () => undefined,
    loadedCommand: () => ({ kind: 'loaded' }),
    refusedCommand: () => undefined,
  };
}

function decide(
  states: ShareStates,
  command: ShareStateCommand,
  nowMs: number,
  rules: ShareStateRules,
): ShareStateDecision {
  switch (command.kind) {
    case 'topics-deleted':
      return decideTopicsDeleted(states, command.topicIds);
    case 'snapshot-cold':
      return decideSnapshotCold(states, nowMs, rules);
    case 'redundant-offset': {
      const answer = { kind: 'redundant-offset', offset: states.redundant.offset } as const;
      return { ...nothing, replies: [{ token: command.token, reply: answer }] };
    }
    case 'loaded':
      return { ...nothing, timers: [coldTimerOf(rules)] };
    case 'initialize':
    case 'read':
    case 'write':
    case 'delete':
    case 'read-summary':
      return decideAsked(states, command, nowMs, rules);
    default:
      return unreachable(command);
  }
}

type ReplyTo<K> = Extract<ShareStateReply, { readonly kind: K }>;

/** A request about one share partition. */
export type Asked = Extract<ShareStateCommand, { readonly id: SharePartitionId }>;

function decideAsked(states: ShareStates, command: Asked, nowMs: number, rules: ShareStateRules): ShareStateDecision {
  const { id, token } = command;
  const known = states.partitions.get(shareKeyOf(id));
  const refused = refusal(command, known);
  if (refused !== undefined) return { ...nothing, replies: [{ token, reply: failed(command.kind, refused) }] };
  switch (command.kind) {
    case 'initialize': {
      const value = initialState(command.stateEpoch, command.startOffset, known, nowMs);
      return reply(command, { kind: 'initialize', ...fine }, [{ kind: 'snapshot', id, value }]);
    }
    case 'delete': {
      const records: ShareStateRecord[] = known === undefined ? [] : [{ kind: 'snapshot', id, value: undefined }];
      return reply(command, { kind: 'delete', ...fine }, records);
    }
    case 'read-summary':
      return reply(command, { kind: 'read-summary', ...fine, ...summaryOf(known) }, []);
    case 'read': {
      if (known === undefined) return unknownState();
      const { stateEpoch, startOffset, stateBatches, deliveryCompleteCount } = known.offset;
      const answer: ShareStateReply = { kind: 'read', ...fine, stateEpoch, startOffset, stateBatches };
      const { leaderEpoch } = command;
      if (leaderEpoch === -1 || known.leaderEpoch === leaderEpoch) return reply(command, answer, []);
      const write = { stateEpoch, leaderEpoch, startOffset, deliveryCompleteCount, stateBatches: [] };
      return reply(command, answer, [recordOf(id, known, write, leaderEpoch, nowMs, rules)]);
    }
    case 'write': {
      if (known === undefined) return unknownState();
      const record = recordOf(id, known, command.write, known.offset.leaderEpoch, nowMs, rules);
      return reply(command, { kind: 'write', ...fine }, [record]);
    }
    default:
      return unreachable(command);
  }
}

/** `refusal` lets nobody read or write what is not there. */
function unknownState(): never {
  throw new InvariantError('reads and writes of unknown share partitions are refused');
}

const fine: ShareStateFailure = { errorCode: ErrorCode.NONE, errorMessage: null };

const nothing: ShareStateDecision = { records: [], divisible: false, replies: [], timers: [], notes: [] };

function reply(command: Asked, answer: ShareStateReply, records: readonly ShareStateRecord[]): ShareStateDecision {
  return { ...nothing, records, replies: [{ token: command.token, reply: answer }] };
}

/** The answer of a request that is refused. */
export function failed(kind: Asked['kind'], failure: ShareStateFailure): ReplyTo<Asked['kind']> {
  switch (kind) {
    case 'read':
      return { kind, ...failure, stateEpoch: 0, startOffset: 0, stateBatches: [] };
    case 'read-summary':
      return { kind, ...failure, stateEpoch: 0, leaderEpoch: 0, startOffset: 0, deliveryCompleteCount: -1 };
    default:
      return { kind, ...failure };
  }
}

/** INVALID_REQUEST, FENCED_LEADER_EPOCH, FENCED_STATE_EPOCH or UNKNOWN_TOPIC_OR_PARTITION, looked for in Kafka's order. */
function refusal(command: Asked, known: ShareState | undefined): ShareStateFailure | undefined {
  if (command.id.partition < 0) return invalid('The partition id cannot be a negative number.');
  if (known === undefined && command.kind === 'write')
    return invalid('Write operation on uninitialized share partition not allowed.');
  if (known === undefined && command.kind === 'read')
    return invalid('Read operation on uninitialized share partition not allowed.');
  const epochs = epochsOf(command);
  if (known !== undefined && epochs.leaderEpoch !== -1 && known.leaderEpoch > epochs.leaderEpoch)
    return { errorCode: ErrorCode.FENCED_LEADER_EPOCH, errorMessage: fencedLeader };
  if (known?.stateEpoch !== undefined && epochs.stateEpoch !== -1 && known.stateEpoch > epochs.stateEpoch)
    return { errorCode: ErrorCode.FENCED_STATE_EPOCH, errorMessage: fencedState };
  if (!command.exists)
    return { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: unknownTopicOrPartition };
  return undefined;
}

function invalid(errorMessage: string): ShareStateFailure {
  return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage };
}

const fencedLeader = 'The leader epoch in the request is older than the epoch on the broker.';
const fencedState = 'The share coordinator rejected the request because the share-group state epoch did not match.';
const unknownTopicOrPartition = 'This server does not host this topic-partition.';

/** What a request claims; -1: nothing. */
function epochsOf(command: Asked): { readonly leaderEpoch: number; readonly stateEpoch: number } {
  switch (command.kind) {
    case 'write':
      return command.write;
    case 'read':
      return { leaderEpoch: command.leaderEpoch, stateEpoch: -1 };
    case 'initialize':
      return { leaderEpoch: -1, stateEpoch: command.stateEpoch };
    default:
      return { leaderEpoch: -1, stateEpoch: -1 };
  }
}

function initialState(
  stateEpoch: number,
  startOffset: number,
  known: ShareState | undefined,
  nowMs: number,
): ShareSnapshotValue {
  return {
    snapshotEpoch: known === undefined ? 0 : known.offset.snapshotEpoch + 1,
    stateEpoch,
    leaderEpoch: 0,
    startOffset,
    deliveryCompleteCount: startOffset === -1 ? -1 : 0,
    createTimestamp: nowMs,
    writeTimestamp: nowMs,
    stateBatches: [],
  };
}

/** An update, or a snapshot once there are `updatesPerSnapshot` updates since the last one. */
function recordOf(
  id: SharePartitionId,
  known: ShareState,
  write: WriteState,
  leaderEpoch: number,
  nowMs: number,
  rules: ShareStateRules,
): ShareStateRecord {
  const { offset } = known;
  const { deliveryCompleteCount } = write;
  if (known.updates < rules.updatesPerSnapshot) {
    const { startOffset } = write;
    const stateBatches = [...combineStateBatches([], write.stateBatches, startOffset)];
    const { snapshotEpoch } = offset;
    return {
      kind: 'update',
      id,
      value: { snapshotEpoch, leaderEpoch, startOffset, deliveryCompleteCount, stateBatches },
    };
  }
  const startOffset = write.startOffset === -1 ? offset.startOffset : write.startOffset;
  const value: ShareSnapshotValue = {
    snapshotEpoch: offset.snapshotEpoch + 1,
    stateEpoch: offset.stateEpoch,
    leaderEpoch,
    startOffset,
    deliveryCompleteCount,
    createTimestamp: nowMs,
    writeTimestamp: nowMs,
    stateBatches: [...combineStateBatches(offset.stateBatches, write.stateBatches, startOffset)],
  };
  return { kind: 'snapshot', id, value };
}

/** Of a partition that was never initialized: nothing was read, and that is no error. */
function summaryOf(known: ShareState | undefined) {
  if (known === undefined) return { stateEpoch: 0, leaderEpoch: 0, startOffset: -1, deliveryCompleteCount: -1 };
  const { stateEpoch, leaderEpoch, startOffset, deliveryCompleteCount } = known.offset;
  return { stateEpoch, leaderEpoch, startOffset, deliveryCompleteCount };
}

function decideTopicsDeleted(states: ShareStates, topicIds: ReadonlySet<string>): ShareStateDecision {
  const records: ShareStateRecord[] = [];
  for (const { id } of states.partitions.values())
    if (topicIds.has(id.topicId)) records.push({ kind: 'snapshot', id, value: undefined });
  if (records.length === 0) return nothing;
  const notes = [`the state of ${records.length} share partitions of deleted topics is removed`];
  return { ...nothing, records, divisible: true, notes };
}

/**
 * Partitions that were not written for an interval get a new snapshot, so that the log behind it can be deleted. A cold snapshot keeps
 * the time of creation: when all are cold already, nothing is written.
 */
function decideSnapshotCold(states: ShareStates, nowMs: number, rules: ShareStateRules): ShareStateDecision {
  const timers = [coldTimerOf(rules)];
  const all = [...states.partitions.values()];
  if (all.every(({ offset }) => offset.createTimestamp !== offset.writeTimestamp)) return { ...nothing, timers };
  const records = all
    .filter(({ offset }) => nowMs - offset.writeTimestamp >= rules.coldSnapshotIntervalMs)
    .map(
      ({ id, offset }): ShareStateRecord => ({
        kind: 'snapshot',
        id,
        value: { ...offset, snapshotEpoch: offset.snapshotEpoch + 1, writeTimestamp: nowMs },
      }),
    );
  return { ...nothing, records, divisible: true, timers };
}

function coldTimerOf(rules: ShareStateRules) {
  return { key: coldTimer, delayMs: rules.coldSnapshotIntervalMs, command: { kind: 'snapshot-cold' } } as const;
}
