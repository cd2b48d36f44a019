import type { TopicConfigDefinition } from '../definition.js';
import { topic } from '../entries.js';
import { oneOf } from '../validators.js';
import { KAFKA_TOPIC_CONFIGS } from './topic_kafka.js';

/** Every topic config of Kafka 4.3.1 and of Millrace. */
export const TOPIC_CONFIGS = {
  ...KAFKA_TOPIC_CONFIGS,
  'millrace.flush.mode': topic.string(
    'group',
    ['millrace.flush.mode'],
    'full',
    '`group`: an acknowledgement follows an fdatasync shared by everything appended meanwhile; `os`: it follows the write to the page cache, as in Kafka.',
    { validator: oneOf('group', 'os') },
  ),
} as const;

export type TopicConfigTable = typeof TOPIC_CONFIGS;
export type TopicConfigName = keyof TopicConfigTable;

const BY_NAME: ReadonlyMap<string, TopicConfigDefinition> = new Map(Object.entries(TOPIC_CONFIGS));

export const TOPIC_CONFIG_NAMES: readonly string[] = [...BY_NAME.keys()].sort();

export function topicConfigDefinition(name: string): TopicConfigDefinition | undefined {
  return BY_NAME.get(name);
}
