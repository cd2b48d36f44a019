import { unreachable } from '../../common/assert.js';
import type { ErrorCode } from '../../protocol/errors.js';
import { coordinatorError } from '../error_mapping.js';
import type { CoordinatorMachine } from '../runtime/machine.js';
import { decideDeleteGroups, decideExpireOffsets, decideTopicsDeleted } from './cleanup.js';
import type { GroupCommand, GroupDecision, GroupReply, GroupRules } from './commands.js';
import { decideJoin } from './join.js';
import { decideDescribe, decideList } from './listing.js';
import { decideHeartbeat, decideLeave, decideSync, decideSyncFailed } from './membership.js';
import { decideCommit, decideDeleteOffsets, decideFetch } from './offsets.js';
import { decodeGroupRecord, encodeGroupRecord, type GroupRecord } from './records.js';
import { applyGroupRecord, type GroupState, newGroupState } from './state.js';
import {
  decideInitialDelayOver,
  decideJoinExpired,
  decideLoaded,
  decideSessionExpired,
  decideSyncExpired,
} from './timeouts.js';
import { decideTransactionalCommit } from './transactional_offsets.js';
import { Turn } from './turn.js';

export type GroupMachine = CoordinatorMachine<GroupState, GroupCommand, GroupRecord, GroupReply>;

/** Classic consumer groups and their offsets, one partition of `__consumer_offsets`. */
export function groupMachine(rules: GroupRules): GroupMachine {
  return {
    newState: newGroupState,
    decide: (state, command, nowMs) => decide(state, command, new Turn(rules, nowMs)),
    apply: applyGroupRecord,
    encode: encodeGroupRecord,
    decode: decodeGroupRecord,
    decodeEndOfTransaction: (producerId, committed) => ({ kind: 'end-of-transaction', producerId, committed }),
    loadedCommand: () => ({ kind: 'loaded' }),
    refusedCommand,
  };
}

function decide(state: GroupState, command: GroupCommand, turn: Turn): GroupDecision {
  switch (command.kind) {
    case 'heartbeat':
      return decideHeartbeat(state, command, turn);
    case 'commit':
      return decideCommit(state, command, turn);
    case 'transactional-commit':
      return decideTransactionalCommit(state, command, turn);
    case 'fetch':
      return decideFetch(state, command, turn);
    case 'join':
      return decideJoin(state, command, turn);
    case 'sync':
      return decideSync(state, command, turn);
    case 'leave':
      return decideLeave(state, command, turn);
    case 'delete-offsets':
      return decideDeleteOffsets(state, command, turn);
    case 'list':
      return decideList(state, command, turn);
    case 'describe':
      return decideDescribe(state, command, turn);
    case 'delete-groups':
      return decideDeleteGroups(state, command, turn);
    case 'session-expired':
      return decideSessionExpired(state, command.groupId, command.memberId, turn);
    case 'initial-delay-over':
      return decideInitialDelayOver(state, command, turn);
    case 'join-expired':
      return decideJoinExpired(state, command.groupId, turn);
    case 'sync-expired':
      return decideSyncExpired(state, command.groupId, command.generationId, turn);
    case 'expire-offsets':
      return decideExpireOffsets(state, turn);
    case 'topics-deleted':
      return decideTopicsDeleted(state, command.topics, turn);
    case 'sync-failed':
      return decideSyncFailed(state, command.groupId, command.generationId, command.error, turn);
    case 'loaded':
      return decideLoaded(state, turn);
    default:
      return unreachable(command);
  }
}

function refusedCommand(command: GroupCommand, error: ErrorCode): GroupCommand | undefined {
  if (command.kind !== 'sync') return undefined;
  const { groupId, generationId } = command.request;
  return { kind: 'sync-failed', groupId, generationId, error: coordinatorError(error) };
}
