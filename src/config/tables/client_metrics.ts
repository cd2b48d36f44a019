import type { TopicConfigDefinition } from '../definition.js';
import { topic } from '../entries.js';

/** Configs of subscriptions to metrics of clients (KIP-714). */
const CLIENT_METRICS_CONFIGS = {
  'interval.ms': topic.int(300_000, [], 'full', 'Time between two pushes of a client.'),
  match: topic.list([], [], 'full', 'Clients the subscription is for: selector=pattern, all of them must match.'),
  metrics: topic.list([], [], 'full', 'Prefixes of the names of metrics that are wanted; * wants all.'),
} as const;

const BY_NAME: ReadonlyMap<string, TopicConfigDefinition> = new Map(Object.entries(CLIENT_METRICS_CONFIGS));

export const CLIENT_METRICS_CONFIG_NAMES: readonly string[] = [...BY_NAME.keys()].sort();

export function clientMetricsConfigDefinition(name: string): TopicConfigDefinition | undefined {
  return BY_NAME.get(name);
}
