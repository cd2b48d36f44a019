import type { Uuid } from '../../common/ids.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { GroupDecision } from '../group/commands.js';
import { shareOf } from '../group/kinds.js';
import type { GroupState } from '../group/state.js';
import type { Turn } from '../group/turn.js';
import type { ShareGroupCommand } from './commands.js';
import { ShareDraft } from './draft.js';
import {
  everythingOf,
  initializedOf,
  type PartitionStates,
  withDeleting,
  withInitialized,
  withoutDeleting,
  withoutInitializing,
  withoutTopics,
} from './partition_states.js';

// Partitions on their way to a state at the share coordinator, and back.

type Of<K extends ShareGroupCommand['kind']> = ShareGroupCommand & { readonly kind: K };

function changeStates(
  state: GroupState,
  groupId: string,
  turn: Turn,
  change: (states: PartitionStates) => PartitionStates | undefined,
): void {
  const group = shareOf(state.groups.get(groupId));
  const next = group && change(group.partitionStates);
  if (next !== undefined) new ShareDraft(group, groupId, state, turn).emitStates(next);
}

export function decideShareInitialized(
  state: GroupState,
  { token, groupId }: Of<'share-initialized'>,
  turn: Turn,
): GroupDecision {
  const group = shareOf(state.groups.get(groupId));
  const initialized = group === undefined ? [] : [...initializedOf(group.partitionStates)];
  const topics = initialized.map(([topicId, partitions]) => ({ topicId, partitions }));
  turn.reply(token, { kind: 'share-initialized', topics });
  return turn.done();
}

export function decideInitializeDone(
  state: GroupState,
  { token, groupId, topics, succeeded }: Of<'share-initialize-done'>,
  turn: Turn,
): GroupDecision {
  changeStates(state, groupId, turn, (states) =>
    succeeded ? withInitialized(states, state.image, topics) : withoutInitializing(states, topics),
  );
  turn.reply(token, { kind: 'share-initialize-done' });
  return turn.done();
}

export function decideDeleteDone(
  state: GroupState,
  { token, groupId, topicIds }: Of<'share-delete-done'>,
  turn: Turn,
): GroupDecision {
  changeStates(state, groupId, turn, (states) => withoutDeleting(states, topicIds));
  turn.reply(token, { kind: 'share-delete-done' });
  return turn.done();
}

/** From here on the groups' states are on their way out; NON_EMPTY_GROUP while there are members. */
export function decideDeleteShareGroups(
  state: GroupState,
  { token, groupIds }: Of<'share-delete-groups'>,
  turn: Turn,
): GroupDecision {
  const groups = groupIds.flatMap((groupId) => {
    const group = shareOf(state.groups.get(groupId));
    if (group === undefined) return [];
    if (!group.isEmpty) return { groupId, errorCode: ErrorCode.NON_EMPTY_GROUP, topics: [] };
    const topics = everythingOf(group.partitionStates, state.image);
    if (topics.length > 0)
      changeStates(state, groupId, turn, (states) => ({
        ...withDeleting(
          states,
          state.image,
          topics.map(({ topicId }) => topicId),
        ),
        initializing: new Map(),
      }));
    return { groupId, errorCode: ErrorCode.NONE, topics };
  });
  turn.reply(token, { kind: 'share-delete-groups', groups });
  return turn.done();
}

/** Topics that are gone have no state any more: the share coordinator sees to that itself. */
export function forgetTopics(state: GroupState, topicIds: ReadonlySet<Uuid>, turn: Turn): void {
  for (const group of state.groups.values())
    if (group.type === 'share') changeStates(state, group.groupId, turn, (states) => withoutTopics(states, topicIds));
}
