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
import { groupBounds } from './group_bounds.js';
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
  const outside = outsideBounds(broker, next);
  if (outside !== undefined) return refuse('INVALID_CONFIG', outside);
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

/** A group's settings must lie between the broker's, whatever they were when they were set. */
function outsideBounds(broker: BrokerConfig, next: ReadonlyMap<string, string>): string | undefined {
  for (const [name, { min, max }] of groupBounds(broker)) {
    const raw = next.get(name);
    if (raw === undefined) continue;
    const value = Number(raw);
    if (min !== undefined && value < min.value) return `${name} must be greater than or equal to ${min.name}`;
    if (max !== undefined && value > max.value) return `${name} must be less than or equal to ${max.name}`;
  }
  return undefined;
}
