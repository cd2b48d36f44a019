import type { CliCommand } from '../../command.js';

export const listReassignments: CliCommand<undefined> = {
  name: 'list',
  define: (command) => command.description('show moves that are under way'),
  read: () => undefined,
  run: async (_, { admin, report }) => {
    const moves = await admin.listReassignments();
    await report.result(moves, async () => {
      if (moves.length === 0) await report.line('no partition is being moved');
      else
        await report.table(
          ['PARTITION', 'REPLICAS', 'ADDING', 'REMOVING'],
          moves.map(({ topic, partition, replicas, adding, removing }) => [
            `${topic}-${partition}`,
            replicas.join(','),
            adding.join(','),
            removing.join(','),
          ]),
        );
    });
  },
};
