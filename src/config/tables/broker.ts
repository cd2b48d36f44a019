import type { BrokerConfigDefinition } from '../definition.js';
import { baseOfListenerConfig } from '../listener_configs.js';
import { AUTHORIZER_CONFIGS } from './broker_authorizer.js';
import { CLUSTER_CONFIGS } from './broker_cluster.js';
import { GROUPS_CONFIGS } from './broker_groups.js';
import { LOG_CONFIGS } from './broker_log.js';
import { MILLRACE_CONFIGS } from './broker_millrace.js';
import { NETWORK_CONFIGS } from './broker_network.js';
import { QUOTA_CONFIGS } from './broker_quota.js';
import { REMOTE_CONFIGS } from './broker_remote.js';
import { REPLICATION_CONFIGS } from './broker_replication.js';
import { SECURITY_CONFIGS } from './broker_security.js';
import { SHARE_CONFIGS } from './broker_share.js';
import { STREAMS_CONFIGS } from './broker_streams.js';
import { TRANSACTIONS_CONFIGS } from './broker_transactions.js';

/** Every broker config of Kafka 4.3.1 and of Millrace. */
export const BROKER_CONFIGS = {
  ...AUTHORIZER_CONFIGS,
  ...CLUSTER_CONFIGS,
  ...GROUPS_CONFIGS,
  ...LOG_CONFIGS,
  ...MILLRACE_CONFIGS,
  ...NETWORK_CONFIGS,
  ...QUOTA_CONFIGS,
  ...REMOTE_CONFIGS,
  ...REPLICATION_CONFIGS,
  ...SECURITY_CONFIGS,
  ...SHARE_CONFIGS,
  ...STREAMS_CONFIGS,
  ...TRANSACTIONS_CONFIGS,
} as const;

export type BrokerConfigTable = typeof BROKER_CONFIGS;
export type BrokerConfigName = keyof BrokerConfigTable;

const BY_NAME: ReadonlyMap<string, BrokerConfigDefinition> = new Map(Object.entries(BROKER_CONFIGS));

export const BROKER_CONFIG_NAMES: readonly string[] = [...BY_NAME.keys()].sort();

/** Also for the name of a single listener's config. Undefined for a name that no table has. */
export function brokerConfigDefinition(name: string): BrokerConfigDefinition | undefined {
  return BY_NAME.get(name) ?? BY_NAME.get(baseOfListenerConfig(name) ?? '');
}
