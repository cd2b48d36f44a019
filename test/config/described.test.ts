import { describe, expect, it } from 'vitest';
import {
  BrokerConfig,
  CONFIG_TYPE_CODE,
  type ConfigDescription,
  describeBroker,
  describeClusterDefaults,
  describeGroup,
  describeTopic,
} from '../../src/config/index.js';
import { readTsv } from '../support/tsv.js';
import { OUR_DEFAULTS } from './our_defaults.js';

/**
 * What Kafka 4.3.1 answered to DescribeConfigs, `static` right after its start with the settings below, `dynamic` after the
 * changes below. Kafka sets the cluster's min.insync.replicas by itself (eligible leader replicas); here the test does.
 */
const recorded = readTsv('config/described.tsv');

const PROPERTIES = {
  'process.roles': 'broker,controller',
  'node.id': 1,
  'controller.quorum.voters': '1@127.0.0.1:21101',
  listeners: 'PLAINTEXT://127.0.0.1:21100,CONTROLLER://127.0.0.1:21101',
  'advertised.listeners': 'PLAINTEXT://127.0.0.1:21100',
  'controller.listener.names': 'CONTROLLER',
  'log.dirs': '/data',
  'offsets.topic.replication.factor': 1,
  'transaction.state.log.replication.factor': 1,
  'transaction.state.log.min.isr': 1,
  'share.coordinator.state.topic.replication.factor': 1,
  'share.coordinator.state.topic.min.isr': 1,
  'group.initial.rebalance.delay.ms': 0,
  'log.retention.minutes': 10080,
  'log.roll.hours': 100,
  'message.max.bytes': 2000000,
  'num.partitions': 3,
  'log.flush.scheduler.interval.ms': 5000000,
};

function started(): BrokerConfig {
  const result = BrokerConfig.fromProperties(PROPERTIES);
  if (!result.ok) throw new Error(JSON.stringify(result.errors));
  return result.config;
}

interface Scene {
  readonly config: BrokerConfig;
  readonly topics: Readonly<Record<string, ReadonlyMap<string, string>>>;
  readonly group: ReadonlyMap<string, string>;
}

const t1 = new Map([
  ['retention.ms', '1000'],
  ['cleanup.policy', 'compact , delete'],
]);

const SCENES: Readonly<Record<string, Scene>> = {
  static: {
    config: started().withDynamic({ clusterWide: new Map([['min.insync.replicas', '1']]) }),
    topics: { t1, t2: new Map() },
    group: new Map(),
  },
  dynamic: {
    config: started().withDynamic({
      clusterWide: new Map([
        ['min.insync.replicas', '1'],
        ['message.max.bytes', '3000000'],
        ['log.cleanup.policy', 'compact'],
      ]),
      perBroker: new Map([
        ['log.retention.ms', '5000'],
        ['log.roll.ms', '1000'],
      ]),
    }),
    topics: { t1, t2: new Map([['internal.segment.bytes', '1000']]) },
    group: new Map([['consumer.session.timeout.ms', '50000']]),
  },
};

/**
 * After a dynamic change of `log.retention.ms` or `log.roll.ms` Kafka shows null or the default for the value of the coarser
 * setting beside it, while its synonyms still hold what was set. Here the value stays what was set.
 */
const KAFKA_FORGETS = ['dynamic broker 1 log.retention.minutes', 'dynamic broker 1 log.roll.hours'];

/** Set in no scene: both show their defaults, which `tables.test.ts` compares. */
const isCompared = (when: string, name: string): boolean =>
  !KAFKA_FORGETS.includes(`${when} ${name}`) && !(name in OUR_DEFAULTS);

const typeName = (code: number): string =>
  Object.entries(CONFIG_TYPE_CODE).find(([, value]) => value === code)?.[0] ?? 'UNKNOWN';

function shown(description: ConfigDescription): string {
  const synonyms = description.synonyms.map(({ name, value, source }) => `${name}=${value}@${source}`);
  return [
    description.name,
    description.value ?? '\\N',
    typeName(description.typeCode),
    description.source,
    description.readOnly ? 'ro' : 'rw',
    description.isSensitive ? 'sens' : '',
    synonyms.join(' '),
  ].join(' | ');
}

function ours(when: string, resource: string, id: string): ConfigDescription[] {
  const scene = SCENES[when];
  if (scene === undefined) throw new Error(when);
  if (resource === 'topic') return describeTopic(scene.config, scene.topics[id] ?? new Map(), null);
  if (resource === 'group') return describeGroup(scene.config, scene.group, null);
  return id === '' ? describeClusterDefaults(scene.config, null) : describeBroker(scene.config, null);
}

const cases = [...new Set(recorded.map(({ when, resource, id }) => `${when} ${resource} ${id}`))];

describe('DescribeConfigs', () => {
  it.each(cases)('of %s is what Kafka answers', (scene) => {
    const [when = '', resource = '', id = ''] = scene.split(' ');
    const kafka = recorded
      .filter((row) => row.when === when && row.resource === resource && row.id === id)
      .filter(({ name = '' }) => isCompared(scene, name))
      .map((row) =>
        ['name', 'value', 'type', 'source', 'access', 'sensitive', 'synonyms'].map((column) => row[column]).join(' | '),
      );
    const answered = ours(when, resource, id)
      .filter(({ name }) => !name.startsWith('millrace.'))
      .filter(({ name }) => isCompared(scene, name));
    expect(kafka.length).toBeGreaterThan(0);
    expect(answered.map(shown)).toEqual(kafka);
  });

  it('selects by name, leaves out what does not exist and shows internal configs once they are set', () => {
    const { config } = SCENES.static as Scene;
    const names = (found: ConfigDescription[]): string[] => found.map(({ name }) => name);
    expect(names(describeBroker(config, ['num.partitions', 'no.such', 'num.partitions']))).toEqual(['num.partitions']);
    expect(names(describeTopic(config, new Map(), ['retention.ms', 'internal.segment.bytes']))).toEqual([
      'retention.ms',
    ]);
    expect(
      names(describeTopic(config, new Map([['internal.segment.bytes', '9']]), ['internal.segment.bytes'])),
    ).toEqual(['internal.segment.bytes']);
    expect(describeBroker(config, []).length).toBe(0);
  });

  it('never tells a secret', () => {
    const config = BrokerConfig.defaults.withDynamic({
      perBroker: new Map([['ssl.keystore.password', 'hunter2']]),
      clusterWide: new Map([['ssl.key.password', 'hunter2']]),
    });
    const all = [...describeBroker(config, null), ...describeClusterDefaults(config, null)];
    expect(JSON.stringify(all)).not.toContain('hunter2');
    const [password] = describeBroker(config, ['ssl.keystore.password']);
    expect(password).toMatchObject({ value: null, isSensitive: true, source: 'DYNAMIC_BROKER_CONFIG' });
  });

  it('shows Millrace’s own configs beside Kafka’s', () => {
    const config = BrokerConfig.defaults.withDynamic({ clusterWide: new Map([['millrace.flush.mode', 'os']]) });
    expect(describeTopic(config, new Map(), ['millrace.flush.mode'])[0]).toMatchObject({
      value: 'os',
      source: 'DYNAMIC_DEFAULT_BROKER_CONFIG',
      sourceCode: 3,
      isDefault: false,
      typeCode: 2,
    });
  });
});
