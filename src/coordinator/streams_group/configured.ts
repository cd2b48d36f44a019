import type { MetadataImage } from '../../metadata/image.js';
import { ErrorCode } from '../../protocol/errors.js';
import { Refusal } from '../modern/refusal.js';
import { decidePartitions, type PartitionCount } from './partition_counts.js';
import { InvalidTopology, type Status, StreamsStatus, TopologyProblem } from './problems.js';
import { type InternalTopic, type StreamsTopology, type Subtopology, sourcesOf } from './topology.js';

/** A topic that is still to be made. */
export interface WantedTopic {
  readonly name: string;
  readonly numPartitions: number;
  /** -1: the broker's default. */
  readonly replicationFactor: number;
  readonly configs: ReadonlyMap<string, string>;
}

/** A topology with the topics that are there. */
export interface ConfiguredTopology {
  /** Number of tasks by subtopology, in the order of their ids; undefined while it cannot be known. */
  readonly tasks: ReadonlyMap<string, number> | undefined;
  readonly wanted: readonly WantedTopic[];
  /** Partitions of every internal topic. */
  readonly internalPartitions: ReadonlyMap<string, number>;
  /** Why nothing can be assigned yet. */
  readonly problem: Status | undefined;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** How many tasks there are and which internal topics are missing. STREAMS_INVALID_TOPOLOGY when it cannot be run at all. */
export function configure(topology: StreamsTopology, image: MetadataImage): ConfiguredTopology | Refusal {
  const none = { tasks: undefined, wanted: [], internalPartitions: new Map<string, number>() };
  try {
    checkSources(topology, image);
    const decided = decidePartitions(topology, image);
    const countOf: PartitionCount = (topic) => image.topicsByName.get(topic)?.partitions.length ?? decided.get(topic);
    const sorted = [...topology.subtopologies.values()].sort((a, b) => compare(a.subtopologyId, b.subtopologyId));
    const tasks = new Map(sorted.map((one) => [one.subtopologyId, tasksOf(one, countOf)]));
    const wanted = missingTopics(sorted, decided, image);
    const problem =
      wanted.length === 0
        ? undefined
        : {
            statusCode: StreamsStatus.missingInternalTopics,
            statusDetail: `Internal topics are missing: ${summary(wanted.map(({ name }) => name))}`,
          };
    return { tasks, wanted, internalPartitions: decided, problem };
  } catch (error) {
    if (error instanceof TopologyProblem) return { ...none, problem: error.status };
    if (error instanceof InvalidTopology) return new Refusal(ErrorCode.STREAMS_INVALID_TOPOLOGY, error.message);
    throw error;
  }
}

function checkSources(topology: StreamsTopology, image: MetadataImage): void {
  const missing = new Set<string>();
  for (const { sourceTopics } of topology.subtopologies.values())
    for (const topic of sourceTopics) if (!image.topicsByName.has(topic)) missing.add(topic);
  if (missing.size === 0) return;
  const statusDetail = `Source topics ${summary([...missing].sort(compare))} are missing.`;
  throw new TopologyProblem({ statusCode: StreamsStatus.missingSourceTopics, statusDetail });
}

function tasksOf(subtopology: Subtopology, countOf: PartitionCount): number {
  let tasks = 0;
  for (const topic of sourcesOf(subtopology)) tasks = Math.max(tasks, countOf(topic) ?? 0);
  if (tasks === 0) throw new InvalidTopology(`No source topics found for subtopology ${subtopology.subtopologyId}`);
  return tasks;
}

function missingTopics(
  subtopologies: readonly Subtopology[],
  decided: ReadonlyMap<string, number>,
  image: MetadataImage,
): WantedTopic[] {
  const wanted = new Map<string, WantedTopic>();
  for (const { repartitionSourceTopics, stateChangelogTopics } of subtopologies)
    for (const topic of [...repartitionSourceTopics, ...stateChangelogTopics])
      wanted.set(topic.name, wantedTopic(topic, decided));
  for (const [name, { numPartitions }] of wanted) {
    const existing = image.topicsByName.get(name);
    if (existing === undefined) continue;
    wanted.delete(name);
    if (existing.partitions.length === numPartitions) continue;
    const statusDetail =
      `Existing topic ${name} has different number of partitions: expected ${numPartitions}, found ` +
      `${existing.partitions.length}`;
    throw new TopologyProblem({ statusCode: StreamsStatus.incorrectlyPartitioned, statusDetail });
  }
  return [...wanted.values()];
}

function wantedTopic(topic: InternalTopic, decided: ReadonlyMap<string, number>): WantedTopic {
  return {
    name: topic.name,
    numPartitions: topic.partitions === 0 ? (decided.get(topic.name) ?? 1) : topic.partitions,
    replicationFactor: topic.replicationFactor === 0 ? -1 : topic.replicationFactor,
    configs: new Map(topic.topicConfigs.map(({ key, value }) => [key, value])),
  };
}

/** Three names, and how many more there are. */
function summary(topics: readonly string[]): string {
  const shown = topics.slice(0, 3).join(', ');
  return topics.length > 3 ? `${shown} and ${topics.length - 3} additional topics` : shown;
}
