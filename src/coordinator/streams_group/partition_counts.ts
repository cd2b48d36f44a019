import type { MetadataImage } from '../../metadata/image.js';
import { InvalidTopology, StreamsStatus, TopologyProblem } from './problems.js';
import { type StreamsTopology, type Subtopology, sourcesOf } from './topology.js';

export type PartitionCount = (topic: string) => number | undefined;

/**
 * Partitions of the internal topics: repartition topics have as many as the widest subtopology that writes to them, or as the
 * topics they are joined with; changelogs as many as their subtopology has tasks.
 */
export function decidePartitions(topology: StreamsTopology, image: MetadataImage): ReadonlyMap<string, number> {
  const decided = new Map<string, number>();
  const countOf: PartitionCount = (topic) => image.topicsByName.get(topic)?.partitions.length ?? decided.get(topic);
  const subtopologies = [...topology.subtopologies.values()];
  decideRepartitions(subtopologies, decided, countOf);
  enforceCopartitions(subtopologies, decided, countOf);
  for (const subtopology of subtopologies) {
    const counts = sourcesOf(subtopology).map((topic) => countOf(topic) ?? 0);
    if (counts.length === 0)
      throw new InvalidTopology(`No source topics found for subtopology ${subtopology.subtopologyId}`);
    for (const { name } of subtopology.stateChangelogTopics) decided.set(name, Math.max(...counts));
  }
  return decided;
}

function decideRepartitions(
  subtopologies: readonly Subtopology[],
  decided: Map<string, number>,
  countOf: PartitionCount,
): void {
  const counts = new Map<string, number>();
  for (const { repartitionSourceTopics } of subtopologies)
    for (const { name, partitions } of repartitionSourceTopics) if (partitions !== 0) counts.set(name, partitions);
  for (let open = true; open; ) {
    open = false;
    let progress = false;
    for (const subtopology of subtopologies)
      for (const sink of subtopology.repartitionSinkTopics) {
        if (counts.has(sink)) continue;
        const count = widest(subtopology, counts, countOf);
        if (count === undefined) open = true;
        else {
          counts.set(sink, count);
          progress = true;
        }
      }
    if (open && !progress)
      throw new InvalidTopology(
        'Failed to compute number of partitions for all repartition topics. There may be loops in the topology that cannot be ' +
          'resolved.',
      );
  }
  for (const { repartitionSourceTopics } of subtopologies)
    for (const { name } of repartitionSourceTopics)
      if (!counts.has(name))
        throw new InvalidTopology(
          'Failed to compute number of partitions for all repartition topics, because a repartition source topic is never used ' +
            'as a sink topic.',
        );
  for (const [name, count] of counts) decided.set(name, count);
}

function widest(
  subtopology: Subtopology,
  counts: ReadonlyMap<string, number>,
  countOf: PartitionCount,
): number | undefined {
  const known = [
    ...subtopology.repartitionSourceTopics.flatMap(({ name }) => counts.get(name) ?? []),
    ...subtopology.sourceTopics.flatMap((topic) => countOf(topic) ?? []),
  ];
  return known.length === 0 ? undefined : Math.max(...known);
}

/** Topics that are joined have the same number of partitions; of repartition topics it can be chosen, if it is not fixed. */
function enforceCopartitions(
  subtopologies: readonly Subtopology[],
  decided: Map<string, number>,
  countOf: PartitionCount,
): void {
  const fixed = new Map<string, boolean>();
  for (const { repartitionSourceTopics } of subtopologies)
    for (const { name, partitions } of repartitionSourceTopics) fixed.set(name, partitions !== 0);
  for (const subtopology of subtopologies)
    for (const group of subtopology.copartitionGroups) {
      const topics = new Set([
        ...group.sourceTopics.flatMap((index) => subtopology.sourceTopics[index] ?? []),
        ...group.repartitionSourceTopics.flatMap((index) => subtopology.repartitionSourceTopics[index]?.name ?? []),
      ]);
      if (topics.size > 0) enforce([...topics], fixed, decided, countOf);
    }
}

function enforce(
  topics: readonly string[],
  fixed: ReadonlyMap<string, boolean>,
  decided: Map<string, number>,
  countOf: PartitionCount,
): void {
  const counts = new Map(topics.map((topic) => [topic, countOf(topic) ?? 0]));
  const repartition = topics.filter((topic) => fixed.has(topic));
  const others = topics.filter((topic) => !fixed.has(topic));
  const anyFixed = [...fixed].filter(([, isFixed]) => isFixed).map(([topic]) => topic);
  let partitions: number;
  if (others.length > 0) partitions = same(others, counts);
  else if (anyFixed.length > 0) {
    partitions = same(anyFixed, new Map(anyFixed.map((topic) => [topic, countOf(topic) ?? 0])), repartition, counts);
  } else partitions = Math.max(...counts.values());
  for (const topic of repartition) {
    const before = counts.get(topic);
    if (fixed.get(topic) === true && before !== partitions)
      throw wronglyPartitioned(
        `Number of partitions [${before}] of repartition topic [${topic}] doesn't match number of partitions [${partitions}] of ` +
          'the source topic.',
      );
    decided.set(topic, partitions);
  }
}

function same(
  topics: readonly string[],
  counts: ReadonlyMap<string, number>,
  shown: readonly string[] = topics,
  shownCounts: ReadonlyMap<string, number> = counts,
): number {
  const [first = 0] = topics.map((topic) => counts.get(topic) ?? 0);
  if (topics.every((topic) => counts.get(topic) === first)) return first;
  const all = [...shown].sort().map((topic) => `${topic}=${shownCounts.get(topic)}`);
  throw wronglyPartitioned(`Following topics do not have the same number of partitions: [{${all.join(', ')}}]`);
}

function wronglyPartitioned(statusDetail: string): TopologyProblem {
  return new TopologyProblem({ statusCode: StreamsStatus.incorrectlyPartitioned, statusDetail });
}
