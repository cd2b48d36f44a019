import type { CliCommand } from '../../command.js';
import { collected } from '../../values.js';

export interface ListGroupsOptions {
  /** Empty: every state. */
  readonly states: readonly string[];
  readonly namesOnly: boolean;
}

interface Flags {
  readonly state?: readonly string[];
  readonly quiet?: boolean;
}

export const listGroups: CliCommand<ListGroupsOptions> = {
  name: 'list',
  define: (command) =>
    command
      .alias('ls')
      .description('list groups')
      .option('-s, --state <state>', 'only groups in it (Stable, Empty, ...), may be repeated', collected)
      .option('-q, --quiet', 'names only'),
  read: (command) => {
    const { state, quiet } = command.opts<Flags>();
    return { states: state ?? [], namesOnly: quiet ?? false };
  },
  run: async ({ states, namesOnly }, { admin, report }) => {
    const groups = await admin.listGroups({ states });
    await report.result(groups, async () => {
      if (namesOnly) for (const group of groups) await report.line(group.groupId);
      else if (groups.length === 0) await report.note('no groups');
      else
        await report.table(
          ['GROUP', 'STATE', 'TYPE', 'PROTOCOL'],
          groups.map((group) => [group.groupId, group.state, group.type, group.protocolType]),
        );
    });
  },
};
