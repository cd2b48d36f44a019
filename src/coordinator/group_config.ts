import { type BrokerConfig, groupBounds } from '../config/index.js';
import { consumerAssignors } from './consumer_group/assignors.js';
import type { ConsumerGroupRules } from './consumer_group/settings.js';
import type { GroupCoordinatorConfig } from './group_coordinator.js';
import type { SettingBounds } from './modern/settings.js';
import type { ShareGroupRules } from './share_group/settings.js';
import type { StreamsGroupRules } from './streams_group/settings.js';

/** The broker's settings that the group coordinator goes by. They count from the start of the
 * broker; what can be changed while it runs is looked up in the metadata. */
export function groupCoordinatorConfig(config: BrokerConfig): GroupCoordinatorConfig {
  return {
    groupMinSessionTimeoutMs: config.int('group.min.session.timeout.ms'),
    groupMaxSessionTimeoutMs: config.int('group.max.session.timeout.ms'),
    groupInitialRebalanceDelayMs: config.int('group.initial.rebalance.delay.ms'),
    groupMaxSize: config.int('group.max.size'),
    groupCoordinatorAppendLingerMs: config.int('group.coordinator.append.linger.ms'),
    offsetMetadataMaxBytes: config.int('offset.metadata.max.bytes'),
    offsetsTopicNumPartitions: config.int('offsets.topic.num.partitions'),
    offsetsRetentionMinutes: config.int('offsets.retention.minutes'),
    offsetsRetentionCheckIntervalMs: config.long('offsets.retention.check.interval.ms'),
    offsetsCommitTimeoutMs: config.int('offsets.commit.timeout.ms'),
    offsetsLoadBufferSize: config.int('offsets.load.buffer.size'),
    consumer: consumerRules(config),
    share: shareRules(config),
    streams: streamsRules(config),
  };
}

function boundsOf(config: BrokerConfig): SettingBounds {
  return { nodeId: config.nodeId, byName: groupBounds(config) };
}

function streamsRules(config: BrokerConfig): StreamsGroupRules {
  return {
    bounds: boundsOf(config),
    maxSize: config.int('group.streams.max.size'),
    sessionTimeoutMs: config.int('group.streams.session.timeout.ms'),
    heartbeatIntervalMs: config.int('group.streams.heartbeat.interval.ms'),
    assignmentIntervalMs: config.int('group.streams.assignment.interval.ms'),
    initialRebalanceDelayMs: config.int('group.streams.initial.rebalance.delay.ms'),
    standbyReplicas: config.int('group.streams.num.standby.replicas'),
  };
}

function consumerRules(config: BrokerConfig): ConsumerGroupRules {
  const policy = config.string('group.consumer.migration.policy').toLowerCase();
  const names = config.list('group.consumer.assignors');
  return {
    assignors: names.flatMap((name) => consumerAssignors.find((assignor) => assignor.name === name) ?? []),
    bounds: boundsOf(config),
    maxSize: config.int('group.consumer.max.size'),
    sessionTimeoutMs: config.int('group.consumer.session.timeout.ms'),
    heartbeatIntervalMs: config.int('group.consumer.heartbeat.interval.ms'),
    assignmentIntervalMs: config.int('group.consumer.assignment.interval.ms'),
    regexRefreshIntervalMs: config.int('group.consumer.regex.refresh.interval.ms'),
    migrationPolicy: {
      upgrade: policy === 'upgrade' || policy === 'bidirectional',
      downgrade: policy === 'downgrade' || policy === 'bidirectional',
    },
  };
}

function shareRules(config: BrokerConfig): ShareGroupRules {
  return {
    bounds: boundsOf(config),
    maxSize: config.int('group.share.max.size'),
    sessionTimeoutMs: config.int('group.share.session.timeout.ms'),
    heartbeatIntervalMs: config.int('group.share.heartbeat.interval.ms'),
    assignmentIntervalMs: config.int('group.share.assignment.interval.ms'),
    initializeRetryIntervalMs: config.int('group.share.initialize.retry.interval.ms'),
  };
}
