import type { GroupDecision } from '../group/commands.js';
import { streamsOf } from '../group/kinds.js';
import type { GroupState } from '../group/state.js';
import type { Turn } from '../group/turn.js';
import { Refusal } from '../modern/refusal.js';
import { configure } from './configured.js';
import { StreamsDraft } from './draft.js';
import { computeTarget } from './progress.js';
import { streamsSettings } from './settings.js';

/** `group.streams.initial.rebalance.delay.ms` is over: the first assignment, for all members that have come meanwhile. */
export function decideStreamsDelayOver(state: GroupState, groupId: string, turn: Turn): GroupDecision {
  const group = streamsOf(state.groups.get(groupId));
  if (group === undefined) return turn.done();
  const draft = new StreamsDraft(group.draft(), state, turn);
  draft.change({ delayed: false });
  const { topology, groupEpoch, assignmentEpoch } = group.head;
  if (group.isEmpty || topology === undefined || groupEpoch <= assignmentEpoch) return turn.done();
  const configured = configure(topology, state.image);
  if (!(configured instanceof Refusal))
    computeTarget(draft, configured, streamsSettings(state.image, groupId, turn.rules.streams));
  return turn.done();
}
