import type { RequestStep } from './step.js';

const TOPIC = 2;
const BROKER = 4;
const LOGGER = 8;
const METRICS = 16;
const GROUP = 32;

const list = (name: string, version: number, resourceTypes?: readonly number[]): RequestStep => ({
  name: `resources: ${name}`,
  api: 'ListConfigResources',
  version,
  body: resourceTypes === undefined ? {} : { resourceTypes },
});
export const describe = (
  name: string,
  resources: readonly (readonly [number, string, (readonly string[])?])[],
  more: object = {},
): RequestStep => ({
  name: `resources: describe ${name}`,
  api: 'DescribeConfigs',
  version: 4,
  body: {
    resources: resources.map(([resourceType, resourceName, keys]) => ({
      resourceType,
      resourceName,
      configurationKeys: keys ?? null,
    })),
    ...more,
  },
});
const codes = { SET: 0, DELETE: 1, APPEND: 2, SUBTRACT: 3 } as const;
export type Op = readonly [keyof typeof codes, string, string | null];
export const alter = (
  name: string,
  resources: readonly (readonly [number, string, ...Op[]])[],
  validateOnly = false,
): RequestStep => ({
  name: `resources: alter ${name}`,
  api: 'IncrementalAlterConfigs',
  version: 1,
  body: {
    resources: resources.map(([resourceType, resourceName, ...ops]) => ({
      resourceType,
      resourceName,
      configs: ops.map(([operation, key, value]) => ({ name: key, configOperation: codes[operation], value })),
    })),
    validateOnly,
  },
});
const replace = (
  name: string,
  resourceType: number,
  resourceName: string,
  configs: Readonly<Record<string, string>>,
): RequestStep => ({
  name: `resources: replace ${name}`,
  api: 'AlterConfigs',
  version: 2,
  body: {
    resources: [
      { resourceType, resourceName, configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })) },
    ],
    validateOnly: false,
  },
});

const metrics: readonly RequestStep[] = [
  describe('metrics that are not there', [[METRICS, 'c-none']]),
  describe('metrics without a name', [[METRICS, '']]),
  alter('metrics', [
    [
      METRICS,
      'c-one',
      ['SET', 'metrics', 'org.apache.kafka.producer.,org.apache.kafka.consumer.'],
      ['SET', 'interval.ms', '10000'],
    ],
  ]),
  alter('metrics, match', [
    [METRICS, 'c-two', ['SET', 'match', 'client_software_name=app-.*,client_id=x'], ['SET', 'interval.ms', '100']],
  ]),
  describe('metrics', [[METRICS, 'c-one']]),
  describe('metrics, synonyms', [[METRICS, 'c-two', ['match', 'interval.ms', 'no.such']]], { includeSynonyms: true }),
  describe('metrics, documentation', [[METRICS, 'c-one', ['match']]], { includeDocumentation: false }),
  alter('metrics appended', [[METRICS, 'c-one', ['APPEND', 'metrics', 'org.apache.kafka.admin.']]]),
  alter('metrics subtracted', [[METRICS, 'c-one', ['SUBTRACT', 'metrics', 'org.apache.kafka.producer.']]]),
  describe('metrics after that', [[METRICS, 'c-one', ['metrics']]]),
  alter('metrics, all of them', [[METRICS, 'c-all', ['SET', 'metrics', '*']]]),
  alter('metrics, none', [[METRICS, 'c-none', ['SET', 'metrics', '']]]),
  alter('metrics, interval appended', [[METRICS, 'c-one', ['APPEND', 'interval.ms', '1']]]),
  alter('metrics, interval too short', [[METRICS, 'c-bad', ['SET', 'interval.ms', '99']]]),
  alter('metrics, interval too long', [[METRICS, 'c-bad', ['SET', 'interval.ms', '3600001']]]),
  alter('metrics, no interval', [[METRICS, 'c-bad', ['SET', 'interval.ms', 'soon']]]),
  alter('metrics, unknown key', [[METRICS, 'c-bad', ['SET', 'no.such', '1']]]),
  alter('metrics, bad match', [[METRICS, 'c-bad', ['SET', 'match', 'no_such=x']]]),
  alter('metrics, match without value', [[METRICS, 'c-bad', ['SET', 'match', 'client_id']]]),
  alter('metrics, match twice the same', [[METRICS, 'c-two2', ['SET', 'match', 'client_id=a,client_id=b']]]),
  alter('metrics, no pattern', [[METRICS, 'c-bad', ['SET', 'match', 'client_id=(']]]),
  alter('metrics without a name', [[METRICS, '', ['SET', 'interval.ms', '1000']]]),
  alter('metrics only judged', [[METRICS, 'c-judged', ['SET', 'interval.ms', '1000']]], true),
  replace('metrics', METRICS, 'c-one', { 'interval.ms': '2000' }),
  describe('metrics after replace', [[METRICS, 'c-one']]),
  alter('metrics deleted', [[METRICS, 'c-all', ['DELETE', 'metrics', null]]]),
];

const groups: readonly RequestStep[] = [
  alter('a group', [
    [
      GROUP,
      'r-group',
      ['SET', 'consumer.session.timeout.ms', '50000'],
      ['SET', 'consumer.heartbeat.interval.ms', '6000'],
    ],
  ]),
  alter('a share group', [
    [
      GROUP,
      'r-share',
      ['SET', 'share.auto.offset.reset', 'earliest'],
      ['SET', 'share.record.lock.duration.ms', '20000'],
    ],
  ]),
  describe(
    'a group',
    [[GROUP, 'r-group', ['consumer.session.timeout.ms', 'consumer.heartbeat.interval.ms', 'share.auto.offset.reset']]],
    { includeSynonyms: true },
  ),
  describe('a share group', [[GROUP, 'r-share', ['share.auto.offset.reset', 'share.isolation.level']]]),
  alter('a group, below what is allowed', [[GROUP, 'r-group', ['SET', 'consumer.session.timeout.ms', '1']]]),
  alter('a group, bad value', [[GROUP, 'r-share', ['SET', 'share.auto.offset.reset', 'somewhere']]]),
  alter('a group, duration', [[GROUP, 'r-share', ['SET', 'share.auto.offset.reset', 'by_duration:PT1H']]]),
  alter('a group, unknown', [[GROUP, 'r-group', ['SET', 'no.such', '1']]]),
  alter('a group, back', [[GROUP, 'r-group', ['DELETE', 'consumer.heartbeat.interval.ms', null]]]),
];

const loggers: readonly RequestStep[] = [
  describe('loggers of another broker', [[LOGGER, '9']]),
  alter('a logger', [[LOGGER, '1', ['SET', 'kafka.server.KafkaApis', 'DEBUG']]]),
  describe('a logger', [[LOGGER, '1', ['kafka.server.KafkaApis', 'no.such.logger']]]),
  alter('the root logger', [[LOGGER, '1', ['SET', 'root', 'WARN']]]),
  describe('the root logger', [[LOGGER, '1', ['root']]], { includeSynonyms: true, includeDocumentation: true }),
  alter('the root logger back', [[LOGGER, '1', ['SET', 'root', 'INFO']]]),
  alter('a logger, no level', [[LOGGER, '1', ['SET', 'kafka.server.KafkaApis', 'LOUD']]]),
  alter('a logger, level in small letters', [[LOGGER, '1', ['SET', 'kafka.server.KafkaApis', 'debug']]]),
  alter('a logger, null', [[LOGGER, '1', ['SET', 'kafka.server.KafkaApis', null]]]),
  alter('an unknown logger', [[LOGGER, '1', ['SET', 'no.such.logger', 'DEBUG']]]),
  alter('a logger appended', [[LOGGER, '1', ['APPEND', 'kafka.server.KafkaApis', 'DEBUG']]]),
  alter('a logger subtracted', [[LOGGER, '1', ['SUBTRACT', 'kafka.server.KafkaApis', 'DEBUG']]]),
  alter('a logger only judged', [[LOGGER, '1', ['SET', 'kafka.server.KafkaApis', 'TRACE']]], true),
  alter('the root logger deleted', [[LOGGER, '1', ['DELETE', 'root', null]]]),
  alter('a logger deleted', [[LOGGER, '1', ['DELETE', 'kafka.server.KafkaApis', null]]]),
  alter('an unknown logger deleted', [[LOGGER, '1', ['DELETE', 'no.such.logger', null]]]),
  alter('a logger of another broker', [[LOGGER, '9', ['SET', 'root', 'INFO']]]),
  alter('a logger of no broker', [[LOGGER, '', ['SET', 'root', 'INFO']]]),
  alter('a logger of a word', [[LOGGER, 'one', ['SET', 'root', 'INFO']]]),
  replace('loggers', LOGGER, '1', { root: 'INFO' }),
];

const all = [TOPIC, BROKER, LOGGER, METRICS, GROUP];

/** Resources other than topics and brokers, and the list of them all. */
export const resources: readonly RequestStep[] = [
  list('v0, nothing there', 0),
  ...metrics,
  ...groups,
  ...loggers,
  list('v0', 0),
  list('v1, no types', 1, []),
  list('v1, all types', 1, all),
  ...all.map((type) => list(`v1, type ${type}`, 1, [type])),
  list('v1, unknown type', 1, [TOPIC, 77]),
  list('v1, type unknown', 1, [0]),
  list('v1, a type twice', 1, [METRICS, METRICS]),
];
