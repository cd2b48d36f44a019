import type { GroupCoordinator } from '../../coordinator/group_coordinator.js';
import type { MetadataCache } from '../../metadata/image.js';
import type {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponseInput,
} from '../../protocol/api/consumer_group_heartbeat.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { TopicAccess } from '../access/index.js';
import type { Handler, RequestContext } from '../handler.js';

/** The one request of a member of a consumer group (KIP-848). UNSUPPORTED_VERSION while `group.version` is 0, or where it is not offered. */
export function consumerGroupHeartbeatHandler(deps: {
  readonly coordinator: GroupCoordinator;
  readonly metadata: MetadataCache;
  readonly topicAccess?: TopicAccess;
  readonly isOffered?: IsOffered;
}): Handler<ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponseInput> {
  return (request, context) =>
    hasConsumerProtocol(deps)
      ? deps.coordinator.consumerHeartbeat(request, context, describable(deps, context))
      : { errorCode: ErrorCode.UNSUPPORTED_VERSION };
}

/** What the patterns of a group may match; undefined where there is no authorizer. */
export function describable(
  { topicAccess }: { readonly topicAccess?: TopicAccess },
  context: RequestContext,
): ((topic: string) => boolean) | undefined {
  return topicAccess === undefined ? undefined : (topic) => topicAccess.mayDescribe(context, topic);
}

/** Whether `group.coordinator.rebalance.protocols` has the protocol. */
export type IsOffered = (protocol: 'consumer' | 'streams') => boolean;

export function hasConsumerProtocol(deps: {
  readonly metadata: MetadataCache;
  readonly isOffered?: IsOffered;
}): boolean {
  return deps.isOffered?.('consumer') !== false && (deps.metadata.current().features.get('group.version') ?? 0) >= 1;
}
