import type { StreamsGroupTopologyValue } from '../../protocol/records/group_streams.js';

export type Subtopology = StreamsGroupTopologyValue['subtopologies'][number];
export type InternalTopic = Subtopology['stateChangelogTopics'][number];

/** What an application does, in parts that are connected by repartition topics. */
export interface StreamsTopology {
  readonly epoch: number;
  readonly subtopologies: ReadonlyMap<string, Subtopology>;
  /** Subtopology by topic that it reads. */
  readonly sourceTopics: ReadonlyMap<string, string>;
  /** Topics that have to be there. */
  readonly requiredTopics: ReadonlySet<string>;
}

export function topologyOf(value: StreamsGroupTopologyValue): StreamsTopology {
  const sourceTopics = new Map<string, string>();
  const requiredTopics = new Set<string>();
  for (const subtopology of value.subtopologies) {
    for (const topic of sourcesOf(subtopology)) {
      sourceTopics.set(topic, subtopology.subtopologyId);
      requiredTopics.add(topic);
    }
    for (const { name } of subtopology.stateChangelogTopics) requiredTopics.add(name);
  }
  const subtopologies = new Map(value.subtopologies.map((one) => [one.subtopologyId, one]));
  return { epoch: value.epoch, subtopologies, sourceTopics, requiredTopics };
}

/** Everything a subtopology reads. */
export function sourcesOf(subtopology: Subtopology): string[] {
  return [...subtopology.sourceTopics, ...subtopology.repartitionSourceTopics.map(({ name }) => name)];
}

export function sameTopology(a: StreamsTopology, b: StreamsTopology): boolean {
  if (a.epoch !== b.epoch || a.subtopologies.size !== b.subtopologies.size) return false;
  for (const [id, subtopology] of a.subtopologies)
    if (JSON.stringify(subtopology) !== JSON.stringify(b.subtopologies.get(id))) return false;
  return true;
}
