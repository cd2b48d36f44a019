import type { MetadataImage } from '../../metadata/image.js';
import type { Turn } from '../group/turn.js';
import type { ConsumerGroup } from './group.js';
import { sessionTimeoutMs } from './settings.js';
import { startRebalanceTimer, startSessionTimer } from './timers.js';

/** After a load everybody has a whole session timeout to be heard of, and a whole rebalance timeout to give up partitions. */
export function startMemberTimers(group: ConsumerGroup, image: MetadataImage, turn: Turn): void {
  const { groupId } = group;
  const sessionMs = sessionTimeoutMs(image, groupId, turn.rules.consumer);
  for (const member of group.members()) {
    const of = { groupId, memberId: member.memberId };
    startSessionTimer(turn, of, sessionMs);
    if (member.state === 'unrevoked') startRebalanceTimer(turn, of, member.memberEpoch, member.rebalanceTimeoutMs);
  }
}
