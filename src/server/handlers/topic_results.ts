import { type Uuid, ZERO_UUID } from '../../common/ids.js';
import type { MetadataImage, TopicImage } from '../../metadata/image.js';
import { ErrorCode } from '../../protocol/errors.js';

interface RequestedTopic<P> {
  readonly name: string;
  readonly topicId: Uuid;
  readonly partitions: readonly P[];
}

export interface PartitionError {
  readonly partitionIndex: number;
  readonly errorCode: ErrorCode;
}

/**
 * Partitions of a request about committed offsets, sorted into those that exist and answers for those that do not. In the
 * response the latter come first, as Kafka has them.
 */
export class TopicResults<P extends { readonly partitionIndex: number }> {
  /** What is left to be done. */
  readonly existing: Array<RequestedTopic<P>> = [];
  private readonly answers = new Map<string, { name: string; topicId: Uuid; partitions: PartitionError[] }>();

  constructor(image: MetadataImage, topics: ReadonlyArray<RequestedTopic<P>>, byId: boolean) {
    for (const requested of topics) {
      const topic = byId ? image.topicsById.get(requested.topicId) : image.topicsByName.get(requested.name);
      const unknown = byId ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
      const { name, topicId } = identity(topic, requested);
      const partitions: P[] = [];
      for (const partition of requested.partitions) {
        const { partitionIndex } = partition;
        if (topic === undefined) this.add(name, topicId, { partitionIndex, errorCode: unknown });
        else if (topic.partitions[partitionIndex] !== undefined) partitions.push(partition);
        else this.add(name, topicId, { partitionIndex, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION });
      }
      if (partitions.length > 0) this.existing.push({ name, topicId, partitions });
    }
  }

  /** Answers all that exist with one error. */
  failExisting(errorCode: ErrorCode): void {
    for (const { name, topicId, partitions } of this.existing)
      for (const { partitionIndex } of partitions) this.add(name, topicId, { partitionIndex, errorCode });
  }

  addAll(topics: ReadonlyArray<{ readonly name: string; readonly partitions: readonly PartitionError[] }>): void {
    const ids = new Map(this.existing.map(({ name, topicId }) => [name, topicId]));
    for (const { name, partitions } of topics)
      for (const partition of partitions) this.add(name, ids.get(name) ?? ZERO_UUID, partition);
  }

  get topics(): Array<{ readonly name: string; readonly topicId: Uuid; readonly partitions: PartitionError[] }> {
    return [...this.answers.values()];
  }

  private add(name: string, topicId: Uuid, partition: PartitionError): void {
    const key = name === '' ? topicId : name;
    const answer = this.answers.get(key);
    if (answer === undefined) this.answers.set(key, { name, topicId, partitions: [partition] });
    else answer.partitions.push(partition);
  }
}

function identity<P>(
  topic: TopicImage | undefined,
  requested: RequestedTopic<P>,
): { readonly name: string; readonly topicId: Uuid } {
  return topic === undefined
    ? { name: requested.name, topicId: requested.topicId }
    : { name: topic.name, topicId: topic.id };
}
