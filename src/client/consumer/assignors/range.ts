import { type Assignor, emptyAssignment, sortMembers, subscribedTopics } from './assignor.js';

/** Per topic, each member gets a run of partitions; the first members get one more. Equal numbers of topics stay together. */
export const rangeAssignor: Assignor = {
  name: 'range',
  isCooperative: false,
  assign: (members, partitionCounts) => {
    const assignment = emptyAssignment(members);
    for (const topic of subscribedTopics(members, partitionCounts)) {
      const interested = sortMembers(members.filter((member) => member.topics.includes(topic)));
      const count = partitionCounts.get(topic) ?? 0;
      const each = Math.floor(count / interested.length);
      const more = count % interested.length;
      let partition = 0;
      for (const [index, member] of interested.entries())
        for (let left = each + (index < more ? 1 : 0); left > 0; left -= 1, partition += 1)
          assignment.get(member.memberId)?.push({ topic, partition });
    }
    return assignment;
  },
};
