import type { Uuid } from '../../common/ids.js';
import type { MetadataImage } from '../../metadata/image.js';
import type { ShareGroupStatePartitionMetadataValue } from '../../protocol/records/group_share.js';
import { type Assignment, noAssignment, type TopicPartitions } from '../modern/assignment.js';

/** Partitions of a topic whose state at the share coordinator is there, or is being made. */
export interface TopicState {
  readonly name: string;
  readonly partitions: readonly number[];
}

export type TopicStates = ReadonlyMap<Uuid, TopicState>;

/**
 * Where a share group's partitions are on their way to a state at the share coordinator. Only initialized ones are assigned to
 * members.
 */
export interface PartitionStates {
  readonly initializing: TopicStates;
  readonly initialized: TopicStates;
  /** Names of topics whose state is being deleted. */
  readonly deleting: ReadonlyMap<Uuid, string>;
  /** Since when it is so. */
  readonly sinceMs: number;
}

export const noStates: PartitionStates = {
  initializing: new Map(),
  initialized: new Map(),
  deleting: new Map(),
  sinceMs: 0,
};

export function statesOf(value: ShareGroupStatePartitionMetadataValue, sinceMs: number): PartitionStates {
  const topics = (list: ShareGroupStatePartitionMetadataValue['initializedTopics']) =>
    new Map(list.map(({ topicId, topicName, partitions }) => [topicId, { name: topicName, partitions }]));
  return {
    initializing: topics(value.initializingTopics),
    initialized: topics(value.initializedTopics),
    deleting: new Map(value.deletingTopics.map(({ topicId, topicName }) => [topicId, topicName])),
    sinceMs,
  };
}

export function statesValueOf(states: PartitionStates): ShareGroupStatePartitionMetadataValue {
  const topics = (of: TopicStates) =>
    [...of].map(([topicId, { name, partitions }]) => ({ topicId, topicName: name, partitions: [...partitions] }));
  return {
    initializingTopics: topics(states.initializing),
    initializedTopics: topics(states.initialized),
    deletingTopics: [...states.deleting].map(([topicId, topicName]) => ({ topicId, topicName })),
  };
}

function ascending(partitions: Iterable<number>): number[] {
  return [...new Set(partitions)].sort((a, b) => a - b);
}

function plus(states: TopicStates, more: TopicStates): TopicStates {
  const all = new Map(states);
  for (const [topicId, { name, partitions }] of more)
    all.set(topicId, { name, partitions: ascending([...(all.get(topicId)?.partitions ?? []), ...partitions]) });
  return all;
}

function minus(states: TopicStates, topics: TopicPartitions): TopicStates {
  const rest = new Map(states);
  for (const { topicId, partitions } of topics) {
    const state = rest.get(topicId);
    if (state === undefined) continue;
    const left = state.partitions.filter((partition) => !partitions.includes(partition));
    if (left.length === 0) rest.delete(topicId);
    else rest.set(topicId, { ...state, partitions: left });
  }
  return rest;
}

function without<V>(map: ReadonlyMap<Uuid, V>, topicIds: ReadonlySet<Uuid>): ReadonlyMap<Uuid, V> {
  return new Map([...map].filter(([topicId]) => !topicIds.has(topicId)));
}

const unknownName = '<UNKNOWN>';

function named(image: MetadataImage, topics: TopicPartitions): TopicStates {
  return new Map(
    topics.map(({ topicId, partitions }) => [
      topicId,
      { name: image.topicsById.get(topicId)?.name ?? unknownName, partitions },
    ]),
  );
}

export function withInitializing(states: PartitionStates, image: MetadataImage, topics: TopicPartitions) {
  const begun = named(image, topics);
  return {
    ...states,
    initializing: plus(states.initializing, begun),
    deleting: without(states.deleting, new Set(begun.keys())),
  };
}

export function withInitialized(states: PartitionStates, image: MetadataImage, topics: TopicPartitions) {
  return {
    ...states,
    initializing: minus(states.initializing, topics),
    initialized: plus(states.initialized, named(image, topics)),
  };
}

/** Their state could not be made. */
export function withoutInitializing(states: PartitionStates, topics: TopicPartitions): PartitionStates {
  return { ...states, initializing: minus(states.initializing, topics) };
}

/** Topics whose state is to be deleted are not initialized from here on. */
export function withDeleting(states: PartitionStates, image: MetadataImage, topicIds: Iterable<Uuid>): PartitionStates {
  const gone = new Set(topicIds);
  const deleting = new Map(states.deleting);
  for (const topicId of gone) deleting.set(topicId, image.topicsById.get(topicId)?.name ?? unknownName);
  return { ...states, initialized: without(states.initialized, gone), deleting };
}

export function withoutDeleting(states: PartitionStates, topicIds: Iterable<Uuid>): PartitionStates {
  return { ...states, deleting: without(states.deleting, new Set(topicIds)) };
}

/** Undefined: nothing of these topics is here. */
export function withoutTopics(states: PartitionStates, topicIds: ReadonlySet<Uuid>): PartitionStates | undefined {
  const maps = [states.initializing, states.initialized, states.deleting];
  if (!maps.some((map) => [...topicIds].some((topicId) => map.has(topicId)))) return undefined;
  return {
    ...states,
    initializing: without(states.initializing, topicIds),
    initialized: without(states.initialized, topicIds),
    deleting: without(states.deleting, topicIds),
  };
}

export function initializedOf(states: PartitionStates): Assignment {
  if (states.initialized.size === 0) return noAssignment;
  return new Map([...states.initialized].map(([topicId, { partitions }]) => [topicId, partitions]));
}

/** Everything that may have a state at the share coordinator: topics on the way out have it for all partitions they have now. */
export function everythingOf(states: PartitionStates, image: MetadataImage): TopicPartitions {
  const deleting = new Map<Uuid, TopicState>();
  for (const [topicId, name] of states.deleting) {
    const count = image.topicsById.get(topicId)?.partitions.length;
    if (count !== undefined) deleting.set(topicId, { name, partitions: [...Array(count).keys()] });
  }
  const all = plus(plus(states.initialized, states.initializing), deleting);
  return [...all].map(([topicId, { partitions }]) => ({ topicId, partitions }));
}

/** Partitions of these topics without a state, of which none is being made either unless it takes too long. */
export function uninitializedOf(
  states: PartitionStates,
  image: MetadataImage,
  topicNames: Iterable<string>,
  retryBeforeMs: number,
): TopicPartitions {
  const known = states.sinceMs > retryBeforeMs ? plus(states.initialized, states.initializing) : states.initialized;
  return [...topicNames].flatMap((name) => {
    const topic = image.topicsByName.get(name);
    if (topic === undefined) return [];
    const has = new Set(known.get(topic.id)?.partitions ?? []);
    const partitions = [...topic.partitions.keys()].filter((partition) => !has.has(partition));
    return partitions.length === 0 ? [] : { topicId: topic.id, partitions };
  });
}
