import type { Acl, ClientQuotaImage, QuotaEntity, ScramCredential } from './image.js';
import { type ConfigValueMap, keys } from './keys.js';
import type { MetadataEntry } from './store.js';

/**
 * What lies below one prefix of the store, read anew only when something there changed: as long as it is the same object, nothing did.
 */
export class Section<T> {
  private seen = '';
  private value: T | undefined;

  constructor(
    readonly prefix: string,
    private readonly read: (entries: readonly MetadataEntry[]) => T,
  ) {}

  /** `entries`: all of the section, and no others. */
  of(entries: readonly MetadataEntry[]): T {
    // Puts raise the largest revision, deletions change the count.
    const seen = `${entries.reduce((max, entry) => Math.max(max, entry.modRevision), 0)}/${entries.length}`;
    if (this.value === undefined || seen !== this.seen) {
      this.value = this.read(entries);
      this.seen = seen;
    }
    return this.value;
  }
}

export function parseConfigs(entry: MetadataEntry): ReadonlyMap<string, string> {
  return new Map(Object.entries(JSON.parse(entry.value) as ConfigValueMap));
}

const fromBase64 = (text: string): string => Buffer.from(text, 'base64url').toString();

/** Configs by the name of what they are of; `nameOf` makes it of the rest of the key. */
export function configsBelow(
  prefix: string,
  nameOf: (rest: string) => string = fromBase64,
): Section<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  return new Section(
    prefix,
    (entries) => new Map(entries.map((entry) => [nameOf(entry.key.slice(prefix.length)), parseConfigs(entry)])),
  );
}

export const quotaSection = () =>
  new Section(keys.clientQuotas, (entries): readonly ClientQuotaImage[] =>
    entries.map(({ key, value }) => ({
      entity: quotaEntityOf(key.slice(keys.clientQuotas.length)),
      values: new Map(
        Object.entries(JSON.parse(value) as ConfigValueMap).map(([name, text]) => [name, Number(text)] as const),
      ),
    })),
  );

function quotaEntityOf(rest: string): QuotaEntity {
  return Object.fromEntries(
    rest.split('/').map((segment) => {
      const dot = segment.indexOf('.');
      return dot < 0 ? [segment, null] : [segment.slice(0, dot), fromBase64(segment.slice(dot + 1))];
    }),
  );
}

/** Value of `/acls/<type>/<pattern>/<name>`. */
export type AclValue = ReadonlyArray<{
  readonly p: string;
  readonly h: string;
  readonly o: number;
  readonly t: number;
}>;

/** Rules of one resource pattern lie together. */
export function keyOfAcl({ resourceType, patternType, resourceName }: Acl): string {
  return keys.acl(resourceType, patternType, resourceName);
}

export const aclValue = ({ principal, host, operation, permissionType }: Acl): AclValue[number] => ({
  p: principal,
  h: host,
  o: operation,
  t: permissionType,
});

export const aclSection = () =>
  new Section(keys.acls, (entries): readonly Acl[] =>
    entries.flatMap(({ key, value }) => {
      const [type, pattern, name = ''] = key.slice(keys.acls.length).split('/');
      return (JSON.parse(value) as AclValue).map(({ p, h, o, t }) => ({
        resourceType: Number(type),
        patternType: Number(pattern),
        resourceName: fromBase64(name),
        principal: p,
        host: h,
        operation: o,
        permissionType: t,
      }));
    }),
  );

export const scramSection = () =>
  new Section(
    keys.scramUsers,
    (entries): ReadonlyMap<string, ReadonlyMap<number, ScramCredential>> =>
      new Map(entries.map(({ key, value }) => [fromBase64(key.slice(keys.scramUsers.length)), parseScram(value)])),
  );

/** Value of `/scram/<user>`: credentials by the number of their mechanism. */
export function parseScram(value: string): Map<number, ScramCredential> {
  return new Map(
    Object.entries(JSON.parse(value) as Readonly<Record<string, ScramCredential>>).map(([mechanism, credential]) => [
      Number(mechanism),
      credential,
    ]),
  );
}
