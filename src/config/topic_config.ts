import { assert } from '../common/assert.js';
import type { BrokerConfig } from './broker_config.js';
import type { ConfigValue, Synonym, ValueOf } from './definition.js';
import { type BrokerConfigName, brokerConfigDefinition } from './tables/broker.js';
import { type TopicConfigName, type TopicConfigTable, topicConfigDefinition } from './tables/topic.js';
import { parseValue } from './values.js';

const RETENTION_TIMES: ReadonlySet<string> = new Set([
  'log.retention.ms',
  'log.retention.minutes',
  'log.retention.hours',
]);

export type TimestampType = 'CreateTime' | 'LogAppendTime';
export type FlushMode = 'group' | 'os';

/** The configuration of one topic as plain fields for code that runs often. */
export interface TopicConfig {
  /** `internal.segment.bytes` where set, else `segment.bytes`. */
  readonly segmentBytes: number;
  readonly segmentMs: number;
  readonly segmentJitterMs: number;
  readonly segmentIndexBytes: number;
  readonly indexIntervalBytes: number;
  /** -1: for ever. */
  readonly retentionMs: number;
  /** -1: no limit. */
  readonly retentionBytes: number;
  readonly fileDeleteDelayMs: number;
  /** `cleanup.policy` contains it; both false: nothing is ever removed. */
  readonly deletes: boolean;
  readonly compacts: boolean;
  readonly deleteRetentionMs: number;
  readonly minCompactionLagMs: number;
  readonly maxCompactionLagMs: number;
  readonly minCleanableDirtyRatio: number;
  readonly maxMessageBytes: number;
  readonly minInsyncReplicas: number;
  readonly messageTimestampType: TimestampType;
  readonly messageTimestampBeforeMaxMs: number;
  readonly messageTimestampAfterMaxMs: number;
  /** `producer` or a codec's name. */
  readonly compressionType: string;
  readonly compressionGzipLevel: number;
  readonly compressionLz4Level: number;
  readonly compressionZstdLevel: number;
  readonly flushMode: FlushMode;
  readonly preallocate: boolean;
  readonly uncleanLeaderElectionEnable: boolean;
}

/**
 * Brings a topic's own settings and the broker's together: the topic's value, else the first of the broker's synonyms that is
 * set (dynamic before static), else the default. Overrides this version cannot read are left out.
 */
export function resolveTopicConfig(broker: BrokerConfig, overrides: ReadonlyMap<string, string>): TopicConfig {
  const value = <N extends TopicConfigName>(name: N): ValueOf<TopicConfigTable[N]> =>
    topicValue(broker, overrides, name) as ValueOf<TopicConfigTable[N]>;
  const policies = value('cleanup.policy');
  return {
    segmentBytes: value('internal.segment.bytes') ?? value('segment.bytes'),
    segmentMs: value('segment.ms'),
    segmentJitterMs: value('segment.jitter.ms'),
    segmentIndexBytes: value('segment.index.bytes'),
    indexIntervalBytes: value('index.interval.bytes'),
    retentionMs: value('retention.ms'),
    retentionBytes: Math.max(-1, value('retention.bytes')),
    fileDeleteDelayMs: value('file.delete.delay.ms'),
    deletes: policies.includes('delete'),
    compacts: policies.includes('compact'),
    deleteRetentionMs: value('delete.retention.ms'),
    minCompactionLagMs: value('min.compaction.lag.ms'),
    maxCompactionLagMs: value('max.compaction.lag.ms'),
    minCleanableDirtyRatio: value('min.cleanable.dirty.ratio'),
    maxMessageBytes: value('max.message.bytes'),
    minInsyncReplicas: value('min.insync.replicas'),
    messageTimestampType: value('message.timestamp.type') === 'LogAppendTime' ? 'LogAppendTime' : 'CreateTime',
    messageTimestampBeforeMaxMs: value('message.timestamp.before.max.ms'),
    messageTimestampAfterMaxMs: value('message.timestamp.after.max.ms'),
    compressionType: value('compression.type'),
    compressionGzipLevel: value('compression.gzip.level'),
    compressionLz4Level: value('compression.lz4.level'),
    compressionZstdLevel: value('compression.zstd.level'),
    flushMode: value('millrace.flush.mode') === 'os' ? 'os' : 'group',
    preallocate: value('preallocate'),
    uncleanLeaderElectionEnable: value('unclean.leader.election.enable'),
  };
}

/** The value in force of one topic config. */
export function topicValue(
  broker: BrokerConfig,
  overrides: ReadonlyMap<string, string>,
  name: TopicConfigName,
): ConfigValue | null {
  const definition = topicConfigDefinition(name);
  assert(definition !== undefined, `no topic config is named ${name}`);
  const raw = overrides.get(name);
  const own = raw === undefined ? undefined : parseValue(name, definition, raw);
  if (own?.ok === true) return own.parsed.value;
  return brokerDefault(broker, definition.synonyms) ?? definition.default;
}

/** What the broker's configs say for topics: the first synonym with a value, as an own setting or as its default. */
export function brokerDefault(broker: BrokerConfig, synonyms: readonly Synonym[]): ConfigValue | undefined {
  for (const { name, factor } of synonyms) {
    assert(brokerConfigDefinition(name) !== undefined, `no broker config is named ${name}`);
    const value = broker.get(name as BrokerConfigName);
    if (value === null) continue;
    if (typeof value !== 'number') return value;
    // Any negative retention is "for ever", which is -1 in every unit.
    return RETENTION_TIMES.has(name) && value < 0 ? -1 : value * factor;
  }
  return undefined;
}
