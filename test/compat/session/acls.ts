import type { RequestStep } from './step.js';

export const TYPE = { ANY: 1, TOPIC: 2, GROUP: 3, CLUSTER: 4, TRANSACTIONAL_ID: 5, TOKEN: 6, USER: 7 } as const;
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
} as const;
export const PERMISSION = { ANY: 1, DENY: 2, ALLOW: 3 } as const;

export interface Rule {
  readonly type?: number;
  readonly name?: string | null;
  readonly pattern?: number;
  readonly principal?: string | null;
  readonly host?: string | null;
  readonly operation?: number;
  readonly permission?: number;
}

export const createAcls = (name: string, version: number, rules: readonly Rule[]): RequestStep => ({
  name: `acls: create ${name}`,
  api: 'CreateAcls',
  version,
  body: {
    creations: rules.map((rule) => ({
      resourceType: rule.type ?? TYPE.TOPIC,
      resourceName: rule.name ?? 'a-topic',
      resourcePatternType: rule.pattern ?? PATTERN.LITERAL,
      principal: rule.principal ?? 'User:alice',
      host: rule.host ?? '*',
      operation: rule.operation ?? OPERATION.READ,
      permissionType: rule.permission ?? PERMISSION.ALLOW,
    })),
  },
});
const filterOf = (rule: Rule) => ({
  resourceTypeFilter: rule.type ?? TYPE.ANY,
  resourceNameFilter: rule.name ?? null,
  patternTypeFilter: rule.pattern ?? PATTERN.ANY,
  principalFilter: rule.principal ?? null,
  hostFilter: rule.host ?? null,
  operation: rule.operation ?? OPERATION.ANY,
  permissionType: rule.permission ?? PERMISSION.ANY,
});
export const describeAcls = (name: string, version: number, rule: Rule): RequestStep => ({
  name: `acls: describe ${name}`,
  api: 'DescribeAcls',
  version,
  body: filterOf(rule),
});
export const deleteAcls = (name: string, version: number, rules: readonly Rule[]): RequestStep => ({
  name: `acls: delete ${name}`,
  api: 'DeleteAcls',
  version,
  body: { filters: rules.map(filterOf) },
});

/** Where no authorizer is configured. */
export const noAcls: readonly RequestStep[] = [1, 2, 3].flatMap((version) => [
  describeAcls(`disabled v${version}`, version, {}),
  createAcls(`disabled v${version}`, version, [{}, { name: 'other' }]),
  deleteAcls(`disabled v${version}`, version, [{}]),
]);
