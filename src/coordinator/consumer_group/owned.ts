import type { MetadataImage } from '../../metadata/image.js';
import type { TopicPartitions } from '../modern/assignment.js';

/** Partitions that a member that speaks the classic protocol says it has, by topic id; topics that are gone are left out. */
export function ownedIn(
  topics: ReadonlyArray<{ readonly topic: string; readonly partitions: readonly number[] }>,
  image: MetadataImage,
): TopicPartitions {
  return topics.flatMap(({ topic, partitions }) => {
    const topicId = image.topicsByName.get(topic)?.id;
    return topicId === undefined ? [] : { topicId, partitions };
  });
}
