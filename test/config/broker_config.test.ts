import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { INT64_MAX } from '../../src/common/ids.js';
import { BrokerConfig, type ConfigInput, parseProperties, resolveTopicConfig } from '../../src/config/index.js';
import { readTsv } from '../support/tsv.js';

function configOf(input: ConfigInput): BrokerConfig {
  const result = BrokerConfig.fromProperties(input);
  if (!result.ok) throw new Error(JSON.stringify(result.errors));
  return result.config;
}

function errorsOf(input: ConfigInput): string[] {
  const result = BrokerConfig.fromProperties(input);
  return result.ok ? [] : result.errors.map(({ message }) => message);
}

function warningsOf(input: ConfigInput): string[] {
  const result = BrokerConfig.fromProperties(input);
  return result.ok ? result.warnings.map(({ message }) => message) : ['refused'];
}

const topicOf = (broker: BrokerConfig, ...overrides: [string, string][]) =>
  resolveTopicConfig(broker, new Map(overrides));

describe('BrokerConfig', () => {
  it('gives defaults with the type of the table', () => {
    const config = BrokerConfig.defaults;
    const partitions: number = config.int('num.partitions');
    const dirs: readonly string[] | null = config.list('log.dirs');
    expect(partitions).toBe(1);
    expect(dirs).toBeNull();
    expect(config.logDirs).toEqual(['/tmp/kafka-logs']);
    expect(config.nodeId).toBe(1);
    expect(config.boolean('auto.create.topics.enable')).toBe(true);
    expect(config.long('log.flush.interval.messages')).toBe(INT64_MAX);
    expect(config.text('log.flush.interval.messages')).toBe('9223372036854775807');
    expect(config.double('log.cleaner.min.cleanable.ratio')).toBe(0.5);
    expect(config.string('millrace.flush.mode')).toBe('group');
    expect(config.int('millrace.metrics.port')).toBe(-1);
    expect(config.list('listeners')).toEqual(['PLAINTEXT://:9092']);
    expect(config.isSet('num.partitions')).toBe(false);
  });

  it('takes Kafka’s own server.properties', () => {
    const text = readFileSync(new URL('../golden/config/server.properties', import.meta.url), 'utf8');
    const result = BrokerConfig.fromProperties(parseProperties(text));
    if (!result.ok) throw new Error(JSON.stringify(result.errors));
    expect(result.warnings.map(({ name }) => name)).toEqual([
      'controller.quorum.bootstrap.servers',
      'inter.broker.listener.name',
    ]);
    expect(result.config.logDirs).toEqual(['/tmp/kraft-combined-logs']);
    expect(result.config.nodeId).toBe(1);
    expect(result.config.list('advertised.listeners')).toHaveLength(2);
    expect(result.config.source('num.partitions')).toBe('STATIC_BROKER_CONFIG');
  });

  it('reports every error, each with its name', () => {
    expect(
      errorsOf({ 'num.partitions': 0, 'log.retention.ms': 'soon', 'remote.log.storage.system.enable': true }),
    ).toEqual([
      'Invalid value 0 for configuration num.partitions: Value must be at least 1',
      'Invalid value soon for configuration log.retention.ms: Not a number of type LONG',
      'remote.log.storage.system.enable=true is not supported by this version of Millrace: leave it at false',
    ]);
    expect(errorsOf({ 'authorizer.class.name': 'org.example.Authorizer' })[0]).toContain('authorizer.class.name');
    expect(errorsOf({ 'ssl.key.password': 'hunter2' })).toEqual([
      'ssl.key.password is not supported by this version of Millrace: remove it',
    ]);
    expect(errorsOf({ 'node.id': 1, 'broker.id': 2 })).toHaveLength(1);
    expect(errorsOf({ 'broker.id': -1 })).toHaveLength(1);
    expect(errorsOf({ 'process.roles': 'controller' })[0]).toContain('process.roles=controller');
    expect(errorsOf({ 'log.retention.hours': 0 })).toHaveLength(1);
    expect(errorsOf({ 'listener.name.internal.ssl.keystore.location': '/x' })).toHaveLength(1);
  });

  it('refuses what does not go together, as Kafka does', () => {
    const rows = readTsv('config/contradictions.tsv');
    const ours = rows.map(({ settings = '' }) => {
      const pairs = settings.split(';').map((setting) => setting.split('=', 2) as [string, string]);
      return { settings, answers: errorsOf(new Map(pairs)) };
    });
    // Kafka says the first, Millrace all.
    expect(
      ours.map(({ settings, answers }, row) => {
        const answer = rows[row]?.answer ?? '';
        return `${settings}: ${answers.includes(answer) ? answer : (answers[0] ?? 'ok')}`;
      }),
    ).toEqual(rows.map(({ settings, answer }) => `${settings}: ${answer}`));
    expect(rows.length).toBeGreaterThan(70);
  });

  it('warns of what has no effect, and takes what is refused while it stays at its default', () => {
    expect(warningsOf({ 'num.io.threads': 16 })).toEqual([
      'num.io.threads=16 has no effect: Millrace does not act on it yet',
    ]);
    expect(warningsOf({ 'num.io.threads': 8, 'sasl.enabled.mechanisms': 'GSSAPI' })).toEqual([]);
    expect(warningsOf({ 'num.partition': 3 })).toEqual([
      'num.partition is not a broker config and is ignored: did you mean num.partitions?',
    ]);
    expect(warningsOf({ 'zookeeper.connect': 'localhost:2181' })).toEqual([
      'zookeeper.connect is not a broker config and is ignored: Kafka 4.3 does not know it either',
    ]);
  });

  it('reads maps and objects alike', () => {
    expect(configOf({ 'log.dirs': ['/a', '/b'], 'num.partitions': 3, listeners: undefined }).logDirs).toEqual([
      '/a',
      '/b',
    ]);
    expect(configOf(new Map([['log.dirs', ' /a , /b ']])).logDirs).toEqual(['/a', '/b']);
    expect(configOf({ 'broker.id': 7 }).nodeId).toBe(7);
    expect(configOf({ 'node.id': 7 }).int('broker.id')).toBe(7);
  });

  it('puts dynamic configs of the broker before the cluster’s, and both before static ones', () => {
    const base = configOf({ 'message.max.bytes': 1000, 'log.retention.bytes': 5 });
    const cluster = base.withDynamic({ clusterWide: new Map([['message.max.bytes', '2000']]) });
    const both = base.withDynamic({
      clusterWide: new Map([['message.max.bytes', '2000']]),
      perBroker: new Map([['message.max.bytes', '3000']]),
    });
    expect([base, cluster, both].map((config) => config.int('message.max.bytes'))).toEqual([1000, 2000, 3000]);
    expect(both.source('message.max.bytes')).toBe('DYNAMIC_BROKER_CONFIG');
    expect(both.withDynamic({}).int('message.max.bytes')).toBe(1000);
    expect(both.long('log.retention.bytes')).toBe(5);
  });

  it('goes on without dynamic configs it cannot read, and says which', () => {
    const config = BrokerConfig.defaults.withDynamic({
      clusterWide: new Map([
        ['message.max.bytes', 'many'],
        ['no.such', '1'],
      ]),
    });
    expect(config.int('message.max.bytes')).toBe(1048588);
    expect(config.unreadable.map(({ name }) => name)).toEqual(['message.max.bytes', 'no.such']);
  });
});

describe('resolveTopicConfig', () => {
  it('has Kafka’s defaults', () => {
    expect(topicOf(BrokerConfig.defaults)).toEqual({
      segmentBytes: 1073741824,
      segmentMs: 604800000,
      segmentJitterMs: 0,
      segmentIndexBytes: 10485760,
      indexIntervalBytes: 4096,
      retentionMs: 604800000,
      retentionBytes: -1,
      fileDeleteDelayMs: 60000,
      deletes: true,
      compacts: false,
      deleteRetentionMs: 86400000,
      minCompactionLagMs: 0,
      maxCompactionLagMs: INT64_MAX,
      minCleanableDirtyRatio: 0.5,
      maxMessageBytes: 1048588,
      minInsyncReplicas: 1,
      messageTimestampType: 'CreateTime',
      messageTimestampBeforeMaxMs: INT64_MAX,
      messageTimestampAfterMaxMs: 3600000,
      compressionType: 'producer',
      compressionGzipLevel: -1,
      compressionLz4Level: 9,
      compressionZstdLevel: 3,
      flushMode: 'group',
      preallocate: false,
      uncleanLeaderElectionEnable: false,
    });
  });

  it('prefers ms over minutes over hours, whatever layer they are in', () => {
    const hours = configOf({ 'log.retention.hours': 1 });
    const minutes = configOf({ 'log.retention.hours': 1, 'log.retention.minutes': 2 });
    const ms = minutes.withDynamic({ clusterWide: new Map([['log.retention.ms', '3']]) });
    expect([hours, minutes, ms].map((config) => topicOf(config).retentionMs)).toEqual([3_600_000, 120_000, 3]);
    expect(topicOf(ms, ['retention.ms', '4']).retentionMs).toBe(4);
  });

  it('takes any negative time of the broker as for ever', () => {
    expect(topicOf(configOf({ 'log.retention.minutes': -1 })).retentionMs).toBe(-1);
    expect(topicOf(configOf({ 'log.retention.hours': -5 })).retentionMs).toBe(-1);
    expect(topicOf(BrokerConfig.defaults, ['retention.bytes', '-7']).retentionBytes).toBe(-1);
  });

  it('knows roll times, jitter, policies and flush modes', () => {
    const config = configOf({
      'log.roll.hours': 2,
      'log.roll.jitter.hours': 1,
      'log.cleanup.policy': 'compact,delete',
      'millrace.flush.mode': 'os',
    });
    expect(topicOf(config)).toMatchObject({
      segmentMs: 7_200_000,
      segmentJitterMs: 3_600_000,
      deletes: true,
      compacts: true,
      flushMode: 'os',
    });
    expect(
      topicOf(config, ['cleanup.policy', ''], ['millrace.flush.mode', 'group'], ['internal.segment.bytes', '9']),
    ).toMatchObject({ deletes: false, compacts: false, flushMode: 'group', segmentBytes: 9 });
    expect(topicOf(config, ['message.timestamp.type', 'LogAppendTime']).messageTimestampType).toBe('LogAppendTime');
  });

  it('leaves out overrides it cannot read', () => {
    expect(topicOf(BrokerConfig.defaults, ['retention.ms', 'soon'], ['no.such', '1']).retentionMs).toBe(604800000);
  });

  it('gives the topic’s own value for any number in range', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1, max: 2 ** 48 }), fc.integer({ min: 1, max: 1e6 }), (own, hours) => {
        const broker = configOf({ 'log.retention.hours': hours });
        expect(topicOf(broker, ['retention.ms', String(own)]).retentionMs).toBe(own);
        expect(topicOf(broker).retentionMs).toBe(hours * 3_600_000);
      }),
    );
  });
});
