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
} from './changes.js';
import { groupConfigDefinition } from './tables/group.js';

/** IncrementalAlterConfigs of a group. */
export function alterGroupConfigs(
  broker: BrokerConfig,
  current: ReadonlyMap<string, string>,
  ops: readonly ConfigOp[],
): ConfigChange {
  const wrong = checkOps(ops);
  if (wrong !== undefined) return wrong;
  const next = applyOps(current, ops, groupConfigDefinition, notAList);
  if (isRefusal(next)) return next;
  const unknown = [...next.keys()].find((name) => groupConfigDefinition(name) === undefined);
  if (unknown !== undefined) return refuse('INVALID_CONFIG', `Unknown group config name: ${unknown}`);
  const judged = judgeValues(current, next, groupConfigDefinition);
  if (!judged.ok) return judged;
  for (const [name, raw] of next) {
    const outside = outsideBounds(broker, name, raw);
    if (outside !== undefined) return refuse('INVALID_CONFIG', outside);
  }
  for (const kind of ['consumer', 'share', 'streams']) {
    if (!sessionOutlastsHeartbeat(broker, next, kind))
      return refuse('INVALID_CONFIG', `${kind}.session.timeout.ms must be greater than ${kind}.heartbeat.interval.ms`);
  }
  return judged;
}

/** The two of a group, or the broker's where the group has none. */
function sessionOutlastsHeartbeat(broker: BrokerConfig, next: ReadonlyMap<string, string>, kind: string): boolean {
  const of = (name: string) => Number(next.get(`${kind}.${name}`) ?? broker.textIfKnown(`group.${kind}.${name}`));
  return of('session.timeout.ms') > of('heartbeat.interval.ms');
}

/** A group's setting must lie between the broker's `group.<kind>.min.*` and `group.<kind>.max.*`, whose names leave `num.` out. */
function outsideBounds(broker: BrokerConfig, name: string, raw: string): string | undefined {
  const definition = groupConfigDefinition(name);
  const [, kind, rest] = /^([a-z]+)\.(?:num\.)?(.+)$/.exec(name) ?? [];
  if (definition?.type !== 'INT' || kind === undefined) return undefined;
  const bound = (side: 'min' | 'max'): { name: string; value: number } | undefined => {
    const boundName = `group.${kind}.${side}.${rest}`;
    const text = broker.textIfKnown(boundName);
    return text === undefined || text === null ? undefined : { name: boundName, value: Number(text) };
  };
  const value = Number(raw);
  const min = bound('min');
  if (min !== undefined && value < min.value) return `${name} must be greater than or equal to ${min.name}`;
  const max = bound('max');
  if (max !== undefined && value > max.value) return `${name} must be less than or equal to ${max.name}`;
  return undefined;
}
