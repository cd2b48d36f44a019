import { buildClassicGroups } from './classic.js';
import { type Connections, coordinatorsThere } from './connection.js';
import { buildConsumerGroups, buildStreamsGroups } from './modern.js';
import { buildShareGroups } from './share.js';
import { createTopics, topicIds } from './topics.js';
import { buildTransactions } from './transactions.js';

/** What the brokers are started with, so that every log of a coordinator is one partition and nothing happens by time. */
export const settings: Readonly<Record<string, string>> = {
  'offsets.topic.num.partitions': '1',
  'transaction.state.log.num.partitions': '1',
  'share.coordinator.state.topic.num.partitions': '1',
  'group.initial.rebalance.delay.ms': '0',
  'group.consumer.assignment.interval.ms': '0',
  'group.share.assignment.interval.ms': '0',
  'group.streams.assignment.interval.ms': '0',
  'group.streams.initial.rebalance.delay.ms': '0',
  'offsets.retention.minutes': '2000000000',
  'transactional.id.expiration.ms': '2000000000',
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '2000000000',
};

/** Puts every kind of state that lasts into every coordinator of a broker. */
export async function buildState(on: Connections): Promise<void> {
  await createTopics(on);
  const ids = await topicIds(on);
  await on.until('admin', 'FindCoordinator', 6, { keyType: 2, coordinatorKeys: [`g:${ids.get('b')}:0`] });
  await coordinatorsThere(on);
  await buildClassicGroups(on);
  await buildConsumerGroups(on);
  await buildStreamsGroups(on);
  await buildShareGroups(on, ids);
  await buildTransactions(on);
}
