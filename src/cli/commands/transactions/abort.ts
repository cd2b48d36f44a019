import { throwFirst } from '../../../client/index.js';
import type { CliCommand } from '../../command.js';
import { NotFoundError, UsageError } from '../../exit_codes.js';
import type { Session } from '../../session.js';
import { signedInteger, wholeNumber } from '../../values.js';

/** Which transaction: by where it begins on the partition, or by its producer. */
type Which =
  | { readonly startOffset: number }
  | { readonly producerId: number; readonly producerEpoch: number; readonly coordinatorEpoch: number };

export interface AbortTransactionOptions {
  readonly topic: string;
  readonly partition: number;
  readonly which: Which;
}

interface Flags {
  readonly topic: string;
  readonly partition: number;
  readonly startOffset?: number;
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly coordinatorEpoch?: number;
}

export const abortTransaction: CliCommand<AbortTransactionOptions> = {
  name: 'abort',
  define: (command) =>
    command
      .description('abort a transaction on a partition that no coordinator is going to end')
      .requiredOption('-t, --topic <name>', 'topic')
      .requiredOption('-p, --partition <number>', 'partition', wholeNumber)
      .option('--start-offset <offset>', 'where the transaction begins, as find-hanging shows it', wholeNumber)
      .option('--producer-id <id>', 'instead: its producer, with the two epochs', wholeNumber)
      .option('--producer-epoch <number>', 'epoch of the producer', wholeNumber)
      .option('--coordinator-epoch <number>', 'epoch of the coordinator that ended its last transaction', signedInteger)
      .addHelpText('after', '\nRecords of the transaction are then skipped by readers of committed records.'),
  read: (command) => {
    const { topic, partition, startOffset, producerId, producerEpoch, coordinatorEpoch } = command.opts<Flags>();
    if (startOffset !== undefined) return { topic, partition, which: { startOffset } };
    if (producerId === undefined || producerEpoch === undefined || coordinatorEpoch === undefined)
      throw new UsageError(
        'which transaction? Name --start-offset, or --producer-id, --producer-epoch and --coordinator-epoch',
      );
    return { topic, partition, which: { producerId, producerEpoch, coordinatorEpoch } };
  },
  run: async ({ topic, partition, which }, session) => {
    const producer = 'startOffset' in which ? await producerAt(topic, partition, which.startOffset, session) : which;
    const aborted = { topic, partition, ...producer };
    await session.admin.abortTransaction(aborted);
    await session.report.result(aborted, () =>
      session.report.line(`aborted the transaction of producer ${producer.producerId} on ${topic}-${partition}`),
    );
  },
};

async function producerAt(topic: string, partition: number, startOffset: number, { admin }: Session) {
  const [outcome] = throwFirst(await admin.describeProducers([{ topic, partition }]));
  const found = outcome?.value?.find((one) => one.transactionStartOffset === startOffset);
  if (found === undefined)
    throw new NotFoundError(`no transaction that is open on ${topic}-${partition} begins at offset ${startOffset}`);
  const { producerId, producerEpoch, coordinatorEpoch } = found;
  return { producerId, producerEpoch, coordinatorEpoch };
}
