import { throwFirst } from '../../../client/index.js';
import { topicPartitionName } from '../../../common/ids.js';
import type { CliCommand } from '../../command.js';

export interface DescribeTransactionsOptions {
  readonly transactionalIds: readonly string[];
}

export const describeTransactions: CliCommand<DescribeTransactionsOptions> = {
  name: 'describe',
  define: (command) =>
    command.description('show what is known of transactional ids').argument('<transactional-id...>', 'names'),
  read: (command) => ({ transactionalIds: command.args }),
  run: async ({ transactionalIds }, { admin, report, cluster }) => {
    const nowMs = cluster.environment.clock.wallMs();
    const described = throwFirst(await admin.describeTransactions(transactionalIds)).map(
      ({ name: _, error: __, ...rest }) => ({
        ...rest,
        startMs: rest.startMs < 0 ? null : rest.startMs,
        durationMs: rest.startMs < 0 ? null : nowMs - rest.startMs,
      }),
    );
    await report.result(described, () =>
      report.table(
        [
          'TRANSACTIONAL ID',
          'COORDINATOR',
          'PRODUCER ID',
          'EPOCH',
          'STATE',
          'TIMEOUT MS',
          'START MS',
          'DURATION MS',
          'PARTITIONS',
        ],
        described.map((one) => [
          one.transactionalId,
          one.coordinatorId,
          one.producerId,
          one.producerEpoch,
          one.state,
          one.timeoutMs,
          one.startMs,
          one.durationMs,
          one.partitions.map(({ topic, partition }) => topicPartitionName(topic, partition)).join(','),
        ]),
      ),
    );
  },
};
