import { ZERO_UUID } from '../../../src/common/ids.js';
import type { ApiKey } from '../../../src/protocol/api_keys.js';

export type Body = Readonly<Record<string, unknown>>;

/** What was answered so far, by step: later steps take topic ids, session ids and offsets from it. */
export type Answers = ReadonlyMap<string, unknown>;

/** A request by API and version, its body written down or made from earlier answers. */
export interface RequestStep {
  readonly name: string;
  readonly api: keyof typeof ApiKey;
  readonly version: number;
  readonly body: Body | ((answers: Answers) => object);
  /** The broker answers nothing (acks=0). */
  readonly silent?: true;
  /** A time between the steps that both brokers need to get there, e.g. an offset topic that is made in the background. */
  readonly until?: (answer: Body) => boolean;
}

/** Bytes as they are on the wire, on a connection of their own; the answer is what comes back, or `closed`. */
export interface RawStep {
  readonly name: string;
  readonly raw: Uint8Array;
}

export type Step = RequestStep | RawStep;

/** An id that no topic has. */
export const strangerId = 'aaaaaaaaaaaaaaaaaaaaaQ';
export { ZERO_UUID as zeroId };

/** Id of a topic as an earlier CreateTopics v7 answered it. */
export function idOf(answers: Answers, step: string, name: string): string {
  const answer = answers.get(step) as {
    readonly topics: readonly { readonly name: string; readonly topicId: string }[];
  };
  const found = answer.topics.find((one) => one.name === name);
  if (found === undefined) throw new Error(`${step} made no ${name}`);
  return found.topicId;
}

export interface TopicSpec {
  readonly name: string;
  readonly numPartitions?: number;
  readonly replicationFactor?: number;
  readonly assignments?: readonly { readonly partitionIndex: number; readonly brokerIds: readonly number[] }[];
  readonly configs?: readonly { readonly name: string; readonly value: string | null }[];
}

const topic = (spec: TopicSpec) => ({
  numPartitions: -1,
  replicationFactor: -1,
  assignments: [],
  configs: [],
  ...spec,
});

export const create = (
  name: string,
  version: number,
  topics: readonly TopicSpec[],
  validateOnly = false,
): RequestStep => ({
  name: `create: ${name}`,
  api: 'CreateTopics',
  version,
  body: { topics: topics.map(topic), timeoutMs: 10_000, validateOnly },
});

export const metadata = (
  name: string,
  version: number,
  topics: readonly object[] | null,
  more: object = {},
): RequestStep => ({
  name: `metadata: ${name}`,
  api: 'Metadata',
  version,
  body: { topics, ...(version >= 4 ? { allowAutoTopicCreation: false } : {}), ...more },
});

export const remove = (
  name: string,
  version: number,
  topics: readonly object[] | ((answers: Answers) => readonly object[]),
): RequestStep => ({
  name: `delete: ${name}`,
  api: 'DeleteTopics',
  version,
  body: (answers: Answers) => {
    const list = typeof topics === 'function' ? topics(answers) : topics;
    return version >= 6
      ? { topics: list, timeoutMs: 10_000 }
      : { topicNames: list.map((one) => (one as { name: string }).name), timeoutMs: 10_000 };
  },
});

/** Entries of one topic side by side, as clients send them. */
export function byTopic<T extends readonly [string, ...unknown[]]>(
  entries: readonly T[],
): ReadonlyArray<readonly [string, readonly T[]]> {
  const topics = new Map<string, T[]>();
  for (const entry of entries) topics.set(entry[0], [...(topics.get(entry[0]) ?? []), entry]);
  return [...topics];
}
