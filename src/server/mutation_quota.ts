import type { MetadataCache } from '../metadata/image.js';
import { ApiKey } from '../protocol/api_keys.js';
import { ErrorCode } from '../protocol/errors.js';
import type { Api } from '../protocol/registry.js';
import type { Mutations, QuotaManager } from '../quota/quota_manager.js';
import type { RequestContext } from './handler.js';

type Body = Readonly<Record<string, unknown>>;
type AnyHandler = (request: unknown, context: RequestContext) => unknown;

export interface MutationQuotaDeps {
  readonly manager: QuotaManager;
  readonly metadata: MetadataCache;
  nowMs(): number;
  defaultPartitions(): number;
}

interface Shape {
  /** Lists of the request whose elements change something. */
  readonly lists: readonly string[];
  readonly answers: string;
  /** From here on clients know THROTTLING_QUOTA_EXCEEDED; before, changes are made and the client waits. */
  readonly strictFrom: number;
  /** Partitions that an element makes or takes away. */
  count(element: unknown, deps: MutationQuotaDeps): number;
}

const shapes: ReadonlyMap<number, Shape> = new Map([
  [
    ApiKey.CreateTopics,
    {
      lists: ['topics'],
      answers: 'topics',
      strictFrom: 6,
      count: (element, deps) => {
        const { assignments, numPartitions } = element as Body;
        if (Array.isArray(assignments) && assignments.length > 0) return assignments.length;
        return Number(numPartitions) > 0 ? Number(numPartitions) : deps.defaultPartitions();
      },
    },
  ],
  [
    ApiKey.CreatePartitions,
    {
      lists: ['topics'],
      answers: 'results',
      strictFrom: 3,
      count: (element, { metadata }) => {
        const { name, count } = element as Body;
        const there = metadata.current().topicsByName.get(String(name))?.partitions.length ?? 0;
        return Math.max(0, Number(count) - there);
      },
    },
  ],
  [
    ApiKey.DeleteTopics,
    {
      lists: ['topics', 'topicNames'],
      answers: 'responses',
      strictFrom: 5,
      count: (element, { metadata }) => {
        const image = metadata.current();
        if (typeof element === 'string') return image.topicsByName.get(element)?.partitions.length ?? 0;
        const { name, topicId } = element as Body;
        const found =
          typeof name === 'string' && name !== ''
            ? image.topicsByName.get(name)
            : [...image.topicsById.values()].find(({ id }) => id === topicId);
        return found?.partitions.length ?? 0;
      },
    },
  ],
]);

/**
 * The quota for changes of topics (KIP-599): each partition counts one; when earlier ones are not paid for, topics are refused with
 * THROTTLING_QUOTA_EXCEEDED. `handler` itself for other APIs.
 */
export function withMutationQuota(api: Api, handler: AnyHandler, deps: MutationQuotaDeps): AnyHandler {
  const shape = shapes.get(api.key);
  if (shape === undefined) return handler;
  return (given, context) => {
    if (!deps.manager.active) return handler(given, context);
    const { principal, clientId } = context;
    const who = { user: principal.slice(principal.indexOf(':') + 1), clientId: clientId ?? '' };
    const mutations = deps.manager.mutations(who, deps.nowMs());
    if (mutations === undefined) return handler(given, context);
    const request = given as Body;
    const refused: Body[] = [];
    const kept = shape.lists.map((name) => {
      const list = Array.isArray(request[name]) ? (request[name] as unknown[]) : [];
      return [name, list.filter((element) => admit(element, mutations, shape, deps, context, refused))] as const;
    });
    const isEmptied = refused.length > 0 && kept.every(([, list]) => list.length === 0);
    const answer = isEmptied ? {} : handler({ ...request, ...Object.fromEntries(kept) }, context);
    return completed(answer, shape.answers, refused, mutations);
  };
}

function admit(
  element: unknown,
  mutations: Mutations,
  shape: Shape,
  deps: MutationQuotaDeps,
  { apiVersion }: RequestContext,
  refused: Body[],
): boolean {
  const count = shape.count(element, deps);
  if (apiVersion < shape.strictFrom) {
    mutations.take(count);
    return true;
  }
  if (mutations.tryTake(count)) return true;
  const { name, topicId } = typeof element === 'string' ? { name: element, topicId: undefined } : (element as Body);
  refused.push({
    name,
    ...(shape.answers === 'responses' && topicId !== undefined ? { topicId } : {}),
    errorCode: ErrorCode.THROTTLING_QUOTA_EXCEEDED,
    errorMessage: 'The throttling quota has been exceeded.',
  });
  return false;
}

function completed(answer: unknown, answers: string, refused: readonly Body[], mutations: Mutations): unknown {
  if (answer instanceof Promise) return answer.then((one: unknown) => completed(one, answers, refused, mutations));
  if (typeof answer !== 'object' || answer === null) return answer;
  const own = (answer as Body)[answers];
  return {
    ...answer,
    [answers]: [...(Array.isArray(own) ? (own as unknown[]) : []), ...refused],
    throttleTimeMs: mutations.delayMs,
  };
}
