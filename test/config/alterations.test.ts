import { describe, expect, it } from 'vitest';
import {
  alterBrokerConfigs,
  alterGroupConfigs,
  alterTopicConfigs,
  BrokerConfig,
  type ConfigChange,
  type ConfigOp,
  type ConfigOperation,
  configOperation,
  createTopicConfigs,
  replaceBrokerConfigs,
  replaceTopicConfigs,
} from '../../src/config/index.js';
import { readTsv } from '../support/tsv.js';

/** Changes sent to one Kafka 4.3.1 in this order, with its answers. Rules of whole resources are the server's. */
const recorded = readTsv('config/alterations.tsv').filter(
  ({ resource = '', id = '' }) =>
    ['topic', 'broker', 'group'].includes(resource) &&
    !(resource !== 'broker' && ['', 'nosuch', 'bad/name'].includes(id)),
);

/** Where Millrace answers otherwise, and why. */
const DIFFERENT: Readonly<Record<string, string>> = {
  // Kafka keeps settings it does not know, as secrets.
  'broker 1 SET no.such=1': 'INVALID_CONFIG: Unknown broker config name: no.such',
  'broker  SET no.such=1': 'INVALID_CONFIG: Unknown broker config name: no.such',
  // Listeners are bound once.
  'broker 1 SET listeners=PLAINTEXT://:1':
    'INVALID_REQUEST: Millrace reads these configs at start only, change server.properties: [listeners]',
  // There are no such threads to count.
  'broker 1 SET num.io.threads=1000': 'ok',
  // No eligible leader replicas yet.
  'broker 1 SET min.insync.replicas=2': 'ok',
  'broker  DELETE min.insync.replicas=': 'ok',
  // Kafka names them in the order of a hash table.
  'broker 1 SET broker.id=2;SET num.partitions=7':
    'INVALID_REQUEST: Cannot update these configs dynamically: [broker.id, num.partitions]',
  'topic f1 SET retention.ms=abc;SET segment.ms=def':
    'INVALID_CONFIG: Invalid value abc for configuration retention.ms: Not a number of type LONG',
};

const ERRORS: Readonly<Record<string, string>> = {
  InvalidConfigurationException: 'INVALID_CONFIG',
  InvalidRequestException: 'INVALID_REQUEST',
};

function opOf(text: string): ConfigOp {
  const [, operation = '', name = '', value = ''] = /^(\w+) ([^=]*)=(.*)$/.exec(text) ?? [];
  return {
    name,
    operation: (operation === 'CREATE' ? 'SET' : operation) as ConfigOperation,
    value: value === '\\N' ? null : value,
  };
}

function answerOf(change: ConfigChange): string {
  return change.ok ? 'ok' : `${change.error}: ${change.message}`;
}

describe('changes of configs', () => {
  it('are judged as Kafka does it', () => {
    const stored = new Map<string, ReadonlyMap<string, string>>();
    const ours: string[] = [];
    const expected: string[] = [];
    for (const { resource = '', id = '', ops = '', result = '' } of recorded) {
      const parsed = ops.split(';').map(opOf);
      const key = `${resource} ${id}`;
      const current = stored.get(key) ?? new Map<string, string>();
      const change =
        resource === 'broker'
          ? alterBrokerConfigs(BrokerConfig.defaults, id === '' ? 'cluster' : 'broker', current, parsed)
          : resource === 'group'
            ? alterGroupConfigs(BrokerConfig.defaults, current, parsed)
            : ops.startsWith('CREATE')
              ? createTopicConfigs(BrokerConfig.defaults, new Map(parsed.map(({ name, value }) => [name, value])))
              : alterTopicConfigs(BrokerConfig.defaults, current, parsed);
      if (change.ok) stored.set(key, change.configs);
      const kafka = result.replace(/^\w+(?=:)/, (error) => ERRORS[error] ?? error);
      ours.push(`${key} ${ops} → ${answerOf(change)}`);
      expected.push(`${key} ${ops} → ${DIFFERENT[`${key} ${ops}`] ?? kafka}`);
    }
    expect(recorded.length).toBeGreaterThan(70);
    expect(ours).toEqual(expected);
    const used = new Set(recorded.map(({ resource, id, ops }) => `${resource} ${id} ${ops}`));
    expect(Object.keys(DIFFERENT).filter((difference) => !used.has(difference))).toEqual([]);
    expect(stored.get('topic t2')?.get('cleanup.policy')).toBe('compact');
  });

  it('of groups stay within what the broker allows, a session outlasts its heartbeats', () => {
    const change = (name: string, value: number, broker = BrokerConfig.defaults) =>
      answerOf(alterGroupConfigs(broker, new Map(), [{ name, operation: 'SET', value: String(value) }]));
    const wide = BrokerConfig.fromProperties({
      'group.streams.max.heartbeat.interval.ms': '60000',
      'group.consumer.max.heartbeat.interval.ms': '60000',
    });
    if (!wide.ok) throw new Error('bad properties');
    expect(change('streams.num.standby.replicas', 2)).toBe('ok');
    expect(change('streams.num.standby.replicas', 3)).toBe(
      'INVALID_CONFIG: streams.num.standby.replicas must be less than or equal to group.streams.max.standby.replicas',
    );
    for (const kind of ['consumer', 'streams'])
      expect(change(`${kind}.heartbeat.interval.ms`, 45_000, wide.config)).toBe(
        `INVALID_CONFIG: ${kind}.session.timeout.ms must be greater than ${kind}.heartbeat.interval.ms`,
      );
    expect(change('consumer.heartbeat.interval.ms', 44_999, wide.config)).toBe('ok');
  });

  it('edit lists from what is set, or from the default', () => {
    const change = (current: [string, string][], operation: ConfigOperation, value: string): string | undefined => {
      const ops = [{ name: 'cleanup.policy', operation, value }];
      const result = alterTopicConfigs(BrokerConfig.defaults, new Map(current), ops);
      return result.ok ? result.configs.get('cleanup.policy') : result.message;
    };
    expect(change([], 'APPEND', 'compact')).toBe('delete,compact');
    expect(change([['cleanup.policy', 'compact , delete']], 'APPEND', 'delete')).toBe('compact,delete');
    expect(change([['cleanup.policy', 'compact,delete']], 'SUBTRACT', 'delete')).toBe('compact');
    expect(change([], 'SUBTRACT', 'delete')).toBe('');
  });

  it('replace everything with AlterConfigs', () => {
    const current = new Map([
      ['retention.ms', '5'],
      ['segment.ms', '6'],
    ]);
    const topic = replaceTopicConfigs(BrokerConfig.defaults, current, new Map([['segment.ms', '7']]));
    expect(topic.ok && [...topic.configs]).toEqual([['segment.ms', '7']]);
    const broker = replaceBrokerConfigs(
      BrokerConfig.defaults,
      'cluster',
      new Map([['message.max.bytes', '5']]),
      new Map([['log.retention.ms', '9']]),
    );
    expect(broker.ok && [...broker.configs]).toEqual([['log.retention.ms', '9']]);
    expect(
      answerOf(replaceBrokerConfigs(BrokerConfig.defaults, 'broker', new Map(), new Map([['node.id', '9']]))),
    ).toBe('INVALID_REQUEST: Cannot update these configs dynamically: [node.id]');
  });

  it('warn of settings without effect, once, when they are new', () => {
    const ops: ConfigOp[] = [{ name: 'flush.ms', operation: 'SET', value: '9' }];
    const first = alterTopicConfigs(BrokerConfig.defaults, new Map(), ops);
    expect(first.ok && first.warnings.map(({ name }) => name)).toEqual(['flush.ms']);
    const again = alterTopicConfigs(BrokerConfig.defaults, first.ok ? first.configs : new Map(), [
      { name: 'retention.ms', operation: 'SET', value: '5' },
    ]);
    expect(again.ok && again.warnings).toEqual([]);
  });

  it('know the operations of the protocol', () => {
    expect([0, 1, 2, 3, 4, -1].map(configOperation)).toEqual([
      'SET',
      'DELETE',
      'APPEND',
      'SUBTRACT',
      undefined,
      undefined,
    ]);
  });
});
