import type { Uuid } from '../common/ids.js';
import type { QuotaEntity } from './image.js';

/**
 * Where things lie in the metadata store. Identities are in the paths and never used again: a topic that is made anew has a new id,
 * so nothing that an old controller or broker still does can reach it.
 *
 *     /cluster_id                      the cluster's id, written once
 *     /controller                      id of the controller, bound to its session
 *     /controller_epoch                counts controllers; every controller write checks it
 *     /brokers/ids/<id>                a broker's registration, bound to its session; its create revision is the broker epoch
 *     /topics/<topicId>                name and partitions of a topic (TopicValue)
 *     /topic_names/<name>              id of the topic with that name
 *     /deleted_topics/<topicId>        name of a topic whose files may not be gone yet
 *     /configs/topics/<topicId>        overrides of a topic
 *     /configs/brokers/<id|default>    dynamic broker configs
 *     /configs/groups/<base64url>      dynamic group configs
 *     /configs/client_metrics/<base64url>  subscriptions to metrics of clients
 *     /features                        finalized levels, once somebody changed them
 *     /client_quotas/<entity>          quotas: user[.<base64url>], client-id[...], both with a slash between, or ip[...]; no name: default
 *     /acls/<type>/<pattern>/<base64url>  access rules of one resource pattern
 *     /scram/<base64url>               credentials of a user
 *     /delegation_tokens/<base64url>   a delegation token of an imported Kafka; nobody can ask for it without authentication
 *     /producer_ids                    first producer id that was never given out
 */
export const keys = {
  clusterId: '/cluster_id',
  controller: '/controller',
  controllerEpoch: '/controller_epoch',
  producerIds: '/producer_ids',
  brokers: '/brokers/ids/',
  topics: '/topics/',
  topicNames: '/topic_names/',
  deletedTopics: '/deleted_topics/',
  topicConfigs: '/configs/topics/',
  brokerConfigs: '/configs/brokers/',
  groupConfigs: '/configs/groups/',
  clientMetrics: '/configs/client_metrics/',
  features: '/features',
  clientQuotas: '/client_quotas/',
  acls: '/acls/',
  scramUsers: '/scram/',
  delegationTokens: '/delegation_tokens/',
  broker: (id: number) => `/brokers/ids/${id}`,
  topic: (id: Uuid) => `/topics/${id}`,
  deletedTopic: (id: Uuid) => `/deleted_topics/${id}`,
  topicName: (name: string) => `/topic_names/${name}`,
  topicConfig: (id: Uuid) => `/configs/topics/${id}`,
  /** '' is the cluster-wide default. */
  brokerConfig: (id: string) => `/configs/brokers/${id === '' ? 'default' : id}`,
  groupConfig: (group: string) => `/configs/groups/${base64(group)}`,
  clientMetric: (name: string) => `/configs/client_metrics/${base64(name)}`,
  clientQuota: (entity: QuotaEntity) => `/client_quotas/${quotaPath(entity)}`,
  acl: (resourceType: number, patternType: number, name: string) =>
    `/acls/${resourceType}/${patternType}/${base64(name)}`,
  scramUser: (user: string) => `/scram/${base64(user)}`,
  delegationToken: (tokenId: string) => `/delegation_tokens/${base64(tokenId)}`,
} as const;

function base64(text: string): string {
  return Buffer.from(text).toString('base64url');
}

function quotaPath(entity: QuotaEntity): string {
  const segment = (type: 'user' | 'client-id' | 'ip'): string[] => {
    const name = entity[type];
    return name === undefined ? [] : [name === null ? type : `${type}.${base64(name)}`];
  };
  return [...segment('user'), ...segment('client-id'), ...segment('ip')].join('/');
}

/** Value of `/topics/<topicId>`. Short names: a topic with 10,000 partitions must stay below the value limit. */
export interface TopicValue {
  readonly name: string;
  /** Per partition: leader, leader epoch, replicas, in-sync replicas. */
  readonly p: ReadonlyArray<{
    readonly l: number;
    readonly e: number;
    readonly r: readonly number[];
    readonly i: readonly number[];
  }>;
}

export interface BrokerValue {
  readonly rack: string | null;
  readonly endpoints: Readonly<Record<string, { readonly host: string; readonly port: number }>>;
}

export type ConfigValueMap = Readonly<Record<string, string>>;
