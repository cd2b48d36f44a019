import type { ConfiguredTopology } from './configured.js';
import type { StreamsDraft } from './draft.js';
import type { StreamsMember } from './member.js';
import { type Tasks, withoutEpochs } from './tasks.js';
import { sourcesOf } from './topology.js';

/** For interactive queries: which topic partitions are behind the endpoint of each member that has one. */
export function endpointPartitions(draft: StreamsDraft, member: StreamsMember, configured: ConfiguredTopology) {
  const others = [...draft.group.members()].filter((other) => other.memberId !== member.memberId);
  return [...others, member].flatMap((one) => {
    const { userEndpoint } = one.metadata;
    if (userEndpoint === null || configured.tasks === undefined) return [];
    return {
      userEndpoint,
      activePartitions: partitionsOf(draft, withoutEpochs(one.assigned.active)),
      standbyPartitions: partitionsOf(draft, one.assigned.standby),
    };
  });
}

function partitionsOf({ group, image }: StreamsDraft, tasks: Tasks) {
  return [...tasks].flatMap(([id, partitions]) => {
    const subtopology = group.head.topology?.subtopologies.get(id);
    return (subtopology === undefined ? [] : sourcesOf(subtopology)).flatMap((topic) => {
      const count = image.topicsByName.get(topic)?.partitions.length;
      return count === undefined ? [] : { topic, partitions: partitions.slice(0, count) };
    });
  });
}
