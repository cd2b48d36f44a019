import type { GroupDescription } from '../../../client/index.js';
import type { CliCommand } from '../../command.js';
import { NotFoundError } from '../../exit_codes.js';
import { lagOf, type PartitionLag } from '../../group_lag.js';
import { shareGroupsAmong } from '../../group_types.js';
import type { Session } from '../../session.js';
import { showShareGroups } from '../share_groups/describe.js';

export interface DescribeGroupsOptions {
  readonly names: readonly string[];
}

export const describeGroups: CliCommand<DescribeGroupsOptions> = {
  name: 'describe',
  define: (command) =>
    command.description('show members, offsets and lag of groups of any type').argument('<group...>', 'names'),
  read: (command) => ({ names: command.args }),
  run: async ({ names }, session) => {
    const { admin, report } = session;
    const documents: unknown[] = [];
    const missing: string[] = [];
    for (const group of await admin.describeGroups(names)) {
      // Older brokers describe a group that does not exist as dead.
      const lag = group.state === 'Dead' || group.error !== undefined ? [] : await lagOf(admin, group);
      if (lag.length === 0 && (group.state === 'Dead' || group.error !== undefined)) {
        missing.push(group.groupId);
        continue;
      }
      documents.push(toJson(group, lag));
      if (!report.isJson) await printGroup(session, group, lag);
    }
    const shares = new Set(missing.length === 0 ? [] : await shareGroupsAmong(missing, session));
    if (shares.size > 0) documents.push(...(await showShareGroups([...shares], session)).documents);
    if (report.isJson) await report.result(documents, () => Promise.resolve());
    const unknown = missing.filter((name) => !shares.has(name));
    if (unknown.length > 0) throw new NotFoundError(`group ${unknown.join(', ')} does not exist`);
  },
};

function toJson(group: GroupDescription, partitions: readonly PartitionLag[]): unknown {
  const { name: _, error: __, ...shown } = group;
  return { ...shown, partitions };
}

async function printGroup({ report }: Session, group: GroupDescription, lag: readonly PartitionLag[]): Promise<void> {
  const protocol = group.protocol === '' ? '' : `, ${group.protocol}`;
  const epoch = group.groupEpoch === undefined ? '' : `, epoch ${group.groupEpoch}`;
  await report.line(
    `group ${group.groupId} (${group.type}, ${group.state}${epoch}${protocol}, ${group.members.length} member(s), coordinator ${group.coordinatorId})`,
  );
  if (group.members.length > 0)
    await report.table(
      ['MEMBER', 'INSTANCE', 'CLIENT', 'HOST', ...(group.groupEpoch === undefined ? [] : ['EPOCH']), 'PARTITIONS'],
      group.members.map((member) => [
        member.memberId,
        member.groupInstanceId,
        member.clientId,
        member.clientHost,
        ...(group.groupEpoch === undefined ? [] : [member.epoch ?? 0]),
        member.assignedPartitions.length,
      ]),
    );
  if (lag.length > 0)
    await report.table(
      ['TOPIC', 'PARTITION', 'COMMITTED', 'END', 'LAG', 'MEMBER'],
      lag.map((one) => [one.topic, one.partition, one.committedOffset, one.endOffset, one.lag, one.memberId]),
    );
}
