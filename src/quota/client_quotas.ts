import type { ClientQuotaImage } from '../metadata/image.js';
import type { QuotaKey } from './quota_keys.js';

/** A limit and whose: those with the same `owner` share it. */
export interface QuotaLimit {
  readonly limit: number;
  readonly owner: string;
}

type Limits = ReadonlyMap<QuotaKey | string, number>;

/**
 * The quotas of users and clients, looked up in Kafka's order: the user with the client, with any client, the user; then the same for any
 * user; then the client, any client. A quota for a user is shared by its clients, one for a client by its users, one for a default is each
 * one's own.
 */
export class ClientQuotas {
  private readonly byEntity = new Map<string, Limits>();
  private readonly found = new Map<string, QuotaLimit | undefined>();
  readonly keys: ReadonlySet<string>;

  constructor(quotas: readonly ClientQuotaImage[]) {
    const keys = new Set<string>();
    for (const { entity, values } of quotas) {
      if (entity.ip !== undefined) continue;
      this.byEntity.set(nameOf(entity.user, entity['client-id']), values);
      for (const key of values.keys()) keys.add(key);
    }
    this.keys = keys;
  }

  limit(key: QuotaKey, user: string, clientId: string): QuotaLimit | undefined {
    const cacheKey = `${key}\n${user}\n${clientId}`;
    if (this.found.has(cacheKey)) return this.found.get(cacheKey);
    const limit = this.search(key, user, clientId);
    if (this.found.size >= maxCached) this.found.clear();
    this.found.set(cacheKey, limit);
    return limit;
  }

  private search(key: QuotaKey, user: string, clientId: string): QuotaLimit | undefined {
    const both = nameOf(user, clientId);
    const levels: ReadonlyArray<readonly [entity: string, owner: string]> = [
      [both, both],
      [nameOf(user, null), both],
      [nameOf(user, undefined), nameOf(user, undefined)],
      [nameOf(null, clientId), both],
      [nameOf(null, null), both],
      [nameOf(null, undefined), nameOf(user, undefined)],
      [nameOf(undefined, clientId), nameOf(undefined, clientId)],
      [nameOf(undefined, null), nameOf(undefined, clientId)],
    ];
    for (const [entity, owner] of levels) {
      const limit = this.byEntity.get(entity)?.get(key);
      // NaN compares with nothing: no limit.
      if (limit !== undefined) return Number.isNaN(limit) ? undefined : { limit, owner };
    }
    return undefined;
  }
}

/** Names come from clients: their number has no bound of its own. */
const maxCached = 10_000;

function nameOf(user: string | null | undefined, clientId: string | null | undefined): string {
  const part = (name: string | null | undefined): string =>
    name === undefined ? '-' : name === null ? '*' : JSON.stringify(name);
  return `${part(user)} ${part(clientId)}`;
}
