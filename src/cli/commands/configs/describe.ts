import type { CliCommand } from '../../command.js';
import { type ShowConfigsOptions, showConfigs } from '../../config_report.js';
import { nameHelp, resourceOf, typeArgument } from './resource.js';

export const describeConfigs: CliCommand<ShowConfigsOptions> = {
  name: 'describe',
  define: (command) =>
    command
      .description('show configs')
      .addArgument(typeArgument())
      .argument('<name>', nameHelp)
      .argument('[config...]', 'only these')
      .option('--changed', 'only those that were set on it'),
  read: (command) => {
    const [type, name, ...names] = command.args;
    const changedOnly = command.opts<{ readonly changed?: boolean }>().changed ?? false;
    return { resource: resourceOf(type, name), names, changedOnly };
  },
  run: showConfigs,
};
