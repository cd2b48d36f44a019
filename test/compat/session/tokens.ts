import type { RequestStep } from './step.js';

const principal = { principalType: 'User', principalName: 'alice' };
const hmac = Buffer.from('0123456789abcdef');

/** Delegation tokens where no key is set that could sign them, on a connection that nobody has authenticated. */
export const tokens: readonly RequestStep[] = [
  ...[1, 2, 3].map(
    (version): RequestStep => ({
      name: `tokens: create v${version}`,
      api: 'CreateDelegationToken',
      version,
      body: {
        ...(version >= 3 ? { ownerPrincipalType: null, ownerPrincipalName: null } : {}),
        renewers: [principal],
        maxLifetimeMs: -1,
      },
    }),
  ),
  {
    name: 'tokens: create for another',
    api: 'CreateDelegationToken',
    version: 3,
    body: { ownerPrincipalType: 'User', ownerPrincipalName: 'bob', renewers: [], maxLifetimeMs: 1000 },
  },
  ...[1, 2].flatMap((version): RequestStep[] => [
    { name: `tokens: renew v${version}`, api: 'RenewDelegationToken', version, body: { hmac, renewPeriodMs: 1000 } },
    {
      name: `tokens: expire v${version}`,
      api: 'ExpireDelegationToken',
      version,
      body: { hmac, expiryTimePeriodMs: -1 },
    },
  ]),
  ...[1, 2, 3].map(
    (version): RequestStep => ({
      name: `tokens: describe v${version}`,
      api: 'DescribeDelegationToken',
      version,
      body: { owners: null },
    }),
  ),
  { name: 'tokens: describe of', api: 'DescribeDelegationToken', version: 3, body: { owners: [principal] } },
  { name: 'tokens: describe of nobody', api: 'DescribeDelegationToken', version: 3, body: { owners: [] } },
];
