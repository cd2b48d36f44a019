import type { CliCommand } from '../../command.js';

export interface DescribeClusterOptions {
  readonly logDirs: boolean;
}

export const describeCluster: CliCommand<DescribeClusterOptions> = {
  name: 'describe',
  define: (command) =>
    command.description('show the brokers').option('--log-dirs', 'and how much their log directories hold'),
  read: (command) => ({ logDirs: command.opts<{ readonly logDirs?: boolean }>().logDirs ?? false }),
  run: async ({ logDirs }, { admin, report }) => {
    const cluster = await admin.describeCluster();
    const directories = logDirs ? await admin.describeLogDirs() : [];
    const used = (dir: (typeof directories)[number]): number =>
      dir.partitions.reduce((sum, one) => sum + one.sizeBytes, 0);
    const document = {
      clusterId: cluster.clusterId,
      controllerId: cluster.controllerId,
      brokers: cluster.brokers,
      ...(logDirs
        ? {
            logDirs: directories.map((dir) => ({
              brokerId: dir.brokerId,
              path: dir.path,
              error: dir.error?.message ?? null,
              partitions: dir.partitions.length,
              usedBytes: used(dir),
              totalBytes: dir.totalBytes,
              usableBytes: dir.usableBytes,
            })),
          }
        : {}),
    };
    await report.result(document, async () => {
      await report.line(`cluster ${cluster.clusterId ?? '(no id)'}`);
      await report.table(
        ['BROKER', 'HOST', 'PORT', 'RACK', 'CONTROLLER'],
        cluster.brokers.map(({ nodeId, host, port, rack }) => [
          nodeId,
          host,
          port,
          rack,
          nodeId === cluster.controllerId ? 'yes' : '',
        ]),
      );
      if (logDirs)
        await report.table(
          ['BROKER', 'DIRECTORY', 'PARTITIONS', 'USED BYTES', 'USABLE BYTES', 'ERROR'],
          directories.map((dir) => [
            dir.brokerId,
            dir.path,
            dir.partitions.length,
            used(dir),
            dir.usableBytes < 0 ? null : dir.usableBytes,
            dir.error?.message ?? '',
          ]),
        );
    });
  },
};
