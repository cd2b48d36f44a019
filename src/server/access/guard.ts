import { ApiKey } from '../../protocol/api_keys.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { Api } from '../../protocol/registry.js';
import type { Operation, ResourceType } from '../../security/acls.js';
import { RESOURCE } from '../../security/acls.js';
import { CloseConnection, LaterResponse, promised, type RequestContext } from '../handler.js';
import { errorResponse } from '../unsupported.js';
import type { Access } from './access.js';

export type Body = Readonly<Record<string, unknown>>;
export type AnyHandler = (request: unknown, context: RequestContext) => unknown;
/** Stands before the handler of an API. */
export type Guard = (
  api: Api,
  handler: AnyHandler,
  access: Access,
) => (request: Body, context: RequestContext) => unknown;

/** Fields of requests and answers, whose shapes the codecs have checked. */
export const structs = (value: unknown): Body[] => (Array.isArray(value) ? (value as Body[]) : []);
export const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** What a caller must be allowed before a request, or an element of it, is looked at. */
export type Rule =
  | { readonly kind: 'cluster'; readonly operation: Operation }
  /** The resource that a field of the request names; null and missing names need nothing. */
  | { readonly kind: 'field'; readonly field: string; readonly type: ResourceType; readonly operation: Operation }
  /** Elements of a list, each answered by itself. */
  | {
      readonly kind: 'each';
      readonly list: string;
      /** List of the response that answers them. */
      readonly answers: string;
      /** Field of an element that has the name; without it an element is the name. */
      readonly name: string | undefined;
      readonly type: ResourceType;
      readonly operation: Operation;
      /** What a refused element, or a partition in it, says beside the error. */
      readonly element?: Body;
      readonly partition?: Body;
    };

export const refusals: Readonly<Record<number, { readonly code: ErrorCode; readonly message: string }>> = {
  [RESOURCE.TOPIC]: { code: ErrorCode.TOPIC_AUTHORIZATION_FAILED, message: 'Topic authorization failed.' },
  [RESOURCE.GROUP]: { code: ErrorCode.GROUP_AUTHORIZATION_FAILED, message: 'Group authorization failed.' },
  [RESOURCE.CLUSTER]: { code: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, message: 'Cluster authorization failed.' },
  [RESOURCE.TRANSACTIONAL_ID]: {
    code: ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    message: 'Transactional Id authorization failed.',
  },
};

/** The whole request refused: one error at the top, or one for each element. */
export function refuseWhole(api: Api, request: Body, context: RequestContext, type: ResourceType): Body {
  const answer = refuseElements(api, request, context, type);
  if (answer.errorCode === undefined || inDetail.has(api.key)) return answer;
  return Object.fromEntries(Object.entries(answer).filter(([, value]) => !Array.isArray(value)));
}

/** Their answers have the error at the top and at each element. */
const inDetail: ReadonlySet<number> = new Set([ApiKey.ElectLeaders, ApiKey.AlterPartitionReassignments]);

function refuseElements(api: Api, request: Body, context: RequestContext, type: ResourceType): Body {
  const error = refusals[type] ?? { code: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, message: '' };
  return errorResponse(api, context.apiVersion, request, error) ?? {};
}

/** `handler` behind `rules`, in their order. */
export function guarded(api: Api, handler: AnyHandler, rules: readonly Rule[], access: Access): AnyHandler {
  return (given, context) => {
    const request = given as Body;
    let asked = request;
    const denied = new Map<string, unknown[]>();
    let isEmptied = false;
    for (const rule of rules) {
      switch (rule.kind) {
        case 'cluster':
          if (!access.mayCluster(context, rule.operation)) return refuseWhole(api, request, context, RESOURCE.CLUSTER);
          break;
        case 'field': {
          const name = asked[rule.field];
          if (typeof name === 'string' && !access.may(context, rule.operation, rule.type, name))
            return refuseWhole(api, request, context, rule.type);
          break;
        }
        case 'each': {
          const split = splitList(api, asked, rule, access, context);
          if (split === undefined) break;
          asked = split.asked;
          denied.set(rule.answers, [...(denied.get(rule.answers) ?? []), ...split.answers]);
          isEmptied = split.isEmptied;
          break;
        }
      }
    }
    if (denied.size === 0) return handler(request, context);
    if (api.key === ApiKey.Produce && request.acks === 0) {
      handler(asked, context);
      throw new CloseConnection(`${context.clientAddress} sent records with acks=0 for topics that it may not write`);
    }
    // An empty list means something else to some APIs.
    return merged(isEmptied ? {} : handler(asked, context), denied);
  };
}

/** Undefined when nothing of it is denied. */
function splitList(
  api: Api,
  request: Body,
  rule: Extract<Rule, { kind: 'each' }>,
  access: Access,
  context: RequestContext,
): { readonly asked: Body; readonly answers: readonly unknown[]; readonly isEmptied: boolean } | undefined {
  const list = request[rule.list];
  if (!Array.isArray(list)) return undefined;
  const mayHave = (element: unknown): boolean => {
    const name = nameOf(element, rule.name, access);
    return name === undefined || access.may(context, rule.operation, rule.type, name);
  };
  const kept = list.filter(mayHave);
  if (kept.length === list.length) return undefined;
  const out = list.filter((element) => !kept.includes(element));
  const answer = refuseElements(api, { ...request, [rule.list]: out }, context, rule.type);
  const answers = answer[rule.answers];
  return {
    asked: { ...request, [rule.list]: kept },
    answers: Array.isArray(answers) ? answers.map((one: Body) => filled(one, rule.element, rule.partition)) : [],
    isEmptied: kept.length === 0,
  };
}

/** Topics may be named by their id; an id that nobody has is for the handler to answer. */
function nameOf(element: unknown, field: string | undefined, access: Access): string | undefined {
  if (field === undefined) return typeof element === 'string' ? element : undefined;
  if (typeof element !== 'object' || element === null) return undefined;
  const { [field]: name, topicId } = element as Body;
  if (typeof name === 'string' && name !== '') return name;
  return typeof topicId === 'string' ? access.topicNamed(topicId) : undefined;
}

/** `partition` into the structs of every list of `element`. */
function filled(element: Body, own: Body | undefined, partition: Body | undefined): Body {
  const entries = Object.entries(element).map(([name, value]) =>
    partition !== undefined && Array.isArray(value)
      ? ([name, value.map((one: Body) => ({ ...one, ...partition }))] as const)
      : ([name, value] as const),
  );
  return { ...Object.fromEntries(entries), ...own };
}

/** The answer with what was denied added to its lists. */
export function merged(answer: unknown, denied: ReadonlyMap<string, readonly unknown[]>): unknown {
  if (answer instanceof LaterResponse) return merged(promised(answer), denied);
  if (answer instanceof Promise) return answer.then((one: unknown) => merged(one, denied));
  if (typeof answer !== 'object' || answer === null) return answer;
  const added = [...denied].map(([field, list]) => {
    const own = (answer as Body)[field];
    return [field, [...(Array.isArray(own) ? (own as unknown[]) : []), ...list]] as const;
  });
  return { ...answer, ...Object.fromEntries(added) };
}

/** `change` applied to an answer, now or when it comes. */
export function changed(answer: unknown, change: (body: Body) => Body): unknown {
  if (answer instanceof LaterResponse) return changed(promised(answer), change);
  if (answer instanceof Promise) return answer.then((one: unknown) => changed(one, change));
  return typeof answer === 'object' && answer !== null ? change(answer as Body) : answer;
}
