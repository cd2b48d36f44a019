import { type Admin, type ConfigChange, type ConfigResource, throwFirst } from '../../../client/index.js';
import type { CliCommand } from '../../command.js';
import { configChanges, withConfigOptions } from '../../config_changes.js';
import { UsageError } from '../../exit_codes.js';
import { checkBrokerOf } from '../../named_broker.js';
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
    const subject = resource.name === '' ? `${resource.type} defaults` : `${resource.type} ${resource.name}`;
    await checkBrokerOf(admin, resource);
    await checkUnset(admin, resource, changes, subject);
    throwFirst(await admin.incrementalAlterConfigs([{ resource, changes }], { validateOnly }));
    await report.result({ ...resource, ok: true }, () =>
      report.line(`${validateOnly ? 'could change' : 'changed'} ${changes.length} config(s) of ${subject}`),
    );
  },
};

/** Brokers take away what is not there, whatever its name: a slip would go unnoticed. Of loggers they know the names. */
async function checkUnset(
  admin: Admin,
  resource: ConfigResource,
  changes: readonly ConfigChange[],
  subject: string,
): Promise<void> {
  const unset = changes.filter(({ operation }) => operation === 'delete');
  if (unset.length === 0 || resource.type === 'broker-logger') return;
  const [described] = throwFirst(await admin.describeConfigs([resource]));
  const known = new Set(described?.entries.map(({ name }) => name));
  const slip = unset.find(({ name }) => !known.has(name));
  if (slip !== undefined) throw new Error(`${subject} has no config ${slip.name}`);
}
