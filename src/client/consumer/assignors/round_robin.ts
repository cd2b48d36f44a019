import { type Assignor, emptyAssignment, sortMembers, subscribedTopics } from './assignor.js';

/** All partitions of all topics in a row, dealt out to the members that subscribe to them. */
export const roundRobinAssignor: Assignor = {
  name: 'roundrobin',
  isCooperative: false,
  assign: (members, partitionCounts) => {
    const assignment = emptyAssignment(members);
    const sorted = sortMembers(members);
    let turn = 0;
    for (const topic of subscribedTopics(members, partitionCounts))
      for (let partition = 0; partition < (partitionCounts.get(topic) ?? 0); partition += 1) {
        let member = sorted[turn % sorted.length];
        while (member !== undefined && !member.topics.includes(topic)) {
          turn += 1;
          member = sorted[turn % sorted.length];
        }
        turn += 1;
        if (member !== undefined) assignment.get(member.memberId)?.push({ topic, partition });
      }
    return assignment;
  },
};
