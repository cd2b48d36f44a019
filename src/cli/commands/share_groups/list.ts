import type { CliCommand } from '../../command.js';
import type { ListGroupsOptions } from '../groups/list.js';
import { listGroups, listOptions } from '../groups/list.js';

const shareType = 'share';

export const listShareGroups: CliCommand<ListGroupsOptions> = {
  name: 'list',
  define: (command) => listOptions(command).description('list share groups'),
  read: (command) => listGroups.read(command),
  run: async ({ states, namesOnly }, { admin, report }) => {
    const groups = (await admin.listGroups({ states })).filter(({ type }) => type === shareType);
    await report.result(groups, async () => {
      if (namesOnly) for (const group of groups) await report.line(group.groupId);
      else if (groups.length === 0) await report.note('no share groups');
      else
        await report.table(
          ['GROUP', 'STATE'],
          groups.map((group) => [group.groupId, group.state]),
        );
    });
  },
};
