import type { Acl } from '../metadata/image.js';

// Numbers of the protocol (CreateAcls, DescribeAcls).

export const RESOURCE = {
  ANY: 1,
  TOPIC: 2,
  GROUP: 3,
  CLUSTER: 4,
  TRANSACTIONAL_ID: 5,
  DELEGATION_TOKEN: 6,
  USER: 7,
} as const;
export type ResourceType = (typeof RESOURCE)[keyof typeof RESOURCE];

export const PATTERN = { ANY: 1, MATCH: 2, LITERAL: 3, PREFIXED: 4 } as const;

export const OPERATION = {
  ANY: 1,
  ALL: 2,
  READ: 3,
  WRITE: 4,
  CREATE: 5,
  DELETE: 6,
  ALTER: 7,
  DESCRIBE: 8,
  CLUSTER_ACTION: 9,
  DESCRIBE_CONFIGS: 10,
  ALTER_CONFIGS: 11,
  IDEMPOTENT_WRITE: 12,
  CREATE_TOKENS: 13,
  DESCRIBE_TOKENS: 14,
  TWO_PHASE_COMMIT: 15,
} as const;
export type Operation = (typeof OPERATION)[keyof typeof OPERATION];

export const PERMISSION = { ANY: 1, DENY: 2, ALLOW: 3 } as const;

export const WILDCARD = '*';
export const ANY_USER = 'User:*';
export const CLUSTER_NAME = 'kafka-cluster';

/** Null fields and ANY match everything. */
export interface AclFilter {
  readonly resourceType: number;
  readonly resourceName: string | null;
  readonly patternType: number;
  readonly principal: string | null;
  readonly host: string | null;
  readonly operation: number;
  readonly permissionType: number;
}

const isKnown = (values: Readonly<Record<string, number>>, value: number): boolean =>
  Object.values(values).includes(value);

/** Undefined: the filter is one. Otherwise what is wrong. */
export function wrongFilter(filter: AclFilter): string | undefined {
  if (!isKnown(RESOURCE, filter.resourceType)) return `Unknown resource type ${filter.resourceType}`;
  if (!isKnown(PATTERN, filter.patternType)) return `Unknown pattern type ${filter.patternType}`;
  if (!isKnown(OPERATION, filter.operation)) return `Unknown operation ${filter.operation}`;
  return isKnown(PERMISSION, filter.permissionType) ? undefined : `Unknown permission ${filter.permissionType}`;
}

/** What is wrong with a rule that is to be added, in Kafka's words where it has any. */
export function wrongAcl(acl: Acl): string | undefined {
  const wrong = wrongFilter(acl);
  if (wrong !== undefined) return wrong;
  if (acl.resourceType === RESOURCE.CLUSTER && acl.resourceName !== CLUSTER_NAME)
    return `The only valid name for the CLUSTER resource is ${CLUSTER_NAME}`;
  if (acl.resourceName === '') return 'Invalid empty resource name';
  if (acl.resourceType === RESOURCE.ANY) return 'Invalid resourceType ANY';
  if (acl.patternType === PATTERN.ANY || acl.patternType === PATTERN.MATCH) return 'A rule is literal or prefixed';
  if (acl.operation === OPERATION.ANY) return 'Invalid operation ANY';
  if (acl.permissionType === PERMISSION.ANY) return 'Invalid permissionType ANY';
  return acl.principal.includes(':')
    ? undefined
    : `Could not parse principal from \`${acl.principal}\` (no colon is present separating the principal type from the principal name)`;
}

export function matchesAcl(filter: AclFilter, acl: Acl): boolean {
  return (
    (filter.resourceType === RESOURCE.ANY || filter.resourceType === acl.resourceType) &&
    matchesName(filter, acl) &&
    (filter.principal === null || filter.principal === acl.principal) &&
    (filter.host === null || filter.host === acl.host) &&
    (filter.operation === OPERATION.ANY || filter.operation === acl.operation) &&
    (filter.permissionType === PERMISSION.ANY || filter.permissionType === acl.permissionType)
  );
}

function matchesName({ resourceName, patternType }: AclFilter, acl: Acl): boolean {
  const open = patternType === PATTERN.ANY || patternType === PATTERN.MATCH;
  if (!open && patternType !== acl.patternType) return false;
  if (resourceName === null) return true;
  if (patternType !== PATTERN.MATCH) return resourceName === acl.resourceName;
  return acl.patternType === PATTERN.PREFIXED
    ? resourceName.startsWith(acl.resourceName)
    : acl.resourceName === resourceName || acl.resourceName === WILDCARD;
}
