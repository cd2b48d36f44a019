import type { BrokerConfig } from './broker_config.js';

/** What a broker allows a setting of its groups to be, and which of its own settings say so. */
export interface GroupBounds {
  readonly min?: { readonly name: string; readonly value: number };
  readonly max?: { readonly name: string; readonly value: number };
}

/** The settings of groups that a broker limits, in the order in which Kafka judges them. */
const limited = [
  'consumer.heartbeat.interval.ms',
  'consumer.session.timeout.ms',
  'consumer.assignment.interval.ms',
  'share.heartbeat.interval.ms',
  'share.session.timeout.ms',
  'share.record.lock.duration.ms',
  'share.delivery.count.limit',
  'share.partition.max.record.locks',
  'share.assignment.interval.ms',
  'streams.heartbeat.interval.ms',
  'streams.session.timeout.ms',
  'streams.num.standby.replicas',
  'streams.assignment.interval.ms',
] as const;

/** By the name of the group's setting. All limits are read-only: they count from the start of the broker. */
export function groupBounds(broker: BrokerConfig): ReadonlyMap<string, GroupBounds> {
  return new Map(
    limited.map((name) => {
      // `group.<kind>.min.*` and `group.<kind>.max.*` leave `num.` out.
      const [, kind, rest] = /^([a-z]+)\.(?:num\.)?(.+)$/.exec(name) ?? [];
      const bound = (side: 'min' | 'max') => {
        const of = `group.${kind}.${side}.${rest}`;
        const text = broker.textIfKnown(of);
        return text === undefined || text === null ? {} : { [side]: { name: of, value: Number(text) } };
      };
      return [name, { ...bound('min'), ...bound('max') }];
    }),
  );
}

/** The value as it acts: limits that were narrowed since it was set hold for it too. */
export function withinBounds(value: number, bounds: GroupBounds | undefined): number {
  return Math.min(Math.max(value, bounds?.min?.value ?? value), bounds?.max?.value ?? Number.POSITIVE_INFINITY);
}
