import { consumerAssignors } from '../../../src/coordinator/consumer_group/assignors.js';
import type { ConsumerGroupRules } from '../../../src/coordinator/consumer_group/settings.js';

import type { ShareGroupRules } from '../../../src/coordinator/share_group/settings.js';

import type { StreamsGroupRules } from '../../../src/coordinator/streams_group/settings.js';

export const streamsRules: StreamsGroupRules = {
  bounds: { nodeId: 1, byName: new Map() },
  maxSize: 2_147_483_647,
  sessionTimeoutMs: 45_000,
  heartbeatIntervalMs: 5_000,
  assignmentIntervalMs: 0,
  initialRebalanceDelayMs: 0,
  standbyReplicas: 0,
};

/** Kafka's defaults, but for the assignment interval: tests that wait for it say so. */
export const consumerRules: ConsumerGroupRules = {
  assignors: consumerAssignors,
  bounds: { nodeId: 1, byName: new Map() },
  maxSize: 2_147_483_647,
  sessionTimeoutMs: 45_000,
  heartbeatIntervalMs: 5_000,
  assignmentIntervalMs: 0,
  regexRefreshIntervalMs: 600_000,
  migrationPolicy: { upgrade: true, downgrade: true },
};

/** Kafka's defaults, but for the assignment interval. */
export const shareRules: ShareGroupRules = {
  bounds: { nodeId: 1, byName: new Map() },
  maxSize: 200,
  sessionTimeoutMs: 45_000,
  heartbeatIntervalMs: 5_000,
  assignmentIntervalMs: 0,
  initializeRetryIntervalMs: 30_000,
};
