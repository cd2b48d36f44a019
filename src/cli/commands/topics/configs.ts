import type { CliCommand } from '../../command.js';
import { type ShowConfigsOptions, showConfigs } from '../../config_report.js';

export const topicConfigs: CliCommand<ShowConfigsOptions> = {
  name: 'configs',
  define: (command) =>
    command
      .description('show the configs of a topic')
      .argument('<topic>', 'its name')
      .argument('[config...]', 'only these')
      .option('--changed', 'only those that were set on it'),
  read: (command) => {
    const [name = '', ...names] = command.args;
    const changedOnly = command.opts<{ readonly changed?: boolean }>().changed ?? false;
    return { resource: { type: 'topic', name }, names, changedOnly };
  },
  run: showConfigs,
};
