import type { RequestStep } from './step.js';

type Entity = Readonly<Record<string, string | null>>;
type Op = readonly [string, number | null];

const entityOf = (entity: Entity) =>
  Object.entries(entity).map(([entityType, entityName]) => ({ entityType, entityName }));

const alter = (
  name: string,
  version: number,
  entries: readonly (readonly [Entity, ...Op[]])[],
  validateOnly = false,
): RequestStep => ({
  name: `quotas: alter ${name}`,
  api: 'AlterClientQuotas',
  version,
  body: {
    entries: entries.map(([entity, ...ops]) => ({
      entity: entityOf(entity),
      ops: ops.map(([key, value]) => ({ key, value: value ?? 0, remove: value === null })),
    })),
    validateOnly,
  },
});

const EXACT = 0;
const DEFAULT = 1;
const ANY = 2;
const describe = (
  name: string,
  version: number,
  components: readonly (readonly [string, number, string | null])[],
  strict = false,
): RequestStep => ({
  name: `quotas: describe ${name}`,
  api: 'DescribeClientQuotas',
  version,
  body: {
    components: components.map(([entityType, matchType, match]) => ({ entityType, matchType, match })),
    strict,
  },
});

/** Quotas of users, clients and addresses: what is taken, and what is found again. The rates are too high to be met. */
export const quotas: readonly RequestStep[] = [
  describe('nothing there', 0, []),
  alter('nothing', 0, []),
  alter('a user', 0, [[{ user: 'q-alice' }, ['producer_byte_rate', 1e9], ['consumer_byte_rate', 2e9]]]),
  alter('a client', 1, [[{ 'client-id': 'q-app' }, ['request_percentage', 12_345.5]]]),
  alter('both', 1, [[{ user: 'q-alice', 'client-id': 'q-app' }, ['producer_byte_rate', 3e9]]]),
  alter('default user', 1, [[{ user: null }, ['consumer_byte_rate', 4e9]]]),
  alter('default client', 1, [[{ 'client-id': null }, ['controller_mutation_rate', 1e6]]]),
  alter('user and default client', 1, [[{ user: 'q-alice', 'client-id': null }, ['producer_byte_rate', 5e9]]]),
  alter('default user and client', 1, [[{ user: null, 'client-id': 'q-app' }, ['producer_byte_rate', 6e9]]]),
  alter('both defaults', 1, [[{ user: null, 'client-id': null }, ['producer_byte_rate', 7e9]]]),
  alter('an address', 1, [[{ ip: '10.1.2.3' }, ['connection_creation_rate', 1000]]]),
  alter('default address', 1, [[{ ip: null }, ['connection_creation_rate', 1e6]]]),
  alter('an address of version 6', 1, [[{ ip: '::1' }, ['connection_creation_rate', 5000]]]),
  describe('all v0', 0, []),
  describe('all v1', 1, []),
  describe('all, strictly', 1, [], true),
  describe('one user', 1, [['user', EXACT, 'q-alice']]),
  describe('one user, strictly', 1, [['user', EXACT, 'q-alice']], true),
  describe('default user', 1, [['user', DEFAULT, null]]),
  describe('default user, strictly', 0, [['user', DEFAULT, null]], true),
  describe('any user', 1, [['user', ANY, null]]),
  describe('any user, strictly', 1, [['user', ANY, null]], true),
  describe('one client', 1, [['client-id', EXACT, 'q-app']]),
  describe('any client', 1, [['client-id', ANY, null]]),
  describe('user and any client', 1, [
    ['user', EXACT, 'q-alice'],
    ['client-id', ANY, null],
  ]),
  describe(
    'any of both, strictly',
    1,
    [
      ['user', ANY, null],
      ['client-id', ANY, null],
    ],
    true,
  ),
  describe('both defaults', 1, [
    ['user', DEFAULT, null],
    ['client-id', DEFAULT, null],
  ]),
  describe('one address', 1, [['ip', EXACT, '10.1.2.3']]),
  describe('any address', 1, [['ip', ANY, null]]),
  describe('default address', 1, [['ip', DEFAULT, null]], true),
  describe('unknown user', 1, [['user', EXACT, 'q-none']]),
  describe('unknown type of entity', 1, [['group', EXACT, 'q-none']]),
  describe('empty type of entity', 1, [['', ANY, null]]),
  describe('unknown type of match', 1, [['user', 7, null]]),
  describe('exactly nothing', 1, [['user', EXACT, null]]),
  describe('default with a name', 1, [['user', DEFAULT, 'q-alice']]),
  describe('any with a name', 1, [['user', ANY, 'q-alice']]),
  describe('a type twice', 1, [
    ['user', EXACT, 'q-alice'],
    ['user', DEFAULT, null],
  ]),
  describe('address and user', 1, [
    ['ip', EXACT, '10.1.2.3'],
    ['user', EXACT, 'q-alice'],
  ]),
  alter('nothing of an entity', 1, [[{ user: 'q-bob' }]]),
  alter('an unknown key', 1, [[{ user: 'q-bob' }, ['no_such_rate', 1]]]),
  alter('a key of addresses for a user', 1, [[{ user: 'q-bob' }, ['connection_creation_rate', 1]]]),
  alter('a key of users for an address', 1, [[{ ip: '10.1.2.4' }, ['producer_byte_rate', 1]]]),
  alter('a fraction of a byte', 1, [[{ user: 'q-bob' }, ['producer_byte_rate', 1000.5]]]),
  alter('a fraction of a connection', 1, [[{ ip: '10.1.2.4' }, ['connection_creation_rate', 1.5]]]),
  alter('a fraction of a mutation', 1, [[{ user: 'q-bob' }, ['controller_mutation_rate', 1234.5]]]),
  alter('zero', 1, [[{ user: 'q-bob' }, ['producer_byte_rate', 0]]]),
  alter('negative', 1, [[{ user: 'q-bob' }, ['consumer_byte_rate', -1]]]),
  alter('no number', 1, [[{ user: 'q-bob' }, ['consumer_byte_rate', Number.NaN]]]),
  alter('without end', 1, [[{ user: 'q-bob' }, ['request_percentage', Number.POSITIVE_INFINITY]]]),
  alter('beyond what a long holds', 1, [[{ user: 'q-bob' }, ['producer_byte_rate', 1e300]]]),
  alter('beyond what an int holds', 1, [[{ ip: '10.1.2.4' }, ['connection_creation_rate', 1e12]]]),
  alter('zero connections', 1, [[{ ip: '10.1.2.4' }, ['connection_creation_rate', 0]]]),
  alter('no entity', 1, [[{}, ['producer_byte_rate', 1e9]]]),
  alter('an unknown entity', 1, [[{ group: 'g' }, ['producer_byte_rate', 1e9]]]),
  alter('an entity without type', 1, [[{ '': 'g' }, ['producer_byte_rate', 1e9]]]),
  alter('an empty name', 1, [[{ user: '' }, ['producer_byte_rate', 1e9]]]),
  alter('an empty client', 1, [[{ 'client-id': '' }, ['producer_byte_rate', 1e9]]]),
  alter('address and user', 1, [[{ ip: '10.1.2.3', user: 'q-bob' }, ['connection_creation_rate', 9]]]),
  alter('no address', 1, [[{ ip: 'no address at all' }, ['connection_creation_rate', 9]]]),
  alter('an empty address', 1, [[{ ip: '' }, ['connection_creation_rate', 9]]]),
  alter('an entity twice', 1, [
    [{ user: 'q-bob' }, ['producer_byte_rate', 1e9]],
    [{ user: 'q-bob' }, ['consumer_byte_rate', 1e9]],
  ]),
  alter('a key twice', 1, [[{ user: 'q-bob' }, ['producer_byte_rate', 1e9], ['producer_byte_rate', 2e9]]]),
  alter('one good one bad', 1, [
    [{ user: 'q-dan' }, ['producer_byte_rate', 1e9]],
    [{ user: 'q-dan', 'client-id': 'x' }, ['no_such_rate', 1e9]],
  ]),
  alter('only judged', 1, [[{ user: 'q-erin' }, ['producer_byte_rate', 1e9]]], true),
  alter('only judged, bad', 1, [[{ user: 'q-erin' }, ['no_such_rate', 1e9]]], true),
  alter('strange names', 1, [[{ user: 'q ü%/=,', 'client-id': 'a&b' }, ['producer_byte_rate', 8e9]]]),
  describe('strange names', 1, [['user', EXACT, 'q ü%/=,']]),
  alter('remove what is not there', 1, [[{ user: 'q-none' }, ['producer_byte_rate', null]]]),
  alter('remove an unknown key', 1, [[{ user: 'q-alice' }, ['no_such_rate', null]]]),
  alter('remove one', 1, [[{ user: 'q-alice' }, ['producer_byte_rate', null]]]),
  describe('after one was removed', 1, [['user', EXACT, 'q-alice']], true),
  alter('remove the rest', 1, [
    [{ user: 'q-alice' }, ['consumer_byte_rate', null]],
    [{ 'client-id': 'q-app' }, ['request_percentage', null]],
    [{ user: 'q-alice', 'client-id': 'q-app' }, ['producer_byte_rate', null]],
    [{ user: null }, ['consumer_byte_rate', null]],
    [{ 'client-id': null }, ['controller_mutation_rate', null]],
    [{ user: null, 'client-id': null }, ['producer_byte_rate', null]],
    [{ ip: '10.1.2.3' }, ['connection_creation_rate', null]],
    [{ ip: null }, ['connection_creation_rate', null]],
  ]),
  describe('what is left', 1, []),
];
