import type { AclEntry } from '../../../client/index.js';
import type { CliCommand } from '../../command.js';
import { UsageError } from '../../exit_codes.js';
import { showAcls } from './list.js';
import { filtersOf, withAclOptions } from './options.js';

export interface RemoveAclsOptions {
  readonly filters: readonly AclEntry[];
}

export const removeAcls: CliCommand<RemoveAclsOptions> = {
  name: 'remove',
  define: (command) =>
    withAclOptions(command.alias('rm').description('remove access rules that match'), [
      'literal',
      'prefixed',
      'any',
      'match',
    ]).option('--all', 'remove every rule, when nothing else is named'),
  read: (command) => {
    const filters = filtersOf(command);
    const isEverything = filters.every(({ resourceType, principal }) => resourceType === 'any' && principal === null);
    if (isEverything && command.opts<{ readonly all?: boolean }>().all !== true)
      throw new UsageError('this would remove every rule: name a resource or a principal, or say --all');
    return { filters };
  },
  run: async ({ filters }, { admin, report }) => {
    await showAcls(report, await admin.deleteAcls(filters), 'nothing to remove');
  },
};
