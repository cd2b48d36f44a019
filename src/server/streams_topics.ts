import { invalidTopicName } from '../controller/topic_names.js';
import { internalTopics } from '../metadata/metadata_cache.js';

interface Subtopology {
  readonly sourceTopics: readonly string[];
  readonly repartitionSinkTopics: readonly string[];
  readonly repartitionSourceTopics: ReadonlyArray<{ readonly name: string }>;
  readonly stateChangelogTopics: ReadonlyArray<{ readonly name: string }>;
}

/** Every topic that a topology reads, writes or keeps its state in. */
export function streamsTopics(
  topology: { readonly subtopologies: readonly Subtopology[] | null } | null,
): readonly string[] {
  const names = new Set<string>();
  for (const subtopology of topology?.subtopologies ?? []) {
    for (const name of [...subtopology.sourceTopics, ...subtopology.repartitionSinkTopics]) names.add(name);
    for (const { name } of [...subtopology.repartitionSourceTopics, ...subtopology.stateChangelogTopics])
      names.add(name);
  }
  return [...names];
}

/** Why no topology can have these topics. */
export function streamsTopicProblem(names: readonly string[]): string | undefined {
  const internal = names.filter((name) => internalTopics.has(name));
  if (internal.length > 0)
    return `Use of Kafka internal topics ${internal.join(',')} in a Kafka Streams topology is prohibited.`;
  const invalid = names.filter((name) => invalidTopicName(name) !== undefined);
  return invalid.length > 0 ? `Topic names ${invalid.join(',')} are not valid topic names.` : undefined;
}
