import { expect, it } from 'vitest';
import type { ClientQuotaImage, QuotaEntity } from '../../src/metadata/image.js';
import { ClientQuotas } from '../../src/quota/client_quotas.js';
import { PRODUCER_BYTE_RATE } from '../../src/quota/quota_keys.js';

const levels: ReadonlyArray<readonly [QuotaEntity, shared: 'both' | 'user' | 'client']> = [
  [{ user: 'u', 'client-id': 'c' }, 'both'],
  [{ user: 'u', 'client-id': null }, 'both'],
  [{ user: 'u' }, 'user'],
  [{ user: null, 'client-id': 'c' }, 'both'],
  [{ user: null, 'client-id': null }, 'both'],
  [{ user: null }, 'user'],
  [{ 'client-id': 'c' }, 'client'],
  [{ 'client-id': null }, 'client'],
];
const quota = (entity: QuotaEntity, limit: number, key = PRODUCER_BYTE_RATE): ClientQuotaImage => ({
  entity,
  values: new Map([[key, limit]]),
});

it('takes the first level that has a limit, in the order of Kafka', () => {
  for (let first = 0; first < levels.length; first += 1) {
    const set = levels.slice(first).map(([entity], index) => quota(entity, first + index + 1));
    const quotas = new ClientQuotas([...set].reverse());
    expect(quotas.limit(PRODUCER_BYTE_RATE, 'u', 'c')?.limit).toBe(first + 1);
    // A quota of the level above for something else does not hide it.
    const above = levels[first - 1]?.[0];
    if (above === undefined) continue;
    const withOther = new ClientQuotas([...set, quota(above, 1, 'consumer_byte_rate' as typeof PRODUCER_BYTE_RATE)]);
    expect(withOther.limit(PRODUCER_BYTE_RATE, 'u', 'c')?.limit).toBe(first + 1);
  }
  expect(new ClientQuotas([]).limit(PRODUCER_BYTE_RATE, 'u', 'c')).toBeUndefined();
});

it('is shared by those who have the user or the client of the level in common', () => {
  for (const [entity, shared] of levels) {
    const quotas = new ClientQuotas([
      quota(entity, 5),
      quota({ ...entity, ...(entity.user === 'u' ? { user: 'v' } : {}) }, 5),
      quota({ ...entity, ...(entity['client-id'] === 'c' ? { 'client-id': 'd' } : {}) }, 5),
    ]);
    const owner = (user: string, client: string) => quotas.limit(PRODUCER_BYTE_RATE, user, client)?.owner;
    expect(owner('u', 'c') === owner('v', 'c')).toBe(shared === 'client');
    expect(owner('u', 'c') === owner('u', 'd')).toBe(shared === 'user');
  }
});

it('tells names apart whatever is in them, and NaN limits nothing', () => {
  const quotas = new ClientQuotas([
    quota({ user: '*' }, 1),
    quota({ user: 'a b', 'client-id': 'c' }, 2),
    quota({ user: 'n' }, Number.NaN),
    quota({ ip: '10.0.0.1' }, 3),
  ]);
  expect(quotas.limit(PRODUCER_BYTE_RATE, 'x', 'y')).toBeUndefined();
  expect(quotas.limit(PRODUCER_BYTE_RATE, '*', 'y')?.limit).toBe(1);
  expect(quotas.limit(PRODUCER_BYTE_RATE, 'a', 'b c')).toBeUndefined();
  expect(quotas.limit(PRODUCER_BYTE_RATE, 'n', 'y')).toBeUndefined();
});
