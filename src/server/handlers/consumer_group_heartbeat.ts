import type { GroupCoordinator } from '../../coordinator/group_coordinator.js';
import type {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponseInput,
} from '../../protocol/api/consumer_group_heartbeat.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { TopicAccess } from '../access/index.js';
import type { Handler } from '../handler.js';
import { describable, type GroupProtocolDeps, hasProtocol } from './group_protocols.js';

/** The one request of a member of a consumer group (KIP-848). UNSUPPORTED_VERSION while `group.version` is 0, or where it is not offered. */
export function consumerGroupHeartbeatHandler(
  deps: GroupProtocolDeps & {
    readonly coordinator: GroupCoordinator;
    readonly topicAccess?: TopicAccess;
  },
): Handler<ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponseInput> {
  return (request, context) =>
    hasProtocol(deps, 'consumer')
      ? deps.coordinator.consumerHeartbeat(request, context, describable(deps, context))
      : { errorCode: ErrorCode.UNSUPPORTED_VERSION };
}
