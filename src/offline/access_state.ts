import { createHash } from 'node:crypto';
import { uuidFromBytes } from '../common/ids.js';
import { initialFeatures, supportedFeatures } from '../metadata/features.js';
import type { Acl, ClientQuotaImage, QuotaEntity, ScramCredential } from '../metadata/image.js';
import { keys } from '../metadata/keys.js';
import { type AclValue, aclSection, aclValue, keyOfAcl, quotaSection, scramSection } from '../metadata/sections.js';
import type { MetadataEntry, MetadataOp } from '../metadata/store.js';
import type { AnyMessage } from '../protocol/message.js';
import { FeatureLevelRecord } from '../protocol/records/metadata_cluster.js';
import * as records from '../protocol/records/metadata_topics.js';

/** Who may do what, with which password, how fast, and the levels of features: what the metadata says beside topics and configs. */
export interface AccessState {
  /** By Kafka's id of the rule. */
  readonly acls: Map<string, Acl>;
  /** By user, then by mechanism. */
  readonly scramUsers: Map<string, Map<number, ScramCredential>>;
  /** By their place in Millrace's store. */
  readonly quotas: Map<string, { readonly entity: QuotaEntity; readonly values: Map<string, number> }>;
  /** By id. What makes one of them a password is no part of the metadata: `delegation.token.secret.key`. */
  readonly delegationTokens: Map<string, DelegationToken>;
  /** Empty: nobody has said. */
  readonly features: Map<string, number>;
}

type DelegationToken = records.DelegationTokenRecord;

export function noAccess(): AccessState {
  return {
    acls: new Map(),
    scramUsers: new Map(),
    quotas: new Map(),
    delegationTokens: new Map(),
    features: new Map(),
  };
}

/** Takes in a record of KRaft's metadata log. False: it is of another kind. */
export function applyAccessRecord(state: AccessState, name: string, value: unknown): boolean {
  switch (name) {
    case 'AccessControlEntryRecord': {
      const { id, ...acl } = value as records.AccessControlEntryRecord;
      state.acls.set(id, acl);
      return true;
    }
    case 'RemoveAccessControlEntryRecord':
      state.acls.delete((value as records.RemoveAccessControlEntryRecord).id);
      return true;
    case 'UserScramCredentialRecord': {
      const { name: user, mechanism, ...credential } = value as records.UserScramCredentialRecord;
      const of = state.scramUsers.get(user) ?? new Map<number, ScramCredential>();
      state.scramUsers.set(user, of.set(mechanism, inBase64(credential)));
      return true;
    }
    case 'RemoveUserScramCredentialRecord': {
      const { name: user, mechanism } = value as records.RemoveUserScramCredentialRecord;
      state.scramUsers.get(user)?.delete(mechanism);
      return true;
    }
    case 'DelegationTokenRecord': {
      const token = value as DelegationToken;
      state.delegationTokens.set(token.tokenId, token);
      return true;
    }
    case 'RemoveDelegationTokenRecord':
      state.delegationTokens.delete((value as records.RemoveDelegationTokenRecord).tokenId);
      return true;
    case 'ClientQuotaRecord':
      applyQuota(state, value as records.ClientQuotaRecord);
      return true;
    case 'FeatureLevelRecord': {
      const { name: feature, featureLevel } = value as FeatureLevelRecord;
      state.features.set(feature, featureLevel);
      return true;
    }
    default:
      return false;
  }
}

function applyQuota(state: AccessState, record: records.ClientQuotaRecord): void {
  const entity: QuotaEntity = Object.fromEntries(
    record.entity.map(({ entityType, entityName }) => [entityType, entityName]),
  );
  const key = keys.clientQuota(entity);
  const quota = state.quotas.get(key) ?? { entity, values: new Map<string, number>() };
  state.quotas.set(key, quota);
  if (record.remove) quota.values.delete(record.key);
  else quota.values.set(record.key, record.value);
}

function inBase64({
  iterations,
  ...bytes
}: Pick<records.UserScramCredentialRecord, 'iterations' | 'salt' | 'storedKey' | 'serverKey'>): ScramCredential {
  const text = (value: Uint8Array) => Buffer.from(value).toString('base64');
  return { iterations, salt: text(bytes.salt), storedKey: text(bytes.storedKey), serverKey: text(bytes.serverKey) };
}

/** What writes it into a new store of Millrace, one transaction each. */
export function accessOps(state: AccessState): MetadataOp[] {
  const lists = new Map<string, AclValue>();
  for (const acl of state.acls.values()) {
    const key = keyOfAcl(acl);
    lists.set(key, [...(lists.get(key) ?? []), aclValue(acl)]);
  }
  const put = (key: string, value: unknown): MetadataOp => ({ put: key, value: JSON.stringify(value) });
  const ops = [...lists].map(([key, list]) => put(key, list));
  for (const [user, credentials] of state.scramUsers)
    if (credentials.size > 0) ops.push(put(keys.scramUser(user), Object.fromEntries(credentials)));
  for (const [key, { values }] of state.quotas)
    if (values.size > 0) ops.push(put(key, Object.fromEntries([...values].map(([name, one]) => [name, String(one)]))));
  for (const [tokenId, token] of state.delegationTokens) ops.push(put(keys.delegationToken(tokenId), token));
  const features = offeredFeatures(state.features);
  return features === undefined ? ops : [...ops, put(keys.features, Object.fromEntries(features))];
}

/** Of the levels that Millrace offers; undefined when they are those of a new cluster. */
function offeredFeatures(levels: ReadonlyMap<string, number>): ReadonlyMap<string, number> | undefined {
  if (levels.size === 0) return undefined;
  const offered = new Map<string, number>();
  for (const [name, { max }] of supportedFeatures) {
    const level = Math.min(levels.get(name) ?? 0, max);
    if (level > 0) offered.set(name, level);
  }
  const isNew = offered.size === initialFeatures.size && [...offered].every(([n, l]) => initialFeatures.get(n) === l);
  return isNew ? undefined : offered;
}

/** What a store of Millrace says. */
export function accessOf(entries: readonly MetadataEntry[]): AccessState {
  const below = (prefix: string) => entries.filter(({ key }) => key.startsWith(prefix));
  const acls = aclSection().of(below(keys.acls));
  const quotas = quotaSection().of(below(keys.clientQuotas));
  const users = scramSection().of(below(keys.scramUsers));
  const tokens = below(keys.delegationTokens).map(({ value }) => JSON.parse(value) as DelegationToken);
  const features = entries.find(({ key }) => key === keys.features)?.value ?? '{}';
  return {
    acls: new Map(acls.map((acl) => [idOf(acl), acl])),
    scramUsers: new Map([...users].map(([user, credentials]) => [user, new Map(credentials)])),
    quotas: new Map(
      quotas.map(({ entity, values }: ClientQuotaImage) => [
        keys.clientQuota(entity),
        { entity, values: new Map(values) },
      ]),
    ),
    delegationTokens: new Map(tokens.map((token) => [token.tokenId, token])),
    features: new Map(Object.entries(JSON.parse(features) as Readonly<Record<string, number>>)),
  };
}

/** Rules have no id here: one that the same rule always gets. */
function idOf(acl: Acl): string {
  const bytes = createHash('sha256')
    .update(JSON.stringify([keyOfAcl(acl), aclValue(acl)]))
    .digest();
  return uuidFromBytes(bytes.subarray(0, 16));
}

/** The same as records of KRaft's metadata log. `usual`: levels of features that nobody has said anything of. */
export function* accessRecords(
  state: AccessState,
  usual: ReadonlyArray<readonly [name: string, featureLevel: number]>,
): Generator<readonly [message: AnyMessage, value: object]> {
  for (const [name, level] of usual) {
    const said = state.features.size > 0 && supportedFeatures.get(name)?.max !== 0;
    const featureLevel = said ? (state.features.get(name) ?? 0) : level;
    if (featureLevel > 0) yield [FeatureLevelRecord, { name, featureLevel }];
  }
  for (const [id, acl] of state.acls) yield [records.AccessControlEntryRecord, { id, ...acl }];
  for (const [name, credentials] of state.scramUsers)
    for (const [mechanism, { iterations, ...texts }] of credentials) {
      const bytes = Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, Buffer.from(text, 'base64')]));
      yield [records.UserScramCredentialRecord, { name, mechanism, iterations, ...bytes }];
    }
  for (const { entity, values } of state.quotas.values())
    for (const [key, value] of values) {
      const parts = (Object.entries(entity) as Array<[string, string | null]>).map(([entityType, entityName]) => ({
        entityType,
        entityName,
      }));
      yield [records.ClientQuotaRecord, { entity: parts, key, value, remove: false }];
    }
  for (const token of state.delegationTokens.values()) yield [records.DelegationTokenRecord, token];
}
