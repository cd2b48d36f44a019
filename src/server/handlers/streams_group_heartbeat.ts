import { isFailure } from '../../controller/assignments.js';
import type { Controller } from '../../controller/controller.js';
import type { GroupCoordinator } from '../../coordinator/group_coordinator.js';
import type { WantedTopic } from '../../coordinator/streams_group/configured.js';
import { StreamsStatus } from '../../coordinator/streams_group/problems.js';
import type {
  StreamsGroupHeartbeatRequest,
  StreamsGroupHeartbeatResponseInput,
} from '../../protocol/api/streams_group_heartbeat.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { TopicAccess } from '../access/topic_access.js';
import type { Handler } from '../handler.js';
import { streamsTopicProblem, streamsTopics } from '../streams_topics.js';
import { type GroupProtocolDeps, hasProtocol } from './group_protocols.js';

/** The one request of a member of a streams group (KIP-1071). UNSUPPORTED_VERSION while `streams.version` is 0, or where it is not offered. */
export function streamsGroupHeartbeatHandler(
  deps: GroupProtocolDeps & {
    readonly coordinator: GroupCoordinator;
    readonly controller: Controller;
    readonly topicAccess?: TopicAccess;
  },
): Handler<StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponseInput> {
  const creator = new InternalTopicCreator(deps.controller);
  return async (request, context) => {
    if (!hasProtocol(deps, 'streams')) return { errorCode: ErrorCode.UNSUPPORTED_VERSION };
    const refused = streamsTopicProblem(streamsTopics(request.topology));
    if (refused !== undefined) return { errorCode: ErrorCode.STREAMS_INVALID_TOPOLOGY, errorMessage: refused };
    const { response, wanted } = await deps.coordinator.streamsHeartbeat(request, context);
    if (wanted.length === 0) return response;
    const denied = wanted.filter(({ name }) => deps.topicAccess?.mayCreate(context, name) === false);
    if (denied.length > 0)
      return withDetail(response, `Unauthorized to CREATE on topics ${denied.map(({ name }) => name).join(', ')}.`);
    const problems = creator.create(wanted);
    return problems.length === 0 ? response : withDetail(response, `Creation failed: ${problems.join('; ')}.`);
  };
}

/** The status that says which topics are missing also says why they cannot be made. */
function withDetail(response: StreamsGroupHeartbeatResponseInput, detail: string): StreamsGroupHeartbeatResponseInput {
  const status = (response.status ?? []).map((one) =>
    one.statusCode === StreamsStatus.missingInternalTopics
      ? { ...one, statusDetail: `${one.statusDetail}; ${detail}` }
      : one,
  );
  return { ...response, status };
}

/** Makes topics in the background: a heartbeat does not wait for them, the one after them finds them. */
class InternalTopicCreator {
  private readonly underWay = new Set<string>();
  /** Why the last attempt failed, by topic. */
  private readonly failures = new Map<string, string>();

  constructor(private readonly controller: Controller) {}

  /** Reasons of earlier failures of these. Those that are being made already are left alone. */
  create(topics: readonly WantedTopic[]): string[] {
    const problems = topics.flatMap(({ name }) => this.failures.get(name) ?? []);
    for (const topic of topics) {
      if (this.underWay.has(topic.name)) continue;
      this.underWay.add(topic.name);
      void this.createOne(topic);
    }
    return problems;
  }

  private async createOne({ name, numPartitions, replicationFactor, configs }: WantedTopic): Promise<void> {
    try {
      const wanted = { name, numPartitions, replicationFactor, assignments: [], configs };
      const result = await this.controller.createTopic(wanted, false);
      if (isFailure(result) && result.errorCode !== ErrorCode.TOPIC_ALREADY_EXISTS)
        this.failures.set(name, `${name} (${result.errorMessage ?? `error ${result.errorCode}`})`);
      else this.failures.delete(name);
    } finally {
      this.underWay.delete(name);
    }
  }
}
