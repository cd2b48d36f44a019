import type { AclEntry } from '../../../client/index.js';
import type { CliCommand } from '../../command.js';
import type { Report } from '../../report.js';
import { filtersOf, withAclOptions } from './options.js';

export interface ListAclsOptions {
  readonly filters: readonly AclEntry[];
}

export const listAcls: CliCommand<ListAclsOptions> = {
  name: 'list',
  define: (command) =>
    withAclOptions(command.description('show access rules; all when nothing is named'), [
      'any',
      'match',
      'literal',
      'prefixed',
    ]),
  read: (command) => ({ filters: filtersOf(command) }),
  run: async ({ filters }, { admin, report }) => {
    const found: AclEntry[] = [];
    for (const filter of filters) found.push(...(await admin.describeAcls(filter)));
    await showAcls(report, found, 'no access rules');
  },
};

export async function showAcls(report: Report, acls: readonly AclEntry[], none: string): Promise<void> {
  await report.result(acls, async () => {
    if (acls.length === 0) await report.line(none);
    else
      await report.table(
        ['RESOURCE', 'NAME', 'PATTERN', 'PRINCIPAL', 'HOST', 'OPERATION', 'PERMISSION'],
        acls.map((acl) => [
          acl.resourceType,
          acl.resourceName,
          acl.patternType,
          acl.principal,
          acl.host,
          acl.operation,
          acl.permission,
        ]),
      );
  });
}
