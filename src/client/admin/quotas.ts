import { adminCalls } from '../admin_calls.js';
import type { ClusterClient } from '../cluster_client.js';
import { throwIfError } from '../errors.js';
import { type Outcome, protocolErrorOf } from './outcome.js';

export type QuotaEntityType = 'user' | 'client-id' | 'ip';

/** Whom a quota is for; null is the default of its type. */
export type QuotaEntity = ReadonlyMap<QuotaEntityType | string, string | null>;

export interface ClientQuota {
  readonly entity: QuotaEntity;
  readonly values: ReadonlyMap<string, number>;
}

/** A filter of a type: a name, null for the default, or any. */
export type QuotaFilter = ReadonlyMap<QuotaEntityType, string | null | 'any-name'>;

const EXACT = 0;
const DEFAULT = 1;
const ANY = 2;

export async function describeClientQuotas(
  cluster: ClusterClient,
  filter: QuotaFilter,
  isStrict: boolean,
): Promise<readonly ClientQuota[]> {
  const { response } = await cluster.retry('describing quotas', () =>
    cluster.sendAny(adminCalls.describeClientQuotas, {
      components: [...filter].map(([entityType, name]) => ({
        entityType,
        matchType: name === null ? DEFAULT : name === 'any-name' ? ANY : EXACT,
        match: name === 'any-name' ? null : name,
      })),
      strict: isStrict,
    }),
  );
  throwIfError(response.errorCode, 'quotas', response.errorMessage);
  return (response.entries ?? []).map(({ entity, values }) => ({
    entity: new Map(entity.map(({ entityType, entityName }) => [entityType, entityName])),
    values: new Map(values.map(({ key, value }) => [key, value])),
  }));
}

/** `value` null takes the quota away. */
export interface QuotaChange {
  readonly key: string;
  readonly value: number | null;
}

export async function alterClientQuotas(
  cluster: ClusterClient,
  entity: QuotaEntity,
  changes: readonly QuotaChange[],
  options: { readonly validateOnly?: boolean } = {},
): Promise<Outcome> {
  const { response } = await cluster.retry('changing quotas', () =>
    cluster.sendAny(adminCalls.alterClientQuotas, {
      entries: [
        {
          entity: [...entity].map(([entityType, entityName]) => ({ entityType, entityName })),
          ops: changes.map(({ key, value }) => ({ key, value: value ?? 0, remove: value === null })),
        },
      ],
      validateOnly: options.validateOnly ?? false,
    }),
  );
  const [entry] = response.entries;
  const name = quotaEntityText(entity);
  return { name, error: protocolErrorOf(entry?.errorCode ?? 0, `quotas of ${name}`, entry?.errorMessage ?? null) };
}

export function quotaEntityText(entity: QuotaEntity): string {
  return [...entity].map(([type, name]) => (name === null ? `default ${type}` : `${type} ${name}`)).join(', ');
}
