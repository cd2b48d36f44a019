import type { MetadataImage } from '../../metadata/image.js';
import type { GroupDecision } from '../group/commands.js';
import { streamsOf } from '../group/kinds.js';
import type { GroupState } from '../group/state.js';
import { sessionTimer, type Turn } from '../group/turn.js';
import type { StreamsTimerCommand } from './commands.js';
import { StreamsDraft } from './draft.js';
import type { StreamsGroup } from './group.js';
import { streamsSettings } from './settings.js';

const rebalanceTimer = (groupId: string, memberId: string): string => `rebalance\0${groupId}\0${memberId}`;
export const streamsDelayTimer = (groupId: string): string => `streams-delay\0${groupId}`;

export function startStreamsSession(turn: Turn, groupId: string, memberId: string, delayMs: number): void {
  turn.startTimer(sessionTimer(groupId, memberId), delayMs, { kind: 'streams-session-expired', groupId, memberId });
}

export function startStreamsRebalance(
  turn: Turn,
  groupId: string,
  memberId: string,
  memberEpoch: number,
  delayMs: number,
): void {
  const command = { kind: 'streams-rebalance-expired', groupId, memberId, memberEpoch } as const;
  turn.startTimer(rebalanceTimer(groupId, memberId), delayMs, command);
}

export function cancelStreamsRebalance(turn: Turn, groupId: string, memberId: string): void {
  turn.cancelTimer(rebalanceTimer(groupId, memberId));
}

/** Takes a member out of the group; the others learn with the next target assignment. */
export function fenceStreamsMember(state: GroupState, group: StreamsGroup, memberId: string, turn: Turn): StreamsDraft {
  const draft = new StreamsDraft(group.draft(), state, turn);
  const { groupId } = group;
  for (const kind of ['streams-member-current', 'streams-member-target', 'streams-member'] as const)
    draft.emit({ kind, groupId, memberId, value: undefined });
  const { metadataHash, validatedTopologyEpoch, assignmentConfigs } = group.head;
  draft.emitEpoch(metadataHash, validatedTopologyEpoch, assignmentConfigs);
  turn.cancelTimer(sessionTimer(groupId, memberId));
  cancelStreamsRebalance(turn, groupId, memberId);
  return draft;
}

export function decideStreamsExpired(
  state: GroupState,
  command: StreamsTimerCommand & { readonly kind: 'streams-session-expired' | 'streams-rebalance-expired' },
  turn: Turn,
): GroupDecision {
  const { groupId, memberId } = command;
  const group = streamsOf(state.groups.get(groupId));
  const member = group?.member(memberId);
  if (group === undefined || member === undefined) return turn.done();
  if (command.kind === 'streams-rebalance-expired' && member.memberEpoch !== command.memberEpoch) return turn.done();
  const why =
    command.kind === 'streams-session-expired' ? 'its session expired' : 'it did not give up its tasks in time';
  turn.note(`streams group ${groupId}: member ${memberId} is out, ${why}`);
  fenceStreamsMember(state, group, memberId, turn);
  return turn.done();
}

/** After a load everybody has a whole session timeout to be heard of. */
export function startStreamsTimers(group: StreamsGroup, image: MetadataImage, turn: Turn): void {
  const { groupId } = group;
  const { sessionTimeoutMs } = streamsSettings(image, groupId, turn.rules.streams);
  for (const { memberId, memberEpoch, state, metadata } of group.members()) {
    startStreamsSession(turn, groupId, memberId, sessionTimeoutMs);
    if (state === 'unrevoked') startStreamsRebalance(turn, groupId, memberId, memberEpoch, metadata.rebalanceTimeoutMs);
  }
}
