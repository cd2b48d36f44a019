import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BROKER_CONFIGS, type BrokerConfigDefinition, TOPIC_CONFIGS } from '../../src/config/index.js';

const TOP = join(import.meta.dirname, '../../src');

/** Everything that could read a config: the sources without the tables and the code that treats all configs alike. */
const readers = readdirSync(TOP, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !/^config\/(?!broker_config|static_configs|topic_config)/.test(path))
  .map((path) => readFileSync(join(TOP, path), 'utf8'))
  .join('\n');

const isRead = (name: string): boolean => readers.includes(`'${name}'`);

const topicConfigs = new Map(Object.entries(TOPIC_CONFIGS));
const brokerConfigs = new Map<string, BrokerConfigDefinition>(Object.entries(BROKER_CONFIGS));

/** `group.share.min.x` bounds what a group may set `share.x` to (alter_group.ts). */
const isBound = (name: string): boolean => {
  const [, kind, rest] = /^group\.([a-z]+)\.(?:min|max)\.(.+)$/.exec(name) ?? [];
  return kind !== undefined && isRead(`${kind}.${rest}`);
};

/** Read under the broker's own name, or as the default of a topic config that is read. */
function brokerConfigIsRead(name: string): boolean {
  const feeds = brokerConfigs.get(name)?.topicConfig;
  return isRead(name) || isBound(name) || (feeds !== undefined && isRead(feeds));
}

describe('what the tables promise', () => {
  it('is kept: configs with full support are read somewhere', () => {
    const broker = [...brokerConfigs].filter(([name, { support }]) => support === 'full' && !brokerConfigIsRead(name));
    const topic = [...topicConfigs].filter(([name, { support }]) => support === 'full' && !isRead(name));
    expect([...broker, ...topic].map(([name]) => name)).toEqual([]);
  });

  it('is the same for a topic config and the broker configs it has its default from', () => {
    const differing = [...topicConfigs].flatMap(([name, { support, synonyms }]) =>
      synonyms
        .filter((synonym) => brokerConfigs.get(synonym.name)?.support !== support)
        .map((synonym) => `${name} ${support}, ${synonym.name} ${brokerConfigs.get(synonym.name)?.support}`),
    );
    expect(differing).toEqual([]);
  });
});
