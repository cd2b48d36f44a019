import { expect, it } from 'vitest';
import { BrokerConfig } from '../../src/config/index.js';
import {
  assignmentIntervalMs,
  heartbeatIntervalMs,
  sessionTimeoutMs,
} from '../../src/coordinator/consumer_group/settings.js';
import { groupCoordinatorConfig } from '../../src/coordinator/group_config.js';
import { streamsSettings } from '../../src/coordinator/streams_group/settings.js';
import { emptyImage, type MetadataImage } from '../../src/metadata/image.js';
import { ShareConfigs } from '../../src/server/share/share_rules.js';

/** What was set before a restart under limits that have been narrowed since. */
const image: MetadataImage = {
  ...emptyImage,
  groupConfigs: new Map([
    [
      'g',
      new Map([
        ['consumer.heartbeat.interval.ms', '14000'],
        ['consumer.session.timeout.ms', '46000'],
        ['share.record.lock.duration.ms', '60000'],
        ['share.delivery.count.limit', '2'],
        ['streams.num.standby.replicas', '2'],
      ]),
    ],
  ]),
  brokerConfigs: new Map([['', new Map([['group.consumer.assignment.interval.ms', '15000']])]]),
};

it('takes settings outside the broker’s limits as the nearest that they allow', () => {
  const result = BrokerConfig.fromProperties({
    'group.consumer.max.heartbeat.interval.ms': 6000,
    'group.consumer.min.session.timeout.ms': 50_000,
    'group.consumer.session.timeout.ms': 55_000,
    'group.consumer.max.assignment.interval.ms': 3000,
    'group.share.max.record.lock.duration.ms': 30_000,
    'group.share.min.delivery.count.limit': 4,
    'group.streams.max.standby.replicas': 1,
  });
  if (!result.ok) throw new Error('bad properties');
  const { consumer, streams } = groupCoordinatorConfig(result.config);
  expect(heartbeatIntervalMs(image, 'g', consumer)).toBe(6000);
  expect(sessionTimeoutMs(image, 'g', consumer)).toBe(50_000);
  expect(sessionTimeoutMs(image, 'other', consumer)).toBe(55_000);
  expect(assignmentIntervalMs(image, 'g', consumer)).toBe(3000);
  expect(streamsSettings(image, 'g', streams).standbyReplicas).toBe(1);
  const share = new ShareConfigs(() => result.config, { current: () => image, onChange: () => () => undefined }).of(
    'g',
  );
  expect([share.recordLockDurationMs, share.deliveryCountLimit]).toEqual([30_000, 4]);
});

it('takes the dynamic config of its own broker before that of all', () => {
  const { consumer } = groupCoordinatorConfig(BrokerConfig.defaults);
  const name = 'group.consumer.assignment.interval.ms';
  const of = (...configs: readonly (readonly [broker: string, value: string])[]) =>
    assignmentIntervalMs(
      { ...emptyImage, brokerConfigs: new Map(configs.map(([broker, value]) => [broker, new Map([[name, value]])])) },
      'g',
      consumer,
    );
  expect([of(), of(['', '7']), of(['', '7'], ['1', '8']), of(['2', '9'])]).toEqual([1000, 7, 8, 1000]);
});
