import type { Clock, Timers } from '../../common/ports/index.js';
import type { BrokerConfig } from '../../config/index.js';
import type { GroupCoordinator } from '../../coordinator/group_coordinator.js';
import type { ShareCoordinator } from '../../coordinator/share_coordinator.js';
import { ShareGroups } from '../../coordinator/share_groups.js';
import type { MetadataCache } from '../../metadata/image.js';
import type { ReplicaManager } from '../../replication/replica_manager.js';
import { ShareSessionCache } from '../../replication/share/share_sessions.js';
import type { Logger } from '../../telemetry/logger.js';
import type { InternalTopics } from '../handlers/find_coordinator.js';
import { SharePartitions } from './share_partitions.js';
import { SharePersistence } from './share_persister.js';
import { ShareConfigs } from './share_rules.js';

/** What a broker needs to coordinate share groups and to lead partitions for them. */
export interface ShareServices {
  readonly shareSessions: ShareSessionCache;
  readonly sharePartitions: SharePartitions;
  readonly shareConfigs: ShareConfigs;
  readonly sharePersistence: SharePersistence;
  readonly shareGroups: ShareGroups;
}

export function assembleShareServices(deps: {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly metadata: MetadataCache;
  readonly replicas: ReplicaManager;
  readonly groups: GroupCoordinator;
  readonly shareCoordinator: ShareCoordinator;
  readonly topics: InternalTopics;
  config(): BrokerConfig;
}): ShareServices {
  const { clock, timers, logger, metadata, replicas, groups, shareCoordinator, topics, config } = deps;
  const sessions = new ShareSessionCache(config().int('group.share.max.share.sessions'));
  const configs = new ShareConfigs(config, metadata);
  const persistence = new SharePersistence(shareCoordinator, topics, timers);
  const partitions = new SharePartitions({ clock, timers, logger, replicas, persistence, configs, sessions });
  return {
    shareSessions: sessions,
    sharePartitions: partitions,
    shareConfigs: configs,
    sharePersistence: persistence,
    shareGroups: new ShareGroups(groups, {
      initialize: (id, stateEpoch, startOffset) =>
        persistence.ask((coordinator) => coordinator.initialize(id, stateEpoch, startOffset)),
      delete: (id) => persistence.ask((coordinator) => coordinator.delete(id)),
    }),
  };
}
