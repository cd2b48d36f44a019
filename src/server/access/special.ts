import { CONFIG_RESOURCE } from '../../config/index.js';
import { ApiKey } from '../../protocol/api_keys.js';
import { ErrorCode } from '../../protocol/errors.js';
import { OPERATION, RESOURCE } from '../../security/acls.js';
import { operationsNotAsked } from '../authorized_operations.js';
import type { RequestContext } from '../handler.js';
import type { Access } from './access.js';
import {
  alterShareOffsets,
  assignedDescribe,
  classicDescribe,
  deleteShareOffsets,
  describeShareOffsets,
  streamsDescribe,
  streamsHeartbeat,
  subscribingHeartbeat,
} from './group_guards.js';
import { type Body, changed, type Guard, merged, refusals, refuseWhole, structs, text } from './guard.js';

const { WRITE, ALTER, CREATE, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS, IDEMPOTENT_WRITE, CLUSTER_ACTION } =
  OPERATION;

const refusalOf = (type: number) => {
  const { code, message } = refusals[type] ?? { code: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, message: '' };
  return { errorCode: code, errorMessage: message };
};

/** Metadata: topics that may not be seen are refused when named, left out otherwise; creating them needs more. */
const metadata: Guard = (_api, handler, access) => (request, context) => {
  const named = request.topics === null ? undefined : structs(request.topics);
  const out: Body[] = [];
  const kept = named?.filter((topic) => {
    const name = text(topic.name) === '' ? access.topicNamed(text(topic.topicId)) : text(topic.name);
    if (name === undefined) return true;
    const byId = text(topic.name) === '';
    const refused = {
      errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED,
      name: byId ? null : name,
      ...(byId ? { topicId: topic.topicId } : {}),
    };
    const exists = access.has(name);
    const mayCreate =
      exists ||
      request.allowAutoTopicCreation === false ||
      access.mayCluster(context, CREATE) ||
      access.mayTopic(context, CREATE, name);
    if (access.mayTopic(context, DESCRIBE, name) && mayCreate) return true;
    out.push(refused);
    return false;
  });
  const isEmptied = named !== undefined && named.length > 0 && kept?.length === 0;
  const asked = named === undefined ? request : { ...request, topics: kept };
  // No topic at all: the brokers alone.
  const answer = handler(isEmptied ? { ...request, topics: noTopics(context) } : asked, context);
  return changed(answer, (body) => {
    const shown = isEmptied
      ? []
      : structs(body.topics).filter(
          (topic) => named !== undefined || topic.name === null || access.mayTopic(context, DESCRIBE, text(topic.name)),
        );
    return {
      ...body,
      topics: [...shown.map((topic) => withOperations(topic, access, context)), ...out],
      ...clusterOperations(body, access, context),
    };
  });
};

/** Version 0 has no way to ask for no topic: it is asked for one that nobody has. */
function noTopics({ apiVersion }: RequestContext): Body[] {
  return apiVersion === 0 ? [{ name: '\u0000' }] : [];
}

function withOperations(topic: Body, access: Access, context: RequestContext): Body {
  const { topicAuthorizedOperations: asked, name, errorCode } = topic;
  if (asked === undefined || asked === operationsNotAsked || errorCode !== ErrorCode.NONE) return topic;
  return { ...topic, topicAuthorizedOperations: access.operations(context, RESOURCE.TOPIC, text(name)) };
}

function clusterOperations(body: Body, access: Access, context: RequestContext): Body {
  const { clusterAuthorizedOperations: asked } = body;
  if (asked === undefined || asked === operationsNotAsked) return {};
  return {
    clusterAuthorizedOperations: access.mayCluster(context, DESCRIBE)
      ? access.operations(context, RESOURCE.CLUSTER, 'kafka-cluster')
      : 0,
  };
}

const describeTopicPartitions: Guard = (_api, handler, access) => (request, context) => {
  const named = structs(request.topics);
  const kept = named.filter(({ name }) => access.mayTopic(context, DESCRIBE, text(name)));
  const out = named
    .filter((topic) => !kept.includes(topic))
    .map(({ name }) => ({ errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, name, partitions: [] }));
  if (named.length > 0 && kept.length === 0) return { topics: out, nextCursor: null };
  return changed(handler({ ...request, topics: kept }, context), (body) => ({
    ...body,
    topics: [
      ...structs(body.topics)
        .filter(({ name }) => named.length > 0 || access.mayTopic(context, DESCRIBE, text(name)))
        .map((topic) => withOperations(topic, access, context)),
      ...out,
    ],
  }));
};

const describeCluster: Guard = (_api, handler, access) => (request, context) =>
  changed(handler(request, context), (body) => ({ ...body, ...clusterOperations(body, access, context) }));

const createTopics: Guard = (_api, handler, access) => (request, context) => {
  const mayAll = access.mayCluster(context, CREATE);
  const all = structs(request.topics);
  const kept = all.filter(({ name }) => mayAll || access.mayTopic(context, CREATE, text(name)));
  const out = all
    .filter((topic) => !kept.includes(topic))
    .map(({ name }) => ({
      name,
      errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED,
      errorMessage: 'Authorization failed.',
    }));
  return changed(merged(handler({ ...request, topics: kept }, context), new Map([['topics', out]])), (body) => ({
    ...body,
    topics: structs(body.topics).map((topic) =>
      topic.errorCode === ErrorCode.NONE &&
      context.apiVersion >= lowestVersionWithConfigs &&
      !access.mayTopic(context, DESCRIBE_CONFIGS, text(topic.name))
        ? {
            ...topic,
            topicConfigErrorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED,
            numPartitions: -1,
            replicationFactor: -1,
            configs: [],
          }
        : topic,
    ),
  }));
};
const lowestVersionWithConfigs = 5;

/** A name that may not be seen is refused; one that may be seen, but not deleted, too; an id that may not be seen is unknown. */
const deleteTopics: Guard = (_api, handler, access) => (request, context) => {
  if (access.mayCluster(context, DELETE)) return handler(request, context);
  const out: Body[] = [];
  const allowed = (name: string | undefined, id: string | undefined): boolean => {
    if (name === undefined || access.mayTopic(context, DELETE, name)) return true;
    const seen = access.mayTopic(context, DESCRIBE, name);
    out.push({
      name: id === undefined || seen ? name : null,
      ...(id === undefined ? {} : { topicId: id }),
      ...refusalOf(RESOURCE.TOPIC),
    });
    return false;
  };
  const names = Array.isArray(request.topicNames) ? (request.topicNames as string[]) : [];
  const topics = structs(request.topics);
  const keptNames = names.filter((name) => allowed(name, undefined));
  const kept = topics.filter(({ name, topicId }) =>
    text(name) === '' ? allowed(access.topicNamed(text(topicId)), text(topicId)) : allowed(text(name), undefined),
  );
  return merged(handler({ ...request, topicNames: keptNames, topics: kept }, context), new Map([['responses', out]]));
};

/** An idempotent producer needs IDEMPOTENT_WRITE of the cluster, or some topic that it may write. */
const initProducerId: Guard = (api, handler, access) => (request, context) => {
  const { transactionalId } = request;
  if (typeof transactionalId === 'string') {
    if (!access.may(context, WRITE, RESOURCE.TRANSACTIONAL_ID, transactionalId))
      return refuseWhole(api, { producerId: -1, producerEpoch: -1 }, context, RESOURCE.TRANSACTIONAL_ID);
  } else if (!access.mayCluster(context, IDEMPOTENT_WRITE) && !access.maySome(context, WRITE, RESOURCE.TOPIC))
    return refuseWhole(api, { producerId: -1, producerEpoch: -1 }, context, RESOURCE.CLUSTER);
  return handler(request, context);
};

const findCoordinator: Guard = (_api, handler, access) => (request, context) => {
  const keyType = Number(request.keyType ?? 0);
  const may = (key: string): boolean => {
    if (keyType === groupKeys) return access.may(context, DESCRIBE, RESOURCE.GROUP, key);
    if (keyType === transactionKeys) return access.may(context, DESCRIBE, RESOURCE.TRANSACTIONAL_ID, key);
    return access.mayCluster(context, CLUSTER_ACTION);
  };
  const type =
    keyType === groupKeys ? RESOURCE.GROUP : keyType === transactionKeys ? RESOURCE.TRANSACTIONAL_ID : RESOURCE.CLUSTER;
  const nowhere = { nodeId: -1, host: '', port: -1, ...refusalOf(type) };
  if (context.apiVersion < lowestVersionWithKeys)
    return may(text(request.key))
      ? handler(request, context)
      : { ...nowhere, ...(context.apiVersion === 0 ? { errorMessage: undefined } : {}) };
  const all = Array.isArray(request.coordinatorKeys) ? (request.coordinatorKeys as string[]) : [];
  const kept = all.filter(may);
  const out = all.filter((key) => !kept.includes(key)).map((key) => ({ ...nowhere, key, errorMessage: '' }));
  return merged(
    kept.length === 0 && out.length > 0
      ? { coordinators: [] }
      : handler({ ...request, coordinatorKeys: kept }, context),
    new Map([['coordinators', out]]),
  );
};
const groupKeys = 0;
const transactionKeys = 1;
const lowestVersionWithKeys = 4;

const listGroups: Guard = (_api, handler, access) => (request, context) => {
  const answer = handler(request, context);
  if (access.mayCluster(context, DESCRIBE)) return answer;
  return changed(answer, (body) => ({
    ...body,
    groups: structs(body.groups).filter(({ groupId }) => access.may(context, DESCRIBE, RESOURCE.GROUP, text(groupId))),
  }));
};

const listTransactions: Guard = (_api, handler, access) => (request, context) =>
  changed(handler(request, context), (body) => ({
    ...body,
    transactionStates: structs(body.transactionStates).filter(({ transactionalId }) =>
      access.may(context, DESCRIBE, RESOURCE.TRANSACTIONAL_ID, text(transactionalId)),
    ),
  }));

/** Groups by their name, then the topics that may not be seen; all offsets of a group: of the topics that may be. */
const offsetFetch: Guard = (_api, handler, access) => (request, context) => {
  const mayGroup = (id: unknown) => access.may(context, DESCRIBE, RESOURCE.GROUP, text(id));
  const nameOf = ({ name, topicId }: Body): string =>
    text(name) === '' ? (access.topicNamed(text(topicId)) ?? '') : text(name);
  const mayTopic = (topic: Body): boolean => nameOf(topic) === '' || access.mayTopic(context, DESCRIBE, nameOf(topic));
  const refusedTopics = (topics: readonly Body[]): Body[] =>
    topics.map((topic) => ({
      name: topic.name,
      topicId: topic.topicId,
      partitions: (topic.partitionIndexes as number[]).map((partitionIndex) => ({
        partitionIndex,
        committedOffset: -1,
        committedLeaderEpoch: -1,
        metadata: '',
        errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED,
      })),
    }));
  /** One group's question without what is denied, and how to complete its answer. */
  const split = (question: Body) => {
    const topics = question.topics === null ? undefined : structs(question.topics);
    const kept = topics?.filter(mayTopic) ?? null;
    const out = topics?.filter((topic) => !mayTopic(topic)) ?? [];
    const complete = (answer: Body): Body => ({
      ...answer,
      topics: [
        ...structs(answer.topics).filter((topic) => topics !== undefined || mayTopic(topic)),
        ...refusedTopics(out),
      ],
    });
    return { asked: { ...question, topics: kept }, complete };
  };
  if (context.apiVersion < lowestVersionWithGroups) {
    if (!mayGroup(request.groupId))
      return context.apiVersion < 2
        ? {
            topics: refusedTopics(structs(request.topics)).map((topic) => ({
              ...topic,
              partitions: structs(topic.partitions).map((one) => ({
                ...one,
                errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED,
              })),
            })),
          }
        : { errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED, topics: [] };
    const { asked, complete } = split(request);
    return changed(handler(asked, context), complete);
  }
  const groups = structs(request.groups);
  const kept = groups.filter(({ groupId }) => mayGroup(groupId));
  const out = groups
    .filter((group) => !kept.includes(group))
    .map(({ groupId }) => ({ groupId, topics: [], errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED }));
  const parts = new Map(kept.map((group) => [text(group.groupId), split(group)]));
  const asked = { ...request, groups: [...parts.values()].map((part) => part.asked) };
  return changed(handler(asked, context), (body) => ({
    ...body,
    groups: [...structs(body.groups).map((group) => parts.get(text(group.groupId))?.complete(group) ?? group), ...out],
  }));
};
const lowestVersionWithGroups = 8;

/** Those who act for the cluster may ask about every topic. */
const offsetForLeaderEpoch: Guard = (_api, handler, access) => (request, context) => {
  if (access.mayCluster(context, CLUSTER_ACTION)) return handler(request, context);
  const all = structs(request.topics);
  const kept = all.filter(({ topic }) => access.mayTopic(context, DESCRIBE, text(topic)));
  const out = all
    .filter((one) => !kept.includes(one))
    .map(({ topic, partitions }) => ({
      topic,
      partitions: structs(partitions).map(({ partition }) => ({
        partition,
        errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED,
      })),
    }));
  return merged(handler({ ...request, topics: kept }, context), new Map([['topics', out]]));
};

/** Configs of topics and groups by their names, those of brokers and subscriptions by the cluster. */
const configs =
  (operation: typeof DESCRIBE_CONFIGS | typeof ALTER_CONFIGS, answers: string): Guard =>
  (_api, handler, access) =>
  (request, context) => {
    const all = structs(request.resources);
    const typeOf = ({ resourceType }: Body) =>
      resourceType === CONFIG_RESOURCE.TOPIC
        ? RESOURCE.TOPIC
        : resourceType === CONFIG_RESOURCE.GROUP
          ? RESOURCE.GROUP
          : RESOURCE.CLUSTER;
    const known: ReadonlySet<unknown> = new Set(Object.values(CONFIG_RESOURCE));
    const kept = all.filter((resource) => {
      const type = typeOf(resource);
      const name = type === RESOURCE.CLUSTER ? 'kafka-cluster' : text(resource.resourceName);
      return !known.has(resource.resourceType) || access.may(context, operation, type, name);
    });
    const isStrange = all.some(({ resourceType }) => !known.has(resourceType));
    if (isStrange || kept.length === all.length) return handler(request, context);
    const out = all
      .filter((resource) => !kept.includes(resource))
      .map((resource) => ({
        ...refusalOf(typeOf(resource)),
        resourceType: resource.resourceType,
        resourceName: resource.resourceName,
        ...(answers === 'results' ? { configs: [] } : {}),
      }));
    return merged(handler({ ...request, resources: kept }, context), new Map([[answers, out]]));
  };

/** A batch of transactions (other brokers send it) needs CLUSTER_ACTION; a producer its id, and each topic. */
const addPartitionsToTxn: Guard = (api, handler, access) => (request, context) => {
  if (context.apiVersion >= lowestVersionOfBrokers)
    return access.mayCluster(context, CLUSTER_ACTION)
      ? handler(request, context)
      : refuseWhole(api, request, context, RESOURCE.CLUSTER);
  const id = text(request.v3AndBelowTransactionalId);
  if (!access.may(context, WRITE, RESOURCE.TRANSACTIONAL_ID, id))
    return refuseWhole(api, request, context, RESOURCE.TRANSACTIONAL_ID);
  const topics = structs(request.v3AndBelowTopics);
  const denied = topics.filter(({ name }) => !access.mayTopic(context, WRITE, text(name)));
  if (denied.length === 0) return handler(request, context);
  // All or none: those that would be allowed were not attempted.
  return {
    resultsByTopicV3AndBelow: topics.map((topic) => ({
      name: topic.name,
      resultsByPartition: (topic.partitions as number[]).map((partitionIndex) => ({
        partitionIndex,
        partitionErrorCode: denied.includes(topic)
          ? ErrorCode.TOPIC_AUTHORIZATION_FAILED
          : ErrorCode.OPERATION_NOT_ATTEMPTED,
      })),
    })),
  };
};
const lowestVersionOfBrokers = 4;

const describeClientQuotas: Guard = (_api, handler, access) => (request, context) =>
  access.mayCluster(context, DESCRIBE_CONFIGS)
    ? handler(request, context)
    : { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, errorMessage: null, entries: null };

const alterUserScramCredentials: Guard = (_api, handler, access) => (request, context) => {
  if (access.mayCluster(context, ALTER)) return handler(request, context);
  const users = [...structs(request.deletions), ...structs(request.upsertions)].map(({ name }) => text(name));
  return { results: [...new Set(users)].map((user) => ({ user, ...refusalOf(RESOURCE.CLUSTER) })) };
};

/** APIs whose checks are no plain rules. */
export const specialGuards: ReadonlyMap<number, Guard> = new Map([
  [ApiKey.Metadata, metadata],
  [ApiKey.DescribeTopicPartitions, describeTopicPartitions],
  [ApiKey.DescribeCluster, describeCluster],
  [ApiKey.CreateTopics, createTopics],
  [ApiKey.DeleteTopics, deleteTopics],
  [ApiKey.InitProducerId, initProducerId],
  [ApiKey.FindCoordinator, findCoordinator],
  [ApiKey.ListGroups, listGroups],
  [ApiKey.ListTransactions, listTransactions],
  [ApiKey.DescribeGroups, classicDescribe],
  [ApiKey.OffsetFetch, offsetFetch],
  [ApiKey.OffsetForLeaderEpoch, offsetForLeaderEpoch],
  [ApiKey.DescribeConfigs, configs(DESCRIBE_CONFIGS, 'results')],
  [ApiKey.AlterConfigs, configs(ALTER_CONFIGS, 'responses')],
  [ApiKey.IncrementalAlterConfigs, configs(ALTER_CONFIGS, 'responses')],
  [ApiKey.AddPartitionsToTxn, addPartitionsToTxn],
  [ApiKey.ConsumerGroupHeartbeat, subscribingHeartbeat],
  [ApiKey.ShareGroupHeartbeat, subscribingHeartbeat],
  [ApiKey.StreamsGroupHeartbeat, streamsHeartbeat],
  [ApiKey.ConsumerGroupDescribe, assignedDescribe],
  [ApiKey.ShareGroupDescribe, assignedDescribe],
  [ApiKey.StreamsGroupDescribe, streamsDescribe],
  [ApiKey.DescribeShareGroupOffsets, describeShareOffsets],
  [ApiKey.AlterShareGroupOffsets, alterShareOffsets],
  [ApiKey.DeleteShareGroupOffsets, deleteShareOffsets],
  [ApiKey.DescribeClientQuotas, describeClientQuotas],
  [ApiKey.AlterUserScramCredentials, alterUserScramCredentials],
]);
