import { type Command, Option } from 'commander';
import { type AclEntry, aclOperations } from '../../../client/index.js';
import { UsageError } from '../../exit_codes.js';
import { collected } from '../../values.js';

const operations = aclOperations.filter((name) => name !== '' && name !== 'any');

interface AclFlags {
  readonly topic?: readonly string[];
  readonly group?: readonly string[];
  readonly transactionalId?: readonly string[];
  readonly userResource?: readonly string[];
  readonly cluster?: boolean;
  readonly resourcePatternType?: AclEntry['patternType'];
  readonly allowPrincipal?: readonly string[];
  readonly denyPrincipal?: readonly string[];
  readonly allowHost?: readonly string[];
  readonly denyHost?: readonly string[];
  readonly operation?: ReadonlyArray<AclEntry['operation']>;
}

/** The options of kafka-acls; each may be given more than once. */
export function withAclOptions(command: Command, patterns: ReadonlyArray<AclEntry['patternType']>): Command {
  return command
    .option('--topic <name>', 'of this topic; * is every one', collected)
    .option('--group <name>', 'of this group', collected)
    .option('--transactional-id <id>', 'of this transactional id', collected)
    .option('--user-resource <principal>', 'of delegation tokens of this user', collected)
    .option('--cluster', 'of the cluster')
    .addOption(new Option('--resource-pattern-type <type>', 'what a name means').choices(patterns).default(patterns[0]))
    .option('--allow-principal <principal>', 'who may, as in User:alice; User:* is everybody', collected)
    .option('--deny-principal <principal>', 'who may not', collected)
    .option('--allow-host <address>', 'from where', collected)
    .option('--deny-host <address>', 'from where not', collected)
    .addOption(
      new Option('--operation <operation>', `what: ${operations.join(', ')}`).argParser(
        (value: string, earlier: readonly string[] = []) => {
          const name = value.toLowerCase().replaceAll('_', '-');
          if (!operations.some((one) => one === name))
            throw new UsageError(`there is no operation ${value}: take one of ${operations.join(', ')}`);
          return [...earlier, name];
        },
      ),
    );
}

const configs = ['describe-configs', 'alter-configs'] as const;

/** What there is to be allowed of a resource, beside `all`; as kafka-acls, which refuses the rest since it would never be asked for. */
const operationsOf: Readonly<Partial<Record<AclEntry['resourceType'], ReadonlyArray<AclEntry['operation']>>>> = {
  topic: ['read', 'write', 'create', 'describe', 'delete', 'alter', ...configs],
  group: ['read', 'describe', 'delete', ...configs],
  cluster: ['create', 'cluster-action', ...configs, 'idempotent-write', 'alter', 'describe'],
  'transactional-id': ['describe', 'write', 'two-phase-commit'],
  user: ['create-tokens', 'describe-tokens'],
};

/** @throws UsageError */
function refuseOthers({ resourceType, operation }: AclEntry): void {
  const known = operationsOf[resourceType];
  if (known !== undefined && operation !== 'all' && !known.includes(operation))
    throw new UsageError(`nobody is asked for ${operation} of a ${resourceType}: take one of all, ${known.join(', ')}`);
}

type Resource = Pick<AclEntry, 'resourceType' | 'resourceName' | 'patternType'>;

function resourcesOf(flags: AclFlags): Resource[] {
  const patternType = flags.resourcePatternType ?? 'literal';
  const named = (resourceType: AclEntry['resourceType'], names: readonly string[] = []): Resource[] =>
    names.map((resourceName) => ({ resourceType, resourceName, patternType }));
  return [
    ...named('topic', flags.topic),
    ...named('group', flags.group),
    ...named('transactional-id', flags.transactionalId),
    ...named('user', flags.userResource),
    ...(flags.cluster === true
      ? [{ resourceType: 'cluster', resourceName: 'kafka-cluster', patternType: 'literal' } as const]
      : []),
  ];
}

/** Every rule that the options name: resources by principals by hosts by operations. @throws UsageError */
export function rulesOf(command: Command): AclEntry[] {
  const flags = command.opts<AclFlags>();
  const resources = resourcesOf(flags);
  if (resources.length === 0) throw new UsageError('which resource? Name a --topic, a --group, the --cluster, ...');
  const rules = (permission: 'allow' | 'deny', principals: readonly string[] = [], hosts: readonly string[] = ['*']) =>
    principals.flatMap((principal) =>
      hosts.flatMap((host) =>
        (flags.operation ?? ['all' as const]).flatMap((operation) =>
          resources.map((resource): AclEntry => ({ ...resource, principal, host, operation, permission })),
        ),
      ),
    );
  const all = [
    ...rules('allow', flags.allowPrincipal, flags.allowHost),
    ...rules('deny', flags.denyPrincipal, flags.denyHost),
  ];
  if (all.length === 0) throw new UsageError('for whom? Give --allow-principal or --deny-principal');
  for (const rule of all) refuseOthers(rule);
  return all;
}

/** One filter for each combination of what is given; what is not given matches everything. */
export function filtersOf(command: Command): AclEntry[] {
  const flags = command.opts<AclFlags>();
  const any = { resourceType: 'any', resourceName: null, patternType: 'any' } as const;
  const found = resourcesOf(flags);
  const resources = found.length === 0 ? [any] : found;
  const who = [
    ...(flags.allowPrincipal ?? []).map((principal) => ({ principal, permission: 'allow' as const })),
    ...(flags.denyPrincipal ?? []).map((principal) => ({ principal, permission: 'deny' as const })),
  ];
  const hosts = [...(flags.allowHost ?? []), ...(flags.denyHost ?? [])];
  return resources.flatMap((resource) =>
    (who.length === 0 ? [{ principal: null, permission: 'any' as const }] : who).flatMap(({ principal, permission }) =>
      (hosts.length === 0 ? [null] : hosts).flatMap((host) =>
        (flags.operation ?? ['any' as const]).map(
          (operation): AclEntry => ({ ...resource, principal, host, operation, permission }),
        ),
      ),
    ),
  );
}
