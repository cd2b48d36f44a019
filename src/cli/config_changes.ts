import type { Command } from 'commander';
import type { ConfigChange } from '../client/index.js';
import { UsageError } from './exit_codes.js';
import { assignment, collected } from './values.js';

type Assignments = Readonly<Record<string, string>>;

interface Flags {
  readonly set?: Assignments;
  readonly unset?: readonly string[];
  readonly append?: Assignments;
  readonly subtract?: Assignments;
}

/** Options of the commands that change configs. */
export function withConfigOptions(command: Command): Command {
  return command
    .option('-s, --set <name=value>', 'set a config, may be repeated', assignment)
    .option('-u, --unset <name>', 'go back to the default, may be repeated', collected)
    .option('--append <name=value>', 'add to a list', assignment)
    .option('--subtract <name=value>', 'take out of a list', assignment);
}

/** @throws UsageError when a config is named twice */
export function configChanges(command: Command): readonly ConfigChange[] {
  const flags = command.opts<Flags>();
  const from = (operation: 'set' | 'append' | 'subtract', values: Assignments = {}): readonly ConfigChange[] =>
    Object.entries(values).map(([name, value]) => ({ operation, name, value }));
  const changes: readonly ConfigChange[] = [
    ...from('set', flags.set),
    ...(flags.unset ?? []).map((name): ConfigChange => ({ operation: 'delete', name, value: null })),
    ...from('append', flags.append),
    ...from('subtract', flags.subtract),
  ];
  const names = changes.map((one) => one.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new UsageError(`${twice} is changed twice; once is enough`);
  return changes;
}
