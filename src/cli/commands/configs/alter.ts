import { type ConfigChange, type ConfigResource, throwFirst } from '../../../client/index.js';
import type { CliCommand } from '../../command.js';
import { configChanges, withConfigOptions } from '../../config_changes.js';
import { UsageError } from '../../exit_codes.js';
import { nameHelp, resourceOf, typeArgument } from './resource.js';

export interface AlterConfigsOptions {
  readonly resource: ConfigResource;
  readonly changes: readonly ConfigChange[];
  readonly validateOnly: boolean;
}

export const alterConfigs: CliCommand<AlterConfigsOptions> = {
  name: 'alter',
  define: (command) =>
    withConfigOptions(
      command
        .description('change configs; what is not named stays as it is')
        .addArgument(typeArgument())
        .argument('<name>', nameHelp)
        .option('--validate-only', 'check everything, change nothing'),
    ),
  read: (command) => {
    const [type, name] = command.args;
    const changes = configChanges(command);
    if (changes.length === 0) throw new UsageError('nothing to change: give --set, --unset, --append or --subtract');
    const validateOnly = command.opts<{ readonly validateOnly?: boolean }>().validateOnly ?? false;
    return { resource: resourceOf(type, name), changes, validateOnly };
  },
  run: async ({ resource, changes, validateOnly }, { admin, report }) => {
    throwFirst(await admin.incrementalAlterConfigs([{ resource, changes }], { validateOnly }));
    const subject = resource.name === '' ? `${resource.type} defaults` : `${resource.type} ${resource.name}`;
    await report.result({ ...resource, ok: true }, () =>
      report.line(`${validateOnly ? 'could change' : 'changed'} ${changes.length} config(s) of ${subject}`),
    );
  },
};
