import type { CliCommand } from '../../command.js';
import { collected, duration, wholeNumber } from '../../values.js';

export interface ListTransactionsOptions {
  /** Empty: every state. */
  readonly states: readonly string[];
  /** Empty: every producer. */
  readonly producerIds: readonly number[];
  readonly longerThanMs: number | undefined;
  readonly pattern: string | undefined;
}

interface Flags {
  readonly state?: readonly string[];
  readonly producerId?: readonly number[];
  readonly longerThan?: number;
  readonly pattern?: string;
}

export const listTransactions: CliCommand<ListTransactionsOptions> = {
  name: 'list',
  define: (command) =>
    command
      .alias('ls')
      .description('list transactional ids')
      .option('-s, --state <state>', 'only in it (Ongoing, PrepareCommit, ...), may be repeated', collected)
      .option(
        '--producer-id <id>',
        'only of this producer, may be repeated',
        (text: string, ids: readonly number[] = []) => [...ids, wholeNumber(text)],
      )
      .option('--longer-than <duration>', 'only those begun longer ago, such as 15m', duration)
      .option('--pattern <re2>', 'only ids that fit it as a whole'),
  read: (command) => {
    const { state = [], producerId = [], longerThan, pattern } = command.opts<Flags>();
    return { states: state, producerIds: producerId, longerThanMs: longerThan, pattern };
  },
  run: async ({ states, producerIds, longerThanMs, pattern }, { admin, report }) => {
    const filter = {
      states,
      producerIds,
      ...(longerThanMs === undefined ? {} : { longerThanMs }),
      ...(pattern === undefined ? {} : { pattern }),
    };
    const transactions = await admin.listTransactions(filter);
    await report.result(transactions, async () => {
      if (transactions.length === 0) await report.note('no transactional ids');
      else
        await report.table(
          ['TRANSACTIONAL ID', 'COORDINATOR', 'PRODUCER ID', 'STATE'],
          transactions.map((one) => [one.transactionalId, one.coordinatorId, one.producerId, one.state]),
        );
    });
  },
};
