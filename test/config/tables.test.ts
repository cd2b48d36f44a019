import { describe, expect, it } from 'vitest';
import {
  BROKER_CONFIGS,
  type BrokerConfigDefinition,
  type ConfigDefinition,
  formatValue,
  GROUP_CONFIGS,
  TOPIC_CONFIGS,
  type TopicConfigDefinition,
  unitOf,
} from '../../src/config/index.js';
import { readTsv } from '../support/tsv.js';
import { OUR_DEFAULTS } from './our_defaults.js';

const UNITLESS = new Set(
  'threads id size codec partitions factor level ratio messages dir port connections ip requests num samples jitter tasks slots limit replicas fetchers locks sessions snapshot isr max'.split(
    ' ',
  ),
);

/** StandardAuthorizer's own are in no table of Kafka's. */
const isOurs = (name: string): boolean =>
  name.startsWith('millrace.') || name === 'super.users' || name === 'allow.everyone.if.no.acl.found';

function kafkaNames(table: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(table)
    .filter((name) => !isOurs(name))
    .sort();
}

/** The columns every table of facts has. */
function facts(name: string, definition: ConfigDefinition): Record<string, string> {
  const { type, validator, importance, internal, required } = definition;
  const value = definition.default === null ? 'null' : formatValue(type, definition.default);
  return {
    name,
    type,
    default: required ? '(required)' : value === '' ? '""' : value,
    valid_values: validator?.describe ?? '',
    importance,
    internal: String(internal),
  };
}

describe('the tables', () => {
  it('have every broker config of Kafka 4.3.1 with its type, default, range, importance and update mode', () => {
    const kafka = readTsv('config/broker-config.tsv');
    const table: Readonly<Record<string, BrokerConfigDefinition>> = BROKER_CONFIGS;
    const ours = kafkaNames(table).map((name) => {
      const definition = table[name] as BrokerConfigDefinition;
      return {
        ...facts(name, definition),
        dynamic_update_mode: definition.updateMode,
        topic_config: definition.topicConfig ?? '',
      };
    });
    expect(kafka).toHaveLength(363);
    const expected = kafka.map((row) => {
      const different = OUR_DEFAULTS[String(row.name)];
      if (different === undefined) return row;
      expect(row.default).toBe(different.kafka);
      return { ...row, default: different.ours };
    });
    expect(ours).toEqual(expected);
  });

  it('have every topic config of Kafka 4.3.1 with the broker configs that give its default', () => {
    const kafka = readTsv('config/topic-config.tsv');
    const table: Readonly<Record<string, TopicConfigDefinition>> = TOPIC_CONFIGS;
    const ours = kafkaNames(table).map((name) => {
      const definition = table[name] as TopicConfigDefinition;
      const synonyms = definition.synonyms.map((synonym) =>
        synonym.factor === 1 ? synonym.name : `${synonym.name}(x${synonym.factor})`,
      );
      return { ...facts(name, definition), broker_synonyms: synonyms.join(',') };
    });
    expect(kafka).toHaveLength(34);
    expect(ours).toEqual(kafka);
  });

  it('have every group config of Kafka 4.3.1', () => {
    const kafka = readTsv('config/other-config.tsv').filter(({ resource }) => resource === 'group');
    const table: Readonly<Record<string, ConfigDefinition>> = GROUP_CONFIGS;
    const ours = kafkaNames(table).map((name) => ({
      resource: 'group',
      ...facts(name, table[name] as ConfigDefinition),
    }));
    expect(kafka).toHaveLength(17);
    expect(ours).toEqual(kafka);
  });

  it('give every topic and group config a broker config of the same type that exists', () => {
    const brokerTable: Readonly<Record<string, BrokerConfigDefinition>> = BROKER_CONFIGS;
    const inherited: [string, TopicConfigDefinition][] = [
      ...Object.entries(TOPIC_CONFIGS),
      ...Object.entries(GROUP_CONFIGS),
    ];
    const wrong = inherited.flatMap(([name, { synonyms, type }]) =>
      synonyms
        .filter((synonym) => {
          const source = brokerTable[synonym.name]?.type;
          return source !== type && !(source === 'INT' && type === 'LONG');
        })
        .map((synonym) => `${name} ← ${synonym.name}`),
    );
    expect(wrong).toEqual([]);
  });

  it('say a sentence about every config and accept every default', () => {
    const wrong = [BROKER_CONFIGS, TOPIC_CONFIGS, GROUP_CONFIGS].flatMap((table) =>
      Object.entries<ConfigDefinition>(table)
        .filter(([name, { doc, validator, default: value, type }]) => {
          const problem = value === null ? undefined : validator?.check(name, value, formatValue(type, value));
          return !/^[A-Z`].+\.$/.test(doc) || (problem !== undefined && name !== 'authorizer.class.name');
        })
        .map(([name]) => name),
    );
    expect(wrong).toEqual([]);
  });

  it('know the unit of every number that has one', () => {
    const table: Readonly<Record<string, ConfigDefinition>> = { ...BROKER_CONFIGS, ...TOPIC_CONFIGS, ...GROUP_CONFIGS };
    const without = Object.entries(table)
      .filter(([name, { type }]) => ['INT', 'LONG', 'SHORT', 'DOUBLE'].includes(type) && unitOf(name) === undefined)
      .map(([name]) => name.slice(name.lastIndexOf('.') + 1));
    // Counts, ids, levels, ports and ratios.
    expect([...new Set(without)].filter((ending) => !UNITLESS.has(ending))).toEqual([]);
    const units = ['log.retention.hours', 'log.cleaner.io.max.bytes.per.second', 'message.max.bytes', 'segment.ms'];
    expect(units.map(unitOf)).toEqual(['h', 'bytes/s', 'bytes', 'ms']);
    expect(
      Object.entries(table).filter(([name, { type }]) => unitOf(name) && !/INT|LONG|SHORT|DOUBLE/.test(type)),
    ).toEqual([]);
  });
});
