import type { CliCommand } from '../../command.js';

export const describeFeatures: CliCommand<undefined> = {
  name: 'describe',
  define: (command) => command.alias('list').description('show which levels there are, and which are finalized'),
  read: () => undefined,
  run: async (_, { admin, report }) => {
    const features = await admin.describeFeatures();
    await report.result(features, () =>
      report.table(
        ['FEATURE', 'SUPPORTED', 'FINALIZED'],
        features.map(({ name, minLevel, maxLevel, finalizedLevel }) => [
          name,
          `${minLevel}-${maxLevel}`,
          finalizedLevel,
        ]),
      ),
    );
  },
};
