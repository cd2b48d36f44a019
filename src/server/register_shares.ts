import type { Timers } from '../common/ports/index.js';
import type { ShareCoordinator } from '../coordinator/share_coordinator.js';
import type { MetadataCache } from '../metadata/image.js';
import { ApiKey } from '../protocol/api_keys.js';
import type { ReplicaManager } from '../replication/replica_manager.js';
import type { TopicAccess } from './access/index.js';
import { describeShareGroupOffsetsHandler } from './handlers/describe_share_group_offsets.js';
import { shareAcknowledgeHandler } from './handlers/share_acknowledge.js';
import { shareFetchHandler } from './handlers/share_fetch.js';
import {
  deleteShareGroupStateHandler,
  initializeShareGroupStateHandler,
  readShareGroupStateHandler,
  readShareGroupStateSummaryHandler,
  writeShareGroupStateHandler,
} from './handlers/share_group_state.js';
import {
  alterShareGroupOffsetsHandler,
  deleteShareGroupOffsetsHandler,
  shareGroupDescribeHandler,
  shareGroupHeartbeatHandler,
} from './handlers/share_groups.js';
import type { Pipeline } from './request_pipeline.js';
import type { ShareServices } from './share/share_services.js';
import type { TopicTraffic } from './traffic.js';

/** What share groups (KIP-932) are made of. */
export interface ShareHandlerServices extends ShareServices {
  readonly timers: Timers;
  readonly metadata: MetadataCache;
  readonly replicas: ReplicaManager;
  readonly traffic: TopicTraffic;
  readonly shareCoordinator: ShareCoordinator;
  readonly topicAccess?: TopicAccess;
  /** `fetch.max.bytes` */
  readonly maxBytes: () => number;
}

export function registerShares(pipeline: Pipeline, services: ShareHandlerServices): void {
  pipeline.register(ApiKey.ShareGroupHeartbeat, shareGroupHeartbeatHandler(services));
  pipeline.register(ApiKey.ShareGroupDescribe, shareGroupDescribeHandler(services));
  pipeline.register(ApiKey.DescribeShareGroupOffsets, describeShareGroupOffsetsHandler(services));
  pipeline.register(ApiKey.AlterShareGroupOffsets, alterShareGroupOffsetsHandler(services));
  pipeline.register(ApiKey.DeleteShareGroupOffsets, deleteShareGroupOffsetsHandler(services));
  pipeline.register(ApiKey.ShareFetch, shareFetchHandler(services));
  pipeline.register(ApiKey.ShareAcknowledge, shareAcknowledgeHandler(services));
  pipeline.register(ApiKey.InitializeShareGroupState, initializeShareGroupStateHandler(services));
  pipeline.register(ApiKey.ReadShareGroupState, readShareGroupStateHandler(services));
  pipeline.register(ApiKey.WriteShareGroupState, writeShareGroupStateHandler(services));
  pipeline.register(ApiKey.DeleteShareGroupState, deleteShareGroupStateHandler(services));
  pipeline.register(ApiKey.ReadShareGroupStateSummary, readShareGroupStateSummaryHandler(services));
}
