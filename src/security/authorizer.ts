import type { Acl } from '../metadata/image.js';
import { ANY_USER, OPERATION, type Operation, PATTERN, PERMISSION, type ResourceType, WILDCARD } from './acls.js';

/** Who asks, from where. */
export interface Caller {
  readonly principal: string;
  /** Without port. */
  readonly clientAddress: string;
}

interface OfType {
  readonly literal: ReadonlyMap<string, readonly Acl[]>;
  readonly prefixed: readonly Acl[];
}

const impliesDescribe: ReadonlySet<number> = new Set([
  OPERATION.READ,
  OPERATION.WRITE,
  OPERATION.DELETE,
  OPERATION.ALTER,
]);

/**
 * Kafka's StandardAuthorizer: super users may do everything; a rule that denies wins over those that allow; where no rule is about a
 * resource, `allowsUnnamed` decides (`allow.everyone.if.no.acl.found`), otherwise what no rule allows is denied.
 */
export class StandardAuthorizer {
  private byType: ReadonlyMap<number, OfType> = new Map();
  private loaded: readonly Acl[] | undefined;

  constructor(
    private readonly superUsers: ReadonlySet<string>,
    private readonly allowsUnnamed: boolean,
  ) {}

  /** Cost: the number of rules, when they are others than the last time. */
  load(acls: readonly Acl[]): void {
    if (acls === this.loaded) return;
    this.loaded = acls;
    const types = new Map<number, { literal: Map<string, Acl[]>; prefixed: Acl[] }>();
    for (const acl of acls) {
      const of = types.get(acl.resourceType) ?? { literal: new Map<string, Acl[]>(), prefixed: [] };
      types.set(acl.resourceType, of);
      if (acl.patternType === PATTERN.PREFIXED) of.prefixed.push(acl);
      else of.literal.set(acl.resourceName, [...(of.literal.get(acl.resourceName) ?? []), acl]);
    }
    this.byType = types;
  }

  /** Cost: the rules of the name, of `*`, and all prefixed ones of the type. */
  allows(caller: Caller, operation: Operation, type: ResourceType, name: string): boolean {
    if (this.superUsers.has(caller.principal)) return true;
    const found = this.rulesFor(type, name);
    if (found.length === 0) return this.allowsUnnamed;
    const mine = found.filter((acl) => isAbout(acl, caller));
    if (mine.some((acl) => acl.permissionType === PERMISSION.DENY && covers(acl.operation, operation))) return false;
    return mine.some((acl) => acl.permissionType === PERMISSION.ALLOW && grants(acl.operation, operation));
  }

  /** Whether there could be a resource of the type on which the caller may do it. */
  allowsSome(caller: Caller, operation: Operation, type: ResourceType): boolean {
    if (this.superUsers.has(caller.principal) || this.allowsUnnamed) return !this.deniesAll(caller, operation, type);
    if (this.deniesAll(caller, operation, type)) return false;
    return this.rulesOf(type).some(
      (acl) =>
        acl.permissionType === PERMISSION.ALLOW &&
        isAbout(acl, caller) &&
        grants(acl.operation, operation) &&
        !this.deniesPattern(caller, operation, type, acl),
    );
  }

  private deniesAll(caller: Caller, operation: Operation, type: ResourceType): boolean {
    if (this.superUsers.has(caller.principal)) return false;
    return (this.byType.get(type)?.literal.get(WILDCARD) ?? []).some((acl) => this.denies(acl, caller, operation));
  }

  /** Whether what `pattern` allows is denied as a whole. */
  private deniesPattern(caller: Caller, operation: Operation, type: ResourceType, pattern: Acl): boolean {
    if (pattern.resourceName === WILDCARD && pattern.patternType === PATTERN.LITERAL) return false;
    return this.rulesOf(type).some(
      (acl) =>
        this.denies(acl, caller, operation) &&
        (acl.patternType === PATTERN.PREFIXED
          ? pattern.resourceName.startsWith(acl.resourceName)
          : pattern.patternType === PATTERN.LITERAL && acl.resourceName === pattern.resourceName),
    );
  }

  private denies(acl: Acl, caller: Caller, operation: Operation): boolean {
    return acl.permissionType === PERMISSION.DENY && isAbout(acl, caller) && covers(acl.operation, operation);
  }

  private rulesFor(type: ResourceType, name: string): readonly Acl[] {
    const of = this.byType.get(type);
    if (of === undefined) return [];
    const wild = name === WILDCARD ? [] : (of.literal.get(WILDCARD) ?? []);
    return [
      ...(of.literal.get(name) ?? []),
      ...wild,
      ...of.prefixed.filter(({ resourceName }) => name.startsWith(resourceName)),
    ];
  }

  private rulesOf(type: ResourceType): readonly Acl[] {
    const of = this.byType.get(type);
    return of === undefined ? [] : [...[...of.literal.values()].flat(), ...of.prefixed];
  }
}

function isAbout(acl: Acl, { principal, clientAddress }: Caller): boolean {
  return (
    (acl.principal === principal || acl.principal === ANY_USER) && (acl.host === WILDCARD || acl.host === clientAddress)
  );
}

function covers(ruled: number, asked: Operation): boolean {
  return ruled === OPERATION.ALL || ruled === asked;
}

/** What is allowed carries lesser things along; what is denied does not. */
function grants(ruled: number, asked: Operation): boolean {
  if (covers(ruled, asked)) return true;
  if (asked === OPERATION.DESCRIBE) return impliesDescribe.has(ruled);
  return asked === OPERATION.DESCRIBE_CONFIGS && ruled === OPERATION.ALTER_CONFIGS;
}
