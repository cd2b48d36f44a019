import type { MetadataImage } from '../../metadata/image.js';
import type { GroupDecision } from '../group/commands.js';
import { shareOf } from '../group/kinds.js';
import type { GroupState } from '../group/state.js';
import { sessionTimer, type Turn } from '../group/turn.js';
import type { ShareGroupCommand } from './commands.js';
import { ShareDraft } from './draft.js';
import type { ShareGroup } from './group.js';
import { sessionTimeoutMs } from './settings.js';
import { shareMemberTombstones } from './tombstones.js';

export function startShareSession(turn: Turn, image: MetadataImage, groupId: string, memberId: string): void {
  const timeoutMs = sessionTimeoutMs(image, groupId, turn.rules.share);
  turn.startTimer(sessionTimer(groupId, memberId), timeoutMs, { kind: 'share-fence', groupId, memberId });
}

/** After a load everybody has a whole session timeout to be heard of. */
export function startShareSessions(group: ShareGroup, image: MetadataImage, turn: Turn): void {
  for (const { memberId } of group.members()) startShareSession(turn, image, group.groupId, memberId);
}

/** Takes a member out of its group. */
export function fenceShareMember(state: GroupState, group: ShareGroup, memberId: string, turn: Turn): void {
  const { groupId } = group;
  const draft = new ShareDraft(group, groupId, state, turn);
  for (const record of shareMemberTombstones(groupId, memberId)) draft.emit(record);
  draft.emitEpoch(group.head.groupEpoch + 1, draft.hash());
  turn.cancelTimer(sessionTimer(groupId, memberId));
}

/** A member was not heard of in time. */
export function decideShareFence(
  state: GroupState,
  { groupId, memberId }: ShareGroupCommand & { readonly kind: 'share-fence' },
  turn: Turn,
): GroupDecision {
  const group = shareOf(state.groups.get(groupId));
  if (group?.member(memberId) === undefined) return turn.done();
  turn.note(`share group ${groupId}: member ${memberId} is out, its session expired`);
  fenceShareMember(state, group, memberId, turn);
  return turn.done();
}
