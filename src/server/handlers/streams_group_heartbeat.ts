import { isFailure } from '../../controller/assignments.js';
import type { Controller } from '../../controller/controller.js';
import { invalidTopicName } from '../../controller/topic_names.js';
import type { GroupCoordinator } from '../../coordinator/group_coordinator.js';
import type { WantedTopic } from '../../coordinator/streams_group/configured.js';
import { StreamsStatus } from '../../coordinator/streams_group/problems.js';
import type { MetadataCache } from '../../metadata/image.js';
import { internalTopics } from '../../metadata/metadata_cache.js';
import type {
  StreamsGroupHeartbeatRequest,
  StreamsGroupHeartbeatResponseInput,
} from '../../protocol/api/streams_group_heartbeat.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { Handler } from '../handler.js';

/** The one request of a member of a streams group (KIP-1071). UNSUPPORTED_VERSION while `streams.version` is 0. */
export function streamsGroupHeartbeatHandler(deps: {
  readonly coordinator: GroupCoordinator;
  readonly metadata: MetadataCache;
  readonly controller: Controller;
}): Handler<StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponseInput> {
  const creator = new InternalTopicCreator(deps.controller);
  return async (request, context) => {
    if (!hasStreamsProtocol(deps.metadata)) return { errorCode: ErrorCode.UNSUPPORTED_VERSION };
    const refused = checkTopics(request);
    if (refused !== undefined) return { errorCode: ErrorCode.STREAMS_INVALID_TOPOLOGY, errorMessage: refused };
    const { response, wanted } = await deps.coordinator.streamsHeartbeat(request, context);
    if (wanted.length === 0) return response;
    const problems = creator.create(wanted);
    return problems.length === 0 ? response : withDetail(response, problems);
  };
}

export function hasStreamsProtocol(metadata: MetadataCache): boolean {
  return (metadata.current().features.get('streams.version') ?? 0) >= 1;
}

function checkTopics({ topology }: StreamsGroupHeartbeatRequest): string | undefined {
  const names = new Set<string>();
  for (const subtopology of topology?.subtopologies ?? []) {
    for (const name of [...subtopology.sourceTopics, ...subtopology.repartitionSinkTopics]) names.add(name);
    for (const { name } of [...subtopology.repartitionSourceTopics, ...subtopology.stateChangelogTopics])
      names.add(name);
  }
  const internal = [...names].filter((name) => internalTopics.has(name));
  if (internal.length > 0)
    return `Use of Kafka internal topics ${internal.join(',')} in a Kafka Streams topology is prohibited.`;
  const invalid = [...names].filter((name) => invalidTopicName(name) !== undefined);
  return invalid.length > 0 ? `Topic names ${invalid.join(',')} are not valid topic names.` : undefined;
}

/** The status that says which topics are missing also says why they cannot be made. */
function withDetail(
  response: StreamsGroupHeartbeatResponseInput,
  problems: readonly string[],
): StreamsGroupHeartbeatResponseInput {
  const status = (response.status ?? []).map((one) =>
    one.statusCode === StreamsStatus.missingInternalTopics
      ? { ...one, statusDetail: `${one.statusDetail}; Creation failed: ${problems.join('; ')}.` }
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
