import { Argument } from 'commander';
import type { ConfigResourceType } from '../../../client/index.js';
import type { CliCommand } from '../../command.js';
import { configTypes } from './resource.js';

export interface ListConfigsOptions {
  readonly types: readonly ConfigResourceType[];
}

export const listConfigs: CliCommand<ListConfigsOptions> = {
  name: 'list',
  define: (command) =>
    command
      .description('list what has configs; subscriptions to client metrics and groups once something is set')
      .addArgument(new Argument('[type...]', 'only these').choices(configTypes)),
  read: (command) => ({
    types: configTypes.filter((type) => command.args.length === 0 || command.args.includes(type)),
  }),
  run: async ({ types }, { admin, report }) => {
    const resources = await admin.listConfigResources(types);
    await report.result(resources, () =>
      report.table(
        ['TYPE', 'NAME'],
        resources.map(({ type, name }) => [type, name]),
      ),
    );
  },
};
