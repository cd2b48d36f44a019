import { describe, expect, it } from 'vitest';
import {
  brokerConfigDefinition,
  groupConfigDefinition,
  parseValue,
  topicConfigDefinition,
} from '../../src/config/index.js';
import { readTsv } from '../support/tsv.js';

/** What Kafka 4.3.1 made of these texts: the value printed again, or its complaint. */
const rows = readTsv('config/values.tsv');

function definitionOf(resource: string, name: string) {
  if (resource === 'broker') return brokerConfigDefinition(name);
  return resource === 'topic' ? topicConfigDefinition(name) : groupConfigDefinition(name);
}

describe('values', () => {
  it.each(['broker', 'topic', 'group'])('of %s configs are read, printed and refused as Kafka does it', (resource) => {
    const ours: string[] = [];
    const kafka: string[] = [];
    for (const row of rows.filter((candidate) => candidate.resource === resource)) {
      const { name = '', raw = '', ok = '', result = '' } = row;
      const definition = definitionOf(resource, name);
      if (definition === undefined) throw new Error(`${resource} config ${name} is not in the table`);
      const parsed = parseValue(name, definition, raw);
      ours.push(`${name}=${raw} → ${parsed.ok} ${parsed.ok ? parsed.parsed.text : parsed.problem}`);
      kafka.push(`${name}=${raw} → ${ok} ${result}`);
    }
    expect(ours.length).toBeGreaterThan(50);
    expect(ours).toEqual(kafka);
  });
});
