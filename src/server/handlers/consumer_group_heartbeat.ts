import type { GroupCoordinator } from '../../coordinator/group_coordinator.js';
import type { MetadataCache } from '../../metadata/image.js';
import type {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponseInput,
} from '../../protocol/api/consumer_group_heartbeat.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { Handler } from '../handler.js';

/** The one request of a member of a consumer group (KIP-848). UNSUPPORTED_VERSION while `group.version` is 0. */
export function consumerGroupHeartbeatHandler(deps: {
  readonly coordinator: GroupCoordinator;
  readonly metadata: MetadataCache;
}): Handler<ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponseInput> {
  return (request, context) =>
    hasConsumerProtocol(deps.metadata)
      ? deps.coordinator.consumerHeartbeat(request, context)
      : { errorCode: ErrorCode.UNSUPPORTED_VERSION };
}

export function hasConsumerProtocol(metadata: MetadataCache): boolean {
  return (metadata.current().features.get('group.version') ?? 0) >= 1;
}
