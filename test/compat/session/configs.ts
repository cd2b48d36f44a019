import { create, type RequestStep, remove, zeroId } from './step.js';

const TOPIC = 2;
const BROKER = 4;
const LOGGER = 8;
const METRICS = 16;
const GROUP = 32;

const describe = (name: string, version: number, resources: readonly object[], more: object = {}): RequestStep => ({
  name: `describe: ${name}`,
  api: 'DescribeConfigs',
  version,
  body: { resources: resources.map((one) => ({ configurationKeys: null, ...one })), ...more },
});
const of = (resourceType: number, resourceName: string, configurationKeys: readonly string[] | null = null) => ({
  resourceType,
  resourceName,
  configurationKeys,
});
const settings = (values: Readonly<Record<string, string | null>>) =>
  Object.entries(values).map(([name, value]) => ({ name, value }));

const replace = (
  name: string,
  version: number,
  resources: readonly (readonly [number, string, Readonly<Record<string, string | null>>])[],
  validateOnly = false,
): RequestStep => ({
  name: `replace: ${name}`,
  api: 'AlterConfigs',
  version,
  body: {
    resources: resources.map(([resourceType, resourceName, configs]) => ({
      resourceType,
      resourceName,
      configs: settings(configs),
    })),
    validateOnly,
  },
});

const codes = { SET: 0, DELETE: 1, APPEND: 2, SUBTRACT: 3 } as const;
type Op = readonly [keyof typeof codes | number, string, string | null];
const alter = (
  name: string,
  version: number,
  resources: readonly (readonly [number, string, ...Op[]])[],
  validateOnly = false,
): RequestStep => ({
  name: `alter: ${name}`,
  api: 'IncrementalAlterConfigs',
  version,
  body: {
    resources: resources.map(([resourceType, resourceName, ...ops]) => ({
      resourceType,
      resourceName,
      configs: ops.map(([operation, key, value]) => ({
        name: key,
        configOperation: typeof operation === 'number' ? operation : codes[operation],
        value,
      })),
    })),
    validateOnly,
  },
});

const topicKeys = [
  'cleanup.policy',
  'retention.ms',
  'segment.bytes',
  'min.insync.replicas',
  'no.such',
  'compression.type',
  'leader.replication.throttled.replicas',
];
const brokerKeys = [
  'log.retention.ms',
  'log.retention.hours',
  'num.io.threads',
  'node.id',
  'log.cleaner.threads',
  'message.max.bytes',
  'group.initial.rebalance.delay.ms',
  'no.such',
  'log.cleanup.policy',
  'ssl.keystore.password',
];

/** DescribeConfigs, IncrementalAlterConfigs, AlterConfigs. */
export const configs: readonly RequestStep[] = [
  create('for configs', 7, [
    { name: 'cfg', configs: [{ name: 'retention.ms', value: '1000' }] },
    { name: 'cfg2' },
    { name: 'cfg3' },
  ]),
  ...[1, 2, 3, 4].map((version) =>
    describe(
      `topic v${version}`,
      version,
      [of(TOPIC, 'cfg', topicKeys)],
      version >= 3 ? { includeSynonyms: true } : { includeSynonyms: version === 2 },
    ),
  ),
  describe('whole topic', 4, [of(TOPIC, 'cfg')], { includeSynonyms: true }),
  describe('bad topics', 4, [of(TOPIC, 'missing'), of(TOPIC, 'a b'), of(TOPIC, ''), of(TOPIC, '..')]),
  describe('empty key list', 4, [of(TOPIC, 'cfg', []), of(GROUP, 'g', [])]),
  describe('broker', 4, [of(BROKER, '1', brokerKeys), of(BROKER, '', brokerKeys)], { includeSynonyms: true }),
  describe('whole cluster default', 4, [of(BROKER, '')], { includeSynonyms: true }),
  describe('wrong brokers', 4, [of(BROKER, '2'), of(BROKER, 'x'), of(BROKER, '-1'), of(BROKER, ' 1')]),
  describe('loggers', 4, [of(LOGGER, ''), of(LOGGER, '2'), of(LOGGER, 'x'), of(LOGGER, '1', ['no.such.logger'])]),
  describe('group', 4, [of(GROUP, 'g'), of(GROUP, ''), of(GROUP, 'g', ['consumer.session.timeout.ms', 'no.such'])], {
    includeSynonyms: true,
  }),
  describe('other types', 4, [of(METRICS, 'm'), of(0, 'x'), of(3, 'x'), of(1, 'y'), of(64, 'z'), of(-1, 'z')]),
  describe('the same twice', 4, [of(TOPIC, 'cfg', ['retention.ms']), of(TOPIC, 'cfg', ['retention.ms'])]),
  describe('nothing', 4, []),

  ...[0, 1].flatMap((version): RequestStep[] => [
    alter(`set v${version}`, version, [
      [TOPIC, 'cfg', ['SET', 'retention.ms', String(2000 + version)], ['SET', 'max.message.bytes', '5000']],
    ]),
    describe(`set v${version}`, 4, [of(TOPIC, 'cfg', ['retention.ms', 'max.message.bytes'])]),
  ]),
  alter('delete', 1, [
    [
      TOPIC,
      'cfg',
      ['DELETE', 'retention.ms', null],
      ['DELETE', 'segment.ms', null],
      ['DELETE', 'max.message.bytes', 'ignored'],
    ],
  ]),
  alter('append', 1, [[TOPIC, 'cfg', ['APPEND', 'cleanup.policy', 'compact']]]),
  alter('append again', 1, [
    [
      TOPIC,
      'cfg',
      ['APPEND', 'cleanup.policy', 'compact'],
      ['APPEND', 'follower.replication.throttled.replicas', '0:1,1:1'],
    ],
  ]),
  describe('appended', 4, [
    of(TOPIC, 'cfg', [
      'cleanup.policy',
      'follower.replication.throttled.replicas',
      'retention.ms',
      'max.message.bytes',
    ]),
  ]),
  alter('subtract', 1, [
    [
      TOPIC,
      'cfg',
      ['SUBTRACT', 'cleanup.policy', 'delete'],
      ['SUBTRACT', 'follower.replication.throttled.replicas', '7:7'],
    ],
  ]),
  describe('subtracted', 4, [of(TOPIC, 'cfg', ['cleanup.policy', 'follower.replication.throttled.replicas'])]),
  alter('lists only', 1, [
    [TOPIC, 'cfg', ['APPEND', 'retention.ms', '5']],
    [TOPIC, 'cfg3', ['SUBTRACT', 'no.such', '5']],
  ]),
  alter('unknown operation', 1, [[TOPIC, 'cfg2', [9, 'retention.ms', '5']]]),
  alter('bad values', 1, [
    [TOPIC, 'cfg', ['SET', 'retention.ms', 'x']],
    [TOPIC, 'cfg2', ['SET', 'no.such', 'x']],
    [TOPIC, 'cfg3', ['SET', 'retention.ms', null]],
    [TOPIC, 'missing', ['SET', 'retention.ms', '1']],
    [TOPIC, 'a b', ['SET', 'retention.ms', '1']],
    [TOPIC, '', ['SET', 'retention.ms', '1']],
  ]),
  alter('more bad values', 1, [
    [TOPIC, 'cfg', ['SET', 'min.insync.replicas', '0']],
    [TOPIC, 'cfg2', ['SET', 'min.compaction.lag.ms', '10'], ['SET', 'max.compaction.lag.ms', '5']],
    [TOPIC, 'cfg3', ['DELETE', 'no.such', null]],
  ]),
  alter('a key twice', 1, [[TOPIC, 'cfg', ['SET', 'retention.ms', '1'], ['DELETE', 'retention.ms', null]]]),
  alter('a resource twice', 1, [
    [TOPIC, 'cfg', ['SET', 'retention.ms', '1']],
    [TOPIC, 'cfg', ['SET', 'segment.ms', '1']],
    [TOPIC, 'cfg2', ['SET', 'segment.ms', '7']],
  ]),
  alter('good and bad', 1, [
    [TOPIC, 'cfg', ['SET', 'retention.ms', '77'], ['SET', 'segment.ms', 'x']],
    [TOPIC, 'cfg2', ['SET', 'retention.ms', '78']],
  ]),
  alter(
    'validate only',
    1,
    [
      [TOPIC, 'cfg', ['SET', 'retention.ms', '99']],
      [TOPIC, 'cfg2', ['SET', 'retention.ms', 'x']],
    ],
    true,
  ),
  describe('what came of it', 4, [
    of(TOPIC, 'cfg', ['retention.ms', 'segment.ms']),
    of(TOPIC, 'cfg2', ['retention.ms', 'segment.ms']),
    of(TOPIC, 'cfg3', ['retention.ms']),
  ]),
  alter('no operations', 1, [
    [TOPIC, 'cfg'],
    [BROKER, '1'],
  ]),
  alter('nothing', 1, []),

  alter('brokers', 1, [
    [BROKER, '1', ['SET', 'log.retention.ms', '12345']],
    [BROKER, '', ['SET', 'message.max.bytes', '2000000'], ['SET', 'log.retention.ms', '54321']],
  ]),
  describe(
    'brokers altered',
    4,
    [
      of(BROKER, '1', ['log.retention.ms', 'message.max.bytes']),
      of(BROKER, '', ['log.retention.ms', 'message.max.bytes']),
      of(TOPIC, 'cfg3', ['retention.ms', 'max.message.bytes']),
    ],
    { includeSynonyms: true },
  ),
  alter('brokers, refused', 1, [
    [BROKER, '1', ['SET', 'node.id', '7']],
    [BROKER, '', ['SET', 'log.segment.bytes', 'x']],
  ]),
  alter('brokers, refused 2', 1, [
    [BROKER, '1', ['SET', 'num.io.threads', '0']],
    [BROKER, '2', ['SET', 'log.retention.ms', '1']],
  ]),
  alter('brokers, refused 3', 1, [
    [BROKER, 'x', ['SET', 'log.retention.ms', '1']],
    [BROKER, '', ['APPEND', 'log.retention.ms', '1']],
  ]),
  alter('brokers, refused 4', 1, [
    [BROKER, '1', ['SET', 'log.retention.ms', null]],
    [BROKER, '', ['SET', 'log.retention.ms', '1'], ['SET', 'log.retention.ms', '2']],
  ]),
  alter('brokers, refused 5', 1, [[BROKER, '', ['SET', 'ssl.keystore.location', '/x']]]),
  alter('brokers, list', 1, [[BROKER, '', ['APPEND', 'log.cleanup.policy', 'compact']]]),
  describe('brokers, list', 4, [of(BROKER, '', ['log.cleanup.policy'])]),
  alter('brokers, delete', 1, [
    [BROKER, '1', ['DELETE', 'log.retention.ms', null]],
    [
      BROKER,
      '',
      ['DELETE', 'log.retention.ms', null],
      ['DELETE', 'message.max.bytes', null],
      ['DELETE', 'log.cleanup.policy', null],
      ['DELETE', 'never.set', null],
    ],
  ]),
  describe('brokers, deleted', 4, [of(BROKER, '1', ['log.retention.ms', 'message.max.bytes']), of(BROKER, '')], {
    includeSynonyms: true,
  }),

  alter('groups', 1, [
    [GROUP, 'g', ['SET', 'consumer.session.timeout.ms', '50000']],
    [GROUP, '', ['SET', 'consumer.session.timeout.ms', '50000']],
    [GROUP, 'h', ['SET', 'no.such', '1']],
  ]),
  alter('groups, refused', 1, [
    [GROUP, 'g', ['SET', 'consumer.session.timeout.ms', '1']],
    [GROUP, 'h', ['SET', 'consumer.session.timeout.ms', 'x']],
    [GROUP, 'i', ['APPEND', 'consumer.session.timeout.ms', '7']],
  ]),
  describe(
    'groups',
    4,
    [
      of(GROUP, 'g', ['consumer.session.timeout.ms', 'consumer.heartbeat.interval.ms']),
      of(GROUP, 'h', ['consumer.session.timeout.ms']),
    ],
    { includeSynonyms: true },
  ),
  alter('loggers', 1, [
    [LOGGER, '1', ['SET', 'no.such.logger', 'INFO']],
    [LOGGER, '2', ['SET', 'kafka', 'INFO']],
  ]),
  alter('loggers, refused', 1, [
    [LOGGER, '', ['SET', 'kafka', 'INFO']],
    [LOGGER, 'x', ['SET', 'kafka', 'INFO']],
  ]),
  alter('other types', 1, [
    [0, 'x', ['SET', 'a', 'b']],
    [3, 'x', ['SET', 'a', 'b']],
    [64, 'y', ['SET', 'a', 'b']],
  ]),

  ...[0, 1, 2].flatMap((version): RequestStep[] => [
    replace(`v${version}`, version, [
      [TOPIC, 'cfg', { 'retention.ms': String(3000 + version), 'segment.ms': '60000' }],
      [TOPIC, 'missing', { 'retention.ms': '1' }],
    ]),
    describe(`replaced v${version}`, 4, [of(TOPIC, 'cfg', ['cleanup.policy', 'retention.ms', 'segment.ms'])]),
  ]),
  replace('refused', 2, [
    [TOPIC, 'cfg', { 'retention.ms': 'x' }],
    [TOPIC, 'cfg2', { 'no.such': '1' }],
    [TOPIC, 'cfg3', { 'retention.ms': null }],
  ]),
  replace('refused 2', 2, [
    [TOPIC, 'a b', { 'retention.ms': '1' }],
    [TOPIC, '', {}],
    [GROUP, '', {}],
    [LOGGER, '1', { kafka: 'INFO' }],
    [0, 'x', {}],
    [3, 'y', {}],
  ]),
  replace('validate only', 2, [[TOPIC, 'cfg', { 'retention.ms': '1' }]], true),
  replace('brokers', 2, [
    [BROKER, '1', { 'log.retention.ms': '777' }],
    [BROKER, '', { 'message.max.bytes': '3000000' }],
  ]),
  describe(
    'brokers replaced',
    4,
    [
      of(BROKER, '1', ['log.retention.ms', 'message.max.bytes']),
      of(BROKER, '', ['log.retention.ms', 'message.max.bytes']),
    ],
    { includeSynonyms: true },
  ),
  replace('brokers, refused', 2, [
    [BROKER, '1', { 'node.id': '7' }],
    [BROKER, '2', {}],
    [BROKER, 'x', {}],
  ]),
  replace('brokers, refused 2', 2, [[BROKER, '1', { 'log.retention.ms': null }]]),
  replace('brokers, nothing left', 2, [
    [BROKER, '1', {}],
    [BROKER, '', {}],
  ]),
  replace('group', 2, [[GROUP, 'g', { 'consumer.heartbeat.interval.ms': '6000' }]]),
  describe('group replaced', 4, [of(GROUP, 'g')]),
  replace('all removed', 2, [[TOPIC, 'cfg', {}]]),
  describe('all removed', 4, [of(TOPIC, 'cfg', ['retention.ms', 'segment.ms'])]),
  remove('configs go with the topic', 6, [{ name: 'cfg2', topicId: zeroId }]),
  create('a topic made anew has no configs', 7, [{ name: 'cfg2' }]),
];
