import { connectionOverridesName } from './connection_overrides.js';
import type { ConfigError } from './problems.js';
import type { BrokerConfigName } from './tables/broker.js';

/** Settings in force as Kafka prints them; null when there is none. */
interface ConfigTexts {
  text(name: BrokerConfigName): string | null;
}

type Relation = 'greater than or equal to' | 'less than or equal to' | 'less than';
type Rule = readonly [BrokerConfigName, Relation, BrokerConfigName];

const groupKinds = ['consumer', 'share', 'streams'] as const;
const timings = ['heartbeat.interval.ms', 'session.timeout.ms', 'assignment.interval.ms'] as const;

const rules: readonly Rule[] = [
  ...groupKinds.flatMap((kind) => [
    ...timings.flatMap((timing): Rule[] => [
      [`group.${kind}.max.${timing}`, 'greater than or equal to', `group.${kind}.min.${timing}`],
      [`group.${kind}.${timing}`, 'greater than or equal to', `group.${kind}.min.${timing}`],
      [`group.${kind}.${timing}`, 'less than or equal to', `group.${kind}.max.${timing}`],
    ]),
    [`group.${kind}.heartbeat.interval.ms`, 'less than', `group.${kind}.session.timeout.ms`] satisfies Rule,
  ]),
  ['group.streams.num.standby.replicas', 'less than or equal to', 'group.streams.max.standby.replicas'],
  ...(['delivery.count.limit', 'partition.max.record.locks', 'record.lock.duration.ms'] as const).flatMap(
    (limit): Rule[] => [
      [`group.share.max.${limit}`, 'greater than or equal to', `group.share.${limit}`],
      [`group.share.${limit}`, 'greater than or equal to', `group.share.min.${limit}`],
    ],
  ),
  ['group.share.max.share.sessions', 'greater than or equal to', 'group.share.max.size'],
];

/** Settings that are fine alone and not together; Kafka's rules and sentences. */
export function contradictions(config: ConfigTexts): ConfigError[] {
  const number = (name: BrokerConfigName) => Number(config.text(name));
  const errors = rules.flatMap(([name, relation, other]): ConfigError[] =>
    holds(number(name), relation, number(other)) ? [] : [{ name, message: `${name} must be ${relation} ${other}` }],
  );
  const need = (name: BrokerConfigName, holds: boolean, message: string) => {
    if (!holds) errors.push({ name, message: `requirement failed: ${message}` });
  };
  need(
    'log.cleaner.dedupe.buffer.size',
    Math.floor(number('log.cleaner.dedupe.buffer.size') / number('log.cleaner.threads')) > 1_048_576,
    'log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.',
  );
  need(
    'replica.socket.timeout.ms',
    number('replica.fetch.wait.max.ms') <= number('replica.socket.timeout.ms'),
    'replica.socket.timeout.ms should always be at least replica.fetch.wait.max.ms to prevent unnecessary socket timeouts',
  );
  need(
    'replica.fetch.wait.max.ms',
    number('replica.fetch.wait.max.ms') <= number('replica.lag.time.max.ms'),
    'replica.fetch.wait.max.ms should always be less than or equal to replica.lag.time.max.ms to prevent frequent changes in ISR',
  );
  const queuedBytes = number('queued.max.request.bytes');
  need(
    'queued.max.request.bytes',
    queuedBytes <= 0 || queuedBytes >= number('socket.request.max.bytes'),
    'queued.max.request.bytes must be larger or equal to socket.request.max.bytes',
  );
  need(
    'max.connections.per.ip',
    number('max.connections.per.ip') !== 0 || (config.text(connectionOverridesName) ?? '') !== '',
    `max.connections.per.ip can be set to zero only if ${connectionOverridesName} property is set.`,
  );
  const delayMs = number('connection.failed.authentication.delay.ms');
  const idleMs = number('connections.max.idle.ms');
  need(
    'connection.failed.authentication.delay.ms',
    idleMs < 0 || delayMs < idleMs,
    `connection.failed.authentication.delay.ms=${delayMs} should always be less than connections.max.idle.ms=${idleMs} to prevent failed authentication responses from timing out`,
  );
  return errors;
}

function holds(value: number, relation: Relation, other: number): boolean {
  if (relation === 'less than') return value < other;
  return relation === 'less than or equal to' ? value <= other : value >= other;
}
