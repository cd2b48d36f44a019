import { alter, describe, type Op } from './resources.js';
import type { RequestStep } from './step.js';

const BROKER = 4;
const GROUP = 32;

/** So that every limit can be left on both sides, and a heartbeat interval reach its session timeout; record-session gives Kafka the same. */
export const groupConfigSettings: Readonly<Record<string, string | number>> = Object.fromEntries(
  ['consumer', 'share', 'streams'].flatMap((kind) => [
    [`group.${kind}.max.heartbeat.interval.ms`, 60_000],
    [`group.${kind}.min.assignment.interval.ms`, 100],
    [`group.${kind}.max.assignment.interval.ms`, 2_000],
  ]),
);

const set = (group: string, ...settings: readonly (readonly [string, number])[]): RequestStep =>
  alter(`${group} with ${settings.map(([name, value]) => `${name}=${value}`).join(', ')}`, [
    [GROUP, group, ...settings.map(([name, value]): Op => ['SET', name, String(value)])],
  ]);

/** The least and the most that is allowed, and one less and one more. */
const edges = (name: string, least: number, most: number): readonly RequestStep[] =>
  [least - 1, least, most, most + 1].map((value) => set(`edges of ${name}`, [name, value]));

const ofKind = (kind: string): readonly RequestStep[] => [
  ...edges(`${kind}.session.timeout.ms`, 45_000, 60_000),
  ...edges(`${kind}.heartbeat.interval.ms`, 5_000, 60_000),
  ...edges(`${kind}.assignment.interval.ms`, 100, 2_000),
  set(`beats of ${kind}`, [`${kind}.heartbeat.interval.ms`, 44_999]),
  set(`beats of ${kind}`, [`${kind}.heartbeat.interval.ms`, 45_000]),
  set(`beats of ${kind}`, [`${kind}.heartbeat.interval.ms`, 50_000], [`${kind}.session.timeout.ms`, 50_000]),
  set(`beats of ${kind}`, [`${kind}.heartbeat.interval.ms`, 50_000], [`${kind}.session.timeout.ms`, 50_001]),
  alter(`beats of ${kind} without its session timeout`, [
    [GROUP, `beats of ${kind}`, ['DELETE', `${kind}.session.timeout.ms`, null]],
  ]),
  describe(`beats of ${kind}`, [
    [GROUP, `beats of ${kind}`, [`${kind}.heartbeat.interval.ms`, `${kind}.session.timeout.ms`]],
  ]),
];

/** What a broker lets its groups be set to, and how their settings must fit together. */
export const groupConfigs: readonly RequestStep[] = [
  ...['consumer', 'share', 'streams'].flatMap(ofKind),
  ...edges('share.record.lock.duration.ms', 15_000, 60_000),
  ...edges('share.delivery.count.limit', 2, 10),
  ...edges('share.partition.max.record.locks', 100, 4_000),
  set('standby', ['streams.num.standby.replicas', 2]),
  set('standby', ['streams.num.standby.replicas', 3]),
  set('standby', ['streams.num.standby.replicas', -1]),
  // Which of several is named.
  set('several', ['streams.heartbeat.interval.ms', 1], ['consumer.session.timeout.ms', 1]),
  set('several', ['consumer.session.timeout.ms', 1], ['consumer.heartbeat.interval.ms', 1]),
  set('several', ['share.session.timeout.ms', 1_000_000], ['share.delivery.count.limit', 11]),
  set('several', ['consumer.heartbeat.interval.ms', 45_000], ['share.session.timeout.ms', 1]),
  set('several', ['consumer.assignment.interval.ms', 5], ['no.such', 5]),
  ...['consumer', 'share', 'streams'].flatMap((kind) =>
    ['', '1'].flatMap((broker) =>
      [99, 100, 2_000, 2_001].map((value) =>
        alter(`broker ${broker} with ${kind} assignments ${value}`, [
          [BROKER, broker, ['SET', `group.${kind}.assignment.interval.ms`, String(value)]],
        ]),
      ),
    ),
  ),
  alter('broker without connections', [[BROKER, '', ['SET', 'max.connections.per.ip', '0']]]),
  describe('a group under the cluster', [[GROUP, 'under', ['consumer.assignment.interval.ms']]], {
    includeSynonyms: true,
  }),
];
