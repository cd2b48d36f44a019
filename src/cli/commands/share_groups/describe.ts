import { isUnknownGroup, type ShareGroupDescription, type ShareGroupOffset } from '../../../client/index.js';
import type { CliCommand } from '../../command.js';
import { NotFoundError } from '../../exit_codes.js';
import type { Session } from '../../session.js';

export interface DescribeShareGroupsOptions {
  readonly names: readonly string[];
}

export const describeShareGroups: CliCommand<DescribeShareGroupsOptions> = {
  name: 'describe',
  define: (command) =>
    command.description('show members of share groups, where they are and their lag').argument('<group...>', 'names'),
  read: (command) => ({ names: command.args }),
  run: async ({ names }, session) => {
    const { documents, missing } = await showShareGroups(names, session);
    if (session.report.isJson) await session.report.result(documents, () => Promise.resolve());
    if (missing.length > 0) throw new NotFoundError(`share group ${missing.join(', ')} does not exist`);
  },
};

/** Prints them, unless results are JSON: then they are for the caller to print. */
export async function showShareGroups(
  names: readonly string[],
  session: Session,
): Promise<{ readonly documents: readonly unknown[]; readonly missing: readonly string[] }> {
  const { admin, report } = session;
  const documents: unknown[] = [];
  const missing: string[] = [];
  for (const group of await admin.describeShareGroups(names)) {
    if (isUnknownGroup(group.error)) {
      missing.push(group.groupId);
      continue;
    }
    if (group.error !== undefined) throw group.error;
    const offsets = await admin.shareGroupOffsets(group.groupId);
    documents.push(toJson(group, offsets));
    if (!report.isJson) await printGroup(session, group, offsets);
  }
  return { documents, missing };
}

function toJson(group: ShareGroupDescription, offsets: readonly ShareGroupOffset[]): unknown {
  const { groupId, state, groupEpoch, assignmentEpoch, assignor, coordinatorId, members } = group;
  const partitions = offsets.map(({ topic, partition, startOffset = null, lag = null }) => ({
    topic,
    partition,
    startOffset,
    lag,
  }));
  return { groupId, type: 'share', state, groupEpoch, assignmentEpoch, assignor, coordinatorId, members, partitions };
}

async function printGroup(
  { report }: Session,
  group: ShareGroupDescription,
  offsets: readonly ShareGroupOffset[],
): Promise<void> {
  const { groupId, state, groupEpoch, coordinatorId, members } = group;
  await report.line(
    `share group ${groupId} (${state}, epoch ${groupEpoch}, ${members.length} member(s), coordinator ${coordinatorId})`,
  );
  if (members.length > 0)
    await report.table(
      ['MEMBER', 'EPOCH', 'CLIENT', 'HOST', 'PARTITIONS'],
      members.map((member) => [
        member.memberId,
        member.memberEpoch,
        member.clientId,
        member.clientHost,
        member.assignedPartitions.map(({ topic, partition }) => `${topic}-${partition}`).join(','),
      ]),
    );
  if (offsets.length > 0)
    await report.table(
      ['TOPIC', 'PARTITION', 'START', 'LAG'],
      offsets.map(({ topic, partition, startOffset, lag }) => [topic, partition, startOffset ?? '-', lag ?? '-']),
    );
}
