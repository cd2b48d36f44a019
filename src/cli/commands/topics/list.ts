import type { CliCommand } from '../../command.js';

export interface ListTopicsOptions {
  readonly includeInternal: boolean;
  readonly namesOnly: boolean;
}

interface Flags {
  readonly internal?: boolean;
  readonly quiet?: boolean;
}

export const listTopics: CliCommand<ListTopicsOptions> = {
  name: 'list',
  define: (command) =>
    command
      .alias('ls')
      .description('list topics')
      .option('-i, --internal', 'internal topics too')
      .option('-q, --quiet', 'names only'),
  read: (command) => {
    const { internal, quiet } = command.opts<Flags>();
    return { includeInternal: internal ?? false, namesOnly: quiet ?? false };
  },
  run: async ({ includeInternal, namesOnly }, { admin, report }) => {
    const topics = await admin.listTopics({ includeInternal });
    await report.result(
      topics.map((topic) => ({
        name: topic.name,
        topicId: topic.topicId,
        internal: topic.isInternal,
        partitions: topic.partitions.length,
        replicationFactor: topic.partitions[0]?.replicas.length ?? 0,
      })),
      async () => {
        if (namesOnly) for (const topic of topics) await report.line(topic.name);
        else if (topics.length === 0) await report.note('no topics');
        else
          await report.table(
            ['NAME', 'PARTITIONS', 'REPLICAS'],
            topics.map((topic) => [topic.name, topic.partitions.length, topic.partitions[0]?.replicas.length ?? 0]),
          );
      },
    );
  },
};
