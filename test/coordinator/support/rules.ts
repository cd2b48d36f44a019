import { consumerAssignors } from '../../../src/coordinator/consumer_group/assignors.js';
import type { ConsumerGroupRules } from '../../../src/coordinator/consumer_group/settings.js';

/** Kafka's defaults, but for the assignment interval: tests that wait for it say so. */
export const consumerRules: ConsumerGroupRules = {
  assignors: consumerAssignors,
  maxSize: 2_147_483_647,
  sessionTimeoutMs: 45_000,
  heartbeatIntervalMs: 5_000,
  assignmentIntervalMs: 0,
  regexRefreshIntervalMs: 600_000,
  migrationPolicy: { upgrade: true, downgrade: true },
};
