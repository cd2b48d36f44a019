import type { CliCommand } from '../../command.js';
import { NotFoundError, UsageError } from '../../exit_codes.js';
import { checkBroker } from '../../named_broker.js';
import { reportOutcomes } from '../../outcomes.js';
import type { Session } from '../../session.js';
import { partitionList, wholeNumber } from '../../values.js';

export interface MoveReplicasOptions {
  readonly topic: string;
  readonly path: string;
  readonly broker: number | undefined;
  /** None: all the broker has. */
  readonly partitions: readonly number[];
  readonly wait: boolean;
}

export const moveReplicas: CliCommand<MoveReplicasOptions> = {
  name: 'move',
  define: (command) =>
    command
      .description('move partitions of a topic to another log directory of their broker, while they serve')
      .argument('<topic>', 'name')
      .argument('<directory>', 'where to, as describe names it')
      .option('--broker <id>', 'the broker (default: the only one)', wholeNumber)
      .option('-p, --partitions <list>', 'such as 0, 0,2 or 0-3 (default: all)', partitionList)
      .option('--wait', 'until they are there')
      .addHelpText(
        'after',
        '\nMoving back to where a partition is ends its move. replica.alter.log.dirs.io.max.bytes.per.second holds moves back.',
      ),
  read: (command) => {
    const [topic = '', path = ''] = command.args;
    const {
      broker,
      partitions = [],
      wait,
    } = command.opts<{
      readonly broker?: number;
      readonly partitions?: readonly number[];
      readonly wait?: boolean;
    }>();
    return { topic, path, broker, partitions, wait: wait ?? false };
  },
  run: async (options, session) => {
    const { topic, path } = options;
    await checkBroker(session.admin, options.broker);
    const brokerId = options.broker ?? (await onlyBroker(session));
    const partitions =
      options.partitions.length > 0 ? options.partitions : await partitionsOf(session, brokerId, topic);
    const moves = partitions.map((partition) => ({ topic, partition, path }));
    const outcomes = await session.admin.alterReplicaLogDirs(brokerId, moves);
    const accepted = new Set(outcomes.flatMap(({ partition, error }) => (error === undefined ? [partition] : [])));
    if (options.wait) await waitFor(session, brokerId, topic, path, accepted);
    const there = accepted.size === 0 ? accepted : (await replicasIn(session, brokerId, topic, path)).there;
    await reportOutcomes(
      session,
      outcomes,
      ({ name, partition }) => (there.has(partition) ? `${name} is in ${path}` : `${name} is being moved to ${path}`),
      ({ partition }) => ({ topic, partition, path }),
    );
  },
};

const lookAgainMs = 500;

async function onlyBroker({ admin }: Session): Promise<number> {
  const { brokers } = await admin.describeCluster();
  const [first] = brokers;
  if (first === undefined || brokers.length > 1)
    throw new UsageError('the cluster has several brokers: name the one with --broker');
  return first.nodeId;
}

async function partitionsOf({ admin }: Session, brokerId: number, topic: string): Promise<readonly number[]> {
  const directories = await admin.describeLogDirs([brokerId]);
  const found = new Set(
    directories.flatMap((dir) =>
      dir.partitions.flatMap((one) => (one.topic === topic && !one.isFuture ? [one.partition] : [])),
    ),
  );
  if (found.size === 0) throw new NotFoundError(`broker ${brokerId} has no partition of topic ${topic}`);
  return [...found].sort((a, b) => a - b);
}

/** Partitions of the topic in a log directory: those that are there, and those on their way. */
async function replicasIn({ admin }: Session, brokerId: number, topic: string, path: string) {
  const directories = await admin.describeLogDirs([brokerId]);
  const inPlace = directories.find((dir) => dir.path === path)?.partitions ?? [];
  const ours = inPlace.filter((one) => one.topic === topic);
  const numbers = (isFuture: boolean): ReadonlySet<number> =>
    new Set(ours.filter((one) => one.isFuture === isFuture).map(({ partition }) => partition));
  return { there: numbers(false), onTheirWay: numbers(true) };
}

/** Looks again until every one of the partitions is there, or is not on its way any more. */
async function waitFor(
  session: Session,
  brokerId: number,
  topic: string,
  path: string,
  partitions: ReadonlySet<number>,
): Promise<void> {
  for (;;) {
    const { there, onTheirWay } = await replicasIn(session, brokerId, topic, path);
    const left = [...partitions].filter((partition) => !there.has(partition));
    if (left.length === 0) return;
    const stuck = left.find((partition) => !onTheirWay.has(partition));
    if (stuck !== undefined)
      throw new Error(`${topic}-${stuck} is not on its way to ${path} any more: see the log of broker ${brokerId}`);
    await new Promise<void>((resolve) => {
      session.io.environment.timers.after(lookAgainMs, resolve);
    });
  }
}
