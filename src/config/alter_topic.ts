import type { BrokerConfig } from './broker_config.js';
import {
  applyOps,
  type ConfigChange,
  type ConfigOp,
  checkOps,
  isRefusal,
  judgeValues,
  notAList,
  refuse,
  refuseNulls,
} from './changes.js';
import { topicConfigDefinition } from './tables/topic.js';
import { topicValue } from './topic_config.js';
import { formatValue } from './values.js';

/** Configs given to CreateTopics. */
export function createTopicConfigs(broker: BrokerConfig, configs: ReadonlyMap<string, string | null>): ConfigChange {
  const { values, nulls } = split(configs);
  return nulls.length === 0
    ? judgeTopic(broker, new Map(), values)
    : refuse('INVALID_CONFIG', `Null value not supported for topic configs: ${nulls.join(',')}`);
}

/** AlterConfigs: `configs` takes the place of everything that was set. */
export function replaceTopicConfigs(
  broker: BrokerConfig,
  current: ReadonlyMap<string, string>,
  configs: ReadonlyMap<string, string | null>,
): ConfigChange {
  const { values, nulls } = split(configs);
  return nulls.length === 0 ? judgeTopic(broker, current, values) : refuseNulls(nulls);
}

function split(configs: ReadonlyMap<string, string | null>) {
  const values = new Map<string, string>();
  const nulls: string[] = [];
  for (const [name, value] of configs) {
    if (value === null) nulls.push(name);
    else values.set(name, value);
  }
  return { values, nulls };
}

/** IncrementalAlterConfigs of a topic. */
export function alterTopicConfigs(
  broker: BrokerConfig,
  current: ReadonlyMap<string, string>,
  ops: readonly ConfigOp[],
): ConfigChange {
  const wrong = checkOps(ops);
  if (wrong !== undefined) return wrong;
  const next = applyOps(current, ops, topicConfigDefinition, notAList);
  return isRefusal(next) ? next : judgeTopic(broker, current, next);
}

function judgeTopic(
  broker: BrokerConfig,
  current: ReadonlyMap<string, string>,
  next: ReadonlyMap<string, string>,
): ConfigChange {
  const unknown = [...next.keys()].find((name) => topicConfigDefinition(name) === undefined);
  if (unknown !== undefined) return refuse('INVALID_CONFIG', `Unknown topic config name: ${unknown}`);
  const judged = judgeValues(current, next, topicConfigDefinition);
  if (!judged.ok) return judged;
  const minLagMs = topicValue(broker, next, 'min.compaction.lag.ms');
  const maxLagMs = topicValue(broker, next, 'max.compaction.lag.ms');
  if (typeof minLagMs === 'number' && typeof maxLagMs === 'number' && minLagMs > maxLagMs)
    return refuse(
      'INVALID_CONFIG',
      `conflict topic config setting min.compaction.lag.ms (${formatValue('LONG', minLagMs)}) > max.compaction.lag.ms (${formatValue('LONG', maxLagMs)})`,
    );
  return judged;
}
