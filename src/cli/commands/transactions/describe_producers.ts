import { throwFirst } from '../../../client/index.js';
import type { CliCommand } from '../../command.js';
import { wholeNumber } from '../../values.js';

export interface DescribeProducersOptions {
  readonly topic: string;
  readonly partition: number;
}

export const describeProducers: CliCommand<DescribeProducersOptions> = {
  name: 'describe-producers',
  define: (command) =>
    command
      .description('show the producers that a partition remembers, and what they have open')
      .requiredOption('-t, --topic <name>', 'topic')
      .requiredOption('-p, --partition <number>', 'partition', wholeNumber),
  read: (command) => command.opts<{ readonly topic: string; readonly partition: number }>(),
  run: async (asked, { admin, report }) => {
    const [outcome] = throwFirst(await admin.describeProducers([asked]));
    const producers = outcome?.value ?? [];
    await report.result(producers, async () => {
      if (producers.length === 0) await report.note('no producers');
      else
        await report.table(
          ['PRODUCER ID', 'EPOCH', 'COORDINATOR EPOCH', 'LAST SEQUENCE', 'LAST TIMESTAMP', 'TRANSACTION START OFFSET'],
          producers.map((one) => [
            one.producerId,
            one.producerEpoch,
            one.coordinatorEpoch,
            one.lastSequence,
            one.lastTimestampMs,
            one.transactionStartOffset < 0 ? null : one.transactionStartOffset,
          ]),
        );
    });
  },
};
