import { type ProducerDescription, throwFirst } from '../../../client/index.js';
import type { TopicPartition } from '../../../common/ids.js';
import type { CliCommand } from '../../command.js';
import { UsageError } from '../../exit_codes.js';
import { checkBroker } from '../../named_broker.js';
import type { Session } from '../../session.js';
import { collected, duration, wholeNumber } from '../../values.js';

export interface FindHangingOptions {
  /** Empty: every topic, which `brokerId` then limits. */
  readonly topics: readonly string[];
  readonly partition: number | undefined;
  readonly brokerId: number | undefined;
  readonly longerThanMs: number;
}

interface Flags {
  readonly topic?: readonly string[];
  readonly partition?: number;
  readonly broker?: number;
  readonly longerThan?: number;
}

/** The longest that a transaction may take by default (`transaction.max.timeout.ms`). */
const defaultLongerThanMs = 15 * 60_000;

export const findHanging: CliCommand<FindHangingOptions> = {
  name: 'find-hanging',
  define: (command) =>
    command
      .description('find transactions that are open on a partition and that no coordinator is going to end')
      .option('-t, --topic <name>', 'look there, may be repeated', collected)
      .option('-p, --partition <number>', 'only at this partition of the topic', wholeNumber)
      .option('--broker <id>', 'look at what this broker leads', wholeNumber)
      .option(
        '--longer-than <duration>',
        'whose last record is older (default: 15m, the longest that a transaction may take)',
        duration,
      )
      .addHelpText('after', '\n`transactions abort` ends them.'),
  read: (command) => {
    const { topic = [], partition, broker, longerThan = defaultLongerThanMs } = command.opts<Flags>();
    if (topic.length === 0 && broker === undefined)
      throw new UsageError('where is it to look? Name --topic or --broker');
    if (partition !== undefined && topic.length !== 1) throw new UsageError('--partition goes with one --topic');
    return { topics: topic, partition, brokerId: broker, longerThanMs: longerThan };
  },
  run: async (options, session) => {
    const { admin, report } = session;
    await checkBroker(admin, options.brokerId);
    const nowMs = session.cluster.environment.clock.wallMs();
    const hanging = (await find(options, session, nowMs)).map((one) => ({
      ...one,
      durationMinutes: Math.floor((nowMs - one.lastTimestampMs) / 60_000),
    }));
    await report.result(hanging, async () => {
      if (hanging.length === 0) await report.note('no transaction hangs');
      else
        await report.table(
          [
            'TOPIC',
            'PARTITION',
            'PRODUCER ID',
            'EPOCH',
            'COORDINATOR EPOCH',
            'START OFFSET',
            'LAST TIMESTAMP',
            'DURATION MIN',
          ],
          hanging.map((one) => [
            one.topic,
            one.partition,
            one.producerId,
            one.producerEpoch,
            one.coordinatorEpoch,
            one.transactionStartOffset,
            one.lastTimestampMs,
            one.durationMinutes,
          ]),
        );
    });
  },
};

type Open = TopicPartition & ProducerDescription;

async function find(options: FindHangingOptions, session: Session, nowMs: number): Promise<readonly Open[]> {
  const { admin } = session;
  const outcomes = throwFirst(await admin.describeProducers(await partitionsOf(options, session)));
  const open = outcomes.flatMap(({ asked, value }) =>
    (value ?? [])
      .filter((one) => one.transactionStartOffset >= 0 && nowMs - one.lastTimestampMs > options.longerThanMs)
      .map((one) => ({ topic: asked.topic, partition: asked.partition, ...one })),
  );
  if (open.length === 0) return [];
  const listed = await admin.listTransactions({ producerIds: [...new Set(open.map((one) => one.producerId))] });
  const described = await admin.describeTransactions(listed.map((one) => one.transactionalId));
  const known = new Map(described.map((one) => [one.producerId, one.error === undefined ? one.partitions : []]));
  // A partition that is in its transaction still gets a marker.
  const isWatched = (one: Open) =>
    known.get(one.producerId)?.some(({ topic, partition }) => topic === one.topic && partition === one.partition);
  return open.filter((one) => isWatched(one) !== true);
}

async function partitionsOf(
  { topics, partition, brokerId }: FindHangingOptions,
  { admin }: Session,
): Promise<readonly TopicPartition[]> {
  const [only] = topics;
  if (partition !== undefined && only !== undefined) return [{ topic: only, partition }];
  const names =
    topics.length > 0 ? topics : (await admin.listTopics({ includeInternal: true })).map((topic) => topic.name);
  const described = throwFirst(await admin.describeTopics(names));
  return described.flatMap(({ name, topic }) =>
    (topic?.partitions ?? [])
      .filter(({ leaderId }) => brokerId === undefined || leaderId === brokerId)
      .map((one) => ({ topic: name, partition: one.partition })),
  );
}
