import { type Command, InvalidArgumentError, Option } from 'commander';
import type { CliCommand } from '../../command.js';

export interface ListGroupsOptions {
  /** Empty: every state. */
  readonly states: readonly string[];
  /** Undefined: every type. */
  readonly type: string | undefined;
  readonly namesOnly: boolean;
}

interface Flags {
  readonly state?: readonly string[];
  readonly type?: string;
  readonly quiet?: boolean;
}

const states = [
  'Stable',
  'Empty',
  'PreparingRebalance',
  'CompletingRebalance',
  'Assigning',
  'Reconciling',
  'NotReady',
  'Dead',
];

/** States are written in any case. @throws InvalidArgumentError */
function state(text: string, previous: readonly string[] = []): readonly string[] {
  const known = states.find((one) => one.toLowerCase() === text.toLowerCase());
  if (known === undefined) throw new InvalidArgumentError(`Allowed states are ${states.join(', ')}.`);
  return [...previous, known];
}

/** What lists of groups of any type take. */
export function listOptions(command: Command): Command {
  return command
    .alias('ls')
    .option('-s, --state <state>', 'only groups in it (Stable, Empty, ...), may be repeated', state)
    .option('-q, --quiet', 'names only');
}

export const listGroups: CliCommand<ListGroupsOptions> = {
  name: 'list',
  define: (command) =>
    listOptions(command)
      .description('list groups')
      .addOption(new Option('--type <type>', 'only groups of it').choices(['classic', 'consumer', 'share', 'streams'])),
  read: (command) => {
    const { state: wanted, type, quiet } = command.opts<Flags>();
    return { states: wanted ?? [], type, namesOnly: quiet ?? false };
  },
  run: async ({ states: wanted, type, namesOnly }, { admin, report }) => {
    const all = await admin.listGroups({ states: wanted });
    const groups = type === undefined ? all : all.filter((group) => group.type.toLowerCase() === type);
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
