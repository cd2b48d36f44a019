import type { GroupCoordinator } from '../../coordinator/group_coordinator.js';
import type { HeartbeatRequest, HeartbeatResponseInput } from '../../protocol/api/heartbeat.js';
import type { Handler } from '../handler.js';

/** REBALANCE_IN_PROGRESS is how a member learns that it should join anew. */
export function heartbeatHandler(deps: {
  readonly coordinator: GroupCoordinator;
}): Handler<HeartbeatRequest, HeartbeatResponseInput> {
  return async (request) => ({ errorCode: await deps.coordinator.heartbeat(request) });
}
