import { unreachable } from '../../common/assert.js';
import type { MetadataImage } from '../../metadata/image.js';
import type { ErrorCode } from '../../protocol/errors.js';
import {
  decideClassicHeartbeat,
  decideClassicJoin,
  decideClassicLeave,
  decideClassicSync,
} from '../consumer_group/classic_members.js';
import { decideConsumerDescribe } from '../consumer_group/describe.js';
import { decideFence, decideRebalanceExpired } from '../consumer_group/fencing.js';
import { decideConsumerHeartbeat } from '../consumer_group/heartbeat.js';
import { decideResolve } from '../consumer_group/regexes.js';
import { coordinatorError } from '../error_mapping.js';
import type { CoordinatorMachine } from '../runtime/machine.js';

import { decideShare } from '../share_group/decide.js';

import { decideStreamsDelayOver } from '../streams_group/delay.js';
import { decideStreamsDescribe } from '../streams_group/describe.js';
import { decideStreamsHeartbeat } from '../streams_group/heartbeat.js';
import { decideStreamsExpired } from '../streams_group/timers.js';

import { decideDeleteGroups, decideExpireOffsets, decideTopicsDeleted } from './cleanup.js';
import type { GroupCommand, GroupDecision, GroupReply, GroupRules } from './commands.js';
import { decideJoin } from './join.js';
import { consumerOf } from './kinds.js';
import { decideDescribe, decideList } from './listing.js';
import { decideHeartbeat, decideLeave, decideSync, decideSyncFailed } from './membership.js';
import { decideMetadata } from './metadata.js';
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

/**
 * Groups of every protocol and their offsets, one partition of `__consumer_offsets`. `image` gives the cluster's metadata when
 * a partition has been loaded; from then on commands say what changes.
 */
export function groupMachine(rules: GroupRules, image: () => MetadataImage): GroupMachine {
  return {
    newState: newGroupState,
    decide: (state, command, nowMs) => decide(state, command, new Turn(rules, nowMs)),
    apply: applyGroupRecord,
    encode: encodeGroupRecord,
    decode: decodeGroupRecord,
    decodeEndOfTransaction: (producerId, committed) => ({ kind: 'end-of-transaction', producerId, committed }),
    loadedCommand: () => ({ kind: 'loaded', image: image() }),
    refusedCommand,
  };
}

function decide(state: GroupState, command: GroupCommand, turn: Turn): GroupDecision {
  switch (command.kind) {
    case 'consumer-heartbeat':
      return decideConsumerHeartbeat(state, command, turn);
    case 'heartbeat':
    case 'join':
    case 'sync':
    case 'leave':
      return decideMembership(state, command, turn);
    case 'commit':
      return decideCommit(state, command, turn);
    case 'transactional-commit':
      return decideTransactionalCommit(state, command, turn);
    case 'fetch':
      return decideFetch(state, command, turn);
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
    case 'consumer-describe':
      return decideConsumerDescribe(state, command, turn);
    case 'consumer-fence':
      return decideFence(state, command, turn);
    case 'consumer-rebalance-expired':
      return decideRebalanceExpired(state, command, turn);
    case 'consumer-resolve':
      return decideResolve(state, command, turn);
    case 'share-heartbeat':
    case 'share-describe':
    case 'share-initialized':
    case 'share-initialize-done':
    case 'share-alter-offsets':
    case 'share-delete-offsets':
    case 'share-delete-done':
    case 'share-delete-groups':
    case 'share-fence':
      return decideShare(state, command, turn);
    case 'streams-heartbeat':
      return decideStreamsHeartbeat(state, command, turn);
    case 'streams-describe':
      return decideStreamsDescribe(state, command, turn);
    case 'streams-session-expired':
    case 'streams-rebalance-expired':
      return decideStreamsExpired(state, command, turn);
    case 'streams-delay-over':
      return decideStreamsDelayOver(state, command.groupId, turn);
    case 'metadata':
      return decideMetadata(command.image, command.changes, turn);
    case 'loaded':
      return decideLoaded(state, command.image, turn);
    default:
      return unreachable(command);
  }
}

/** Requests of the classic protocol, of which a consumer group may have members too. */
function decideMembership(
  state: GroupState,
  command: GroupCommand & { readonly kind: 'heartbeat' | 'join' | 'sync' | 'leave' },
  turn: Turn,
): GroupDecision {
  const groupId = command.kind === 'leave' ? command.groupId : command.request.groupId;
  const consumer = consumerOf(state.groups.get(groupId));
  switch (command.kind) {
    case 'heartbeat':
      return consumer === undefined
        ? decideHeartbeat(state, command, turn)
        : decideClassicHeartbeat(consumer, command, turn);
    case 'join':
      // An empty group becomes a classic one.
      return consumer === undefined || consumer.isEmpty
        ? decideJoin(state, command, turn)
        : decideClassicJoin(state, consumer, command, turn);
    case 'sync':
      return consumer === undefined
        ? decideSync(state, command, turn)
        : decideClassicSync(state, consumer, command, turn);
    case 'leave':
      return consumer === undefined
        ? decideLeave(state, command, turn)
        : decideClassicLeave(state, consumer, command, turn);
  }
}

function refusedCommand(command: GroupCommand, error: ErrorCode): GroupCommand | undefined {
  if (command.kind !== 'sync') return undefined;
  const { groupId, generationId } = command.request;
  return { kind: 'sync-failed', groupId, generationId, error: coordinatorError(error) };
}
