import { adminCalls } from '../admin_calls.js';
import type { ClusterClient } from '../cluster_client.js';
import { throwIfError } from '../errors.js';
import { type Outcome, protocolErrorOf } from './outcome.js';

// By the number in the protocol; 0 is unknown.
export const aclResourceTypes = [
  '',
  'any',
  'topic',
  'group',
  'cluster',
  'transactional-id',
  'delegation-token',
  'user',
] as const;
export const aclPatternTypes = ['', 'any', 'match', 'literal', 'prefixed'] as const;
export const aclOperations = [
  '',
  'any',
  'all',
  'read',
  'write',
  'create',
  'delete',
  'alter',
  'describe',
  'cluster-action',
  'describe-configs',
  'alter-configs',
  'idempotent-write',
  'create-tokens',
  'describe-tokens',
  'two-phase-commit',
] as const;
export const aclPermissions = ['', 'any', 'deny', 'allow'] as const;

/** An access rule, or a filter with `any` and null for what does not matter. */
export interface AclEntry {
  readonly resourceType: (typeof aclResourceTypes)[number];
  readonly resourceName: string | null;
  readonly patternType: (typeof aclPatternTypes)[number];
  readonly principal: string | null;
  readonly host: string | null;
  readonly operation: (typeof aclOperations)[number];
  readonly permission: (typeof aclPermissions)[number];
}

const filterOf = (entry: AclEntry) => ({
  resourceTypeFilter: aclResourceTypes.indexOf(entry.resourceType),
  resourceNameFilter: entry.resourceName,
  patternTypeFilter: aclPatternTypes.indexOf(entry.patternType),
  principalFilter: entry.principal,
  hostFilter: entry.host,
  operation: aclOperations.indexOf(entry.operation),
  permissionType: aclPermissions.indexOf(entry.permission),
});

interface WireAcl {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly patternType: number;
  readonly principal: string;
  readonly host: string;
  readonly operation: number;
  readonly permissionType: number;
}

const entryOf = (acl: WireAcl): AclEntry => ({
  resourceType: aclResourceTypes[acl.resourceType] ?? '',
  resourceName: acl.resourceName,
  patternType: aclPatternTypes[acl.patternType] ?? '',
  principal: acl.principal,
  host: acl.host,
  operation: aclOperations[acl.operation] ?? '',
  permission: aclPermissions[acl.permissionType] ?? '',
});

export async function describeAcls(cluster: ClusterClient, filter: AclEntry): Promise<readonly AclEntry[]> {
  const { response } = await cluster.retry('describing access rules', () =>
    cluster.sendAny(adminCalls.describeAcls, filterOf(filter)),
  );
  throwIfError(response.errorCode, 'access rules', response.errorMessage);
  return response.resources.flatMap(({ acls, ...resource }) => acls.map((acl) => entryOf({ ...resource, ...acl })));
}

export async function createAcls(cluster: ClusterClient, entries: readonly AclEntry[]): Promise<readonly Outcome[]> {
  const { response } = await cluster.retry('adding access rules', () =>
    cluster.sendAny(adminCalls.createAcls, {
      creations: entries.map((entry) => ({
        resourceType: aclResourceTypes.indexOf(entry.resourceType),
        resourceName: entry.resourceName ?? '',
        resourcePatternType: aclPatternTypes.indexOf(entry.patternType),
        principal: entry.principal ?? '',
        host: entry.host ?? '*',
        operation: aclOperations.indexOf(entry.operation),
        permissionType: aclPermissions.indexOf(entry.permission),
      })),
    }),
  );
  return response.results.map(({ errorCode, errorMessage }, index) => {
    const entry = entries[index];
    const name = entry === undefined ? '' : aclText(entry);
    return { name, error: protocolErrorOf(errorCode, name, errorMessage) };
  });
}

/** What the filters matched, and is gone. @throws ProtocolError when one of them could not be carried out */
export async function deleteAcls(cluster: ClusterClient, filters: readonly AclEntry[]): Promise<readonly AclEntry[]> {
  const { response } = await cluster.retry('removing access rules', () =>
    cluster.sendAny(adminCalls.deleteAcls, { filters: filters.map(filterOf) }),
  );
  return response.filterResults.flatMap(({ errorCode, errorMessage, matchingAcls }) => {
    throwIfError(errorCode, 'access rules', errorMessage);
    return matchingAcls.map(entryOf);
  });
}

export function aclText(entry: AclEntry): string {
  const pattern = entry.patternType === 'prefixed' ? ' (prefixed)' : '';
  return `${entry.permission} ${entry.principal ?? 'anybody'} from ${entry.host ?? 'anywhere'} to ${entry.operation} ${entry.resourceType} ${entry.resourceName ?? '*'}${pattern}`;
}
