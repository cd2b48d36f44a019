import { ZERO_UUID } from '../../common/ids.js';
import type { StreamsGroupHeartbeatRequest } from '../../protocol/api/streams_group_heartbeat.js';
import { ErrorCode } from '../../protocol/errors.js';
import { OPERATION, type Operation, RESOURCE } from '../../security/acls.js';
import { operationsNotAsked } from '../authorized_operations.js';
import { streamsTopicProblem, streamsTopics } from '../streams_topics.js';
import type { Access } from './access.js';
import { type Body, changed, type Guard, merged, refusals, refuseWhole, structs, text } from './guard.js';

// Groups whose protocol has the broker know their topics: who may not describe a topic must not learn of it through its group.

type Topology = StreamsGroupHeartbeatRequest['topology'];

const { READ, DELETE, DESCRIBE } = OPERATION;
const topicRefused = {
  errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED,
  errorMessage: refusals[RESOURCE.TOPIC]?.message ?? null,
};

/** Heartbeats of consumer and share groups: every topic that is subscribed to by name. Patterns are the coordinator's. */
export const subscribingHeartbeat: Guard = (api, handler, access) => (request, context) => {
  if (!access.may(context, READ, RESOURCE.GROUP, text(request.groupId)))
    return refuseWhole(api, request, context, RESOURCE.GROUP);
  const names = Array.isArray(request.subscribedTopicNames) ? (request.subscribedTopicNames as string[]) : [];
  return names.every((name) => access.mayTopic(context, DESCRIBE, name))
    ? handler(request, context)
    : { errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED };
};

/** Every topic of the topology, once it is one. */
export const streamsHeartbeat: Guard = (api, handler, access) => (request, context) => {
  if (!access.may(context, READ, RESOURCE.GROUP, text(request.groupId)))
    return refuseWhole(api, request, context, RESOURCE.GROUP);
  const names = streamsTopics((request.topology ?? null) as Topology);
  const mayAll = names.every((name) => access.mayTopic(context, DESCRIBE, name));
  return mayAll || streamsTopicProblem(names) !== undefined
    ? handler(request, context)
    : { errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED };
};

/** `field` names the groups. One that uses a topic which may not be seen is not described at all. */
const describing =
  (
    field: 'groups' | 'groupIds',
    topicsOf: (group: Body) => Iterable<string> = () => [],
    sentence: string | null = null,
  ): Guard =>
  (_api, handler, access) =>
  (request, context) => {
    const all = Array.isArray(request[field]) ? (request[field] as string[]) : [];
    const kept = all.filter((id) => access.may(context, DESCRIBE, RESOURCE.GROUP, id));
    const out = all
      .filter((id) => !kept.includes(id))
      .map((groupId) => ({ groupId, errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED }));
    const answer = merged(handler({ ...request, [field]: kept }, context), new Map([['groups', out]]));
    return changed(answer, (body) => ({
      ...body,
      groups: structs(body.groups).map((group) => {
        for (const topic of topicsOf(group))
          if (!access.mayTopic(context, DESCRIBE, topic))
            return {
              groupId: group.groupId,
              errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED,
              errorMessage: sentence,
            };
        const { authorizedOperations: asked } = group;
        return asked === undefined || asked === operationsNotAsked
          ? group
          : { ...group, authorizedOperations: access.operations(context, RESOURCE.GROUP, text(group.groupId)) };
      }),
    }));
  };

function assignedTopics(group: Body): string[] {
  return structs(group.members).flatMap(({ assignment, targetAssignment }) =>
    [assignment, targetAssignment].flatMap((one) =>
      structs((one as Body | undefined)?.topicPartitions).map(({ topicName }) => text(topicName)),
    ),
  );
}

export const classicDescribe = describing('groups');
export const assignedDescribe = describing(
  'groupIds',
  assignedTopics,
  'The group is assigned topics that the client may not describe.',
);
export const streamsDescribe = describing(
  'groupIds',
  ({ topology }) => streamsTopics((topology ?? null) as Topology),
  'The topology of the group has topics that the client may not describe.',
);

/** Topics asked for by name are refused one by one; of all topics those that may be seen are shown. */
export const describeShareOffsets: Guard = (_api, handler, access) => (request, context) => {
  const mayTopic = ({ topicName }: Body) => access.mayTopic(context, DESCRIBE, text(topicName));
  const groups = structs(request.groups);
  const kept = groups.filter(({ groupId }) => access.may(context, DESCRIBE, RESOURCE.GROUP, text(groupId)));
  const asked = kept.map((group) =>
    group.topics === null ? group : { ...group, topics: structs(group.topics).filter(mayTopic) },
  );
  const complete = (answer: Body): Body => {
    const given = kept.find(({ groupId }) => groupId === answer.groupId);
    if (given === undefined || (answer.errorCode ?? ErrorCode.NONE) !== ErrorCode.NONE) return answer;
    const refused = structs(given.topics).filter((topic) => !mayTopic(topic));
    return {
      ...answer,
      topics: [
        ...structs(answer.topics).filter(mayTopic),
        ...refused.map(({ topicName, partitions }) => ({
          topicName,
          topicId: ZERO_UUID,
          partitions: (partitions as number[]).map((partitionIndex) => ({
            partitionIndex,
            startOffset: -1,
            lag: -1,
            ...topicRefused,
          })),
        })),
      ],
    };
  };
  const out = groups
    .filter((group) => !kept.includes(group))
    .map(({ groupId }) => ({ groupId, errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED }));
  return changed(handler({ ...request, groups: asked }, context), (body) => ({
    ...body,
    groups: [...structs(body.groups).map(complete), ...out],
  }));
};

/** Those of the request whose topics may be read, and answers for the others beside theirs; where all fail, theirs alone. */
const changingShareOffsets =
  (operation: Operation, refusalOf: (topic: Body, access: Access) => Body): Guard =>
  (api, handler, access) =>
  (request, context) => {
    if (!access.may(context, operation, RESOURCE.GROUP, text(request.groupId)))
      return refuseWhole(api, request, context, RESOURCE.GROUP);
    const all = structs(request.topics);
    const kept = all.filter(({ topicName }) => access.mayTopic(context, READ, text(topicName)));
    if (kept.length === all.length) return handler(request, context);
    const out = all.filter((topic) => !kept.includes(topic)).map((topic) => refusalOf(topic, access));
    return changed(handler({ ...request, topics: kept }, context), (body) =>
      (body.errorCode ?? ErrorCode.NONE) === ErrorCode.NONE
        ? { ...body, responses: [...structs(body.responses), ...out] }
        : body,
    );
  };

export const alterShareOffsets = changingShareOffsets(READ, ({ topicName, partitions }, access) => ({
  topicName,
  topicId: access.topicId(text(topicName)) ?? ZERO_UUID,
  partitions: structs(partitions).map(({ partitionIndex }) => ({ partitionIndex, ...topicRefused })),
}));
export const deleteShareOffsets = changingShareOffsets(DELETE, ({ topicName }) => ({ topicName, ...topicRefused }));
