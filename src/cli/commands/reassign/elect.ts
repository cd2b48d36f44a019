import { hasCode } from '../../../client/index.js';
import type { CliCommand } from '../../command.js';
import { reportOutcomes } from '../../outcomes.js';
import { partitionOf } from './execute.js';

export interface ElectOptions {
  readonly partitions: ReadonlyArray<{ readonly topic: string; readonly partition: number }>;
  readonly type: 'preferred' | 'unclean';
}

/** As in Kafka's tool nothing to do is no failure. */
const electionNotNeeded = 84;

export const electLeaders: CliCommand<ElectOptions> = {
  name: 'elect',
  define: (command) =>
    command
      .description('have the preferred replica of partitions lead')
      .argument('<topic-partition...>', 'as in orders-0')
      .option('--unclean', 'any replica that is alive, at the price of records it does not have'),
  read: (command) => ({
    partitions: command.args.map(partitionOf),
    type: command.opts<{ readonly unclean?: boolean }>().unclean === true ? 'unclean' : 'preferred',
  }),
  run: async ({ partitions, type }, session) => {
    const asked = await session.admin.electLeaders(partitions, type);
    const outcomes = asked.map(({ name, error }) =>
      hasCode(error, electionNotNeeded) ? { name, error: undefined, elected: false } : { name, error, elected: true },
    );
    await reportOutcomes(
      session,
      outcomes,
      ({ name, elected }) => (elected ? `elected a leader of ${name}` : `${name} is led as it should be`),
      ({ elected }) => ({ elected }),
    );
  },
};
