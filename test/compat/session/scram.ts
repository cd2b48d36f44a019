import type { RequestStep } from './step.js';

const SHA_256 = 1;
const SHA_512 = 2;
const salt = Buffer.from('salt of the session');
const saltedPassword = Buffer.alloc(32, 7);

const describe = (name: string, users: readonly string[] | null): RequestStep => ({
  name: `scram: describe ${name}`,
  api: 'DescribeUserScramCredentials',
  version: 0,
  body: { users: users?.map((one) => ({ name: one })) ?? null },
});
interface Change {
  readonly put?: readonly (readonly [string, number, number, object?])[];
  readonly drop?: readonly (readonly [string, number])[];
}
const alter = (name: string, { put = [], drop = [] }: Change): RequestStep => ({
  name: `scram: alter ${name}`,
  api: 'AlterUserScramCredentials',
  version: 0,
  body: {
    deletions: drop.map(([user, mechanism]) => ({ name: user, mechanism })),
    upsertions: put.map(([user, mechanism, iterations, more]) => ({
      name: user,
      mechanism,
      iterations,
      salt,
      saltedPassword,
      ...more,
    })),
  },
});

/** Credentials of users: set, shown without their secrets, taken away. */
export const scram: readonly RequestStep[] = [
  describe('all, none there', null),
  describe('nobody', []),
  describe('an unknown one', ['s-none']),
  describe('one without name', ['']),
  describe('one twice', ['s-none', 's-none', 's-other']),
  alter('nothing', {}),
  alter('one', { put: [['s-alice', SHA_256, 4096]] }),
  describe('alice', ['s-alice']),
  alter('another mechanism', { put: [['s-alice', SHA_512, 8192, { saltedPassword: Buffer.alloc(64, 9) }]] }),
  alter('two users', {
    put: [
      ['s-bob', SHA_256, 16_384],
      ['s-carol', SHA_512, 5000],
    ],
  }),
  describe('all', null),
  describe('some', ['s-bob', 's-none', 's-alice']),
  describe('one twice that is there', ['s-bob', 's-bob']),
  alter('again with other iterations', { put: [['s-bob', SHA_256, 4097]] }),
  describe('bob', ['s-bob']),
  alter('too few iterations', { put: [['s-dan', SHA_256, 4095]] }),
  alter('negative iterations', { put: [['s-dan', SHA_512, -1]] }),
  alter('too many iterations', { put: [['s-dan', SHA_256, 16_385]] }),
  alter('unknown mechanism', { put: [['s-dan', 0, 4096]] }),
  alter('mechanism of the future', { put: [['s-dan', 9, 4096]] }),
  alter('no name', { put: [['', SHA_256, 4096]] }),
  alter('no salt', { put: [['s-dan', SHA_256, 4096, { salt: Buffer.alloc(0) }]] }),
  alter('no password', { put: [['s-dan', SHA_256, 4096, { saltedPassword: Buffer.alloc(0) }]] }),
  alter('one twice', {
    put: [
      ['s-dan', SHA_256, 4096],
      ['s-dan', SHA_256, 4097],
    ],
  }),
  alter('both mechanisms of one', {
    put: [
      ['s-dan', SHA_256, 4096],
      ['s-dan', SHA_512, 4097],
    ],
  }),
  alter('set and deleted', { put: [['s-dan', SHA_256, 4096]], drop: [['s-dan', SHA_256]] }),
  alter('one good one bad', {
    put: [
      ['s-erin', SHA_256, 4096],
      ['s-frank', SHA_256, 1],
    ],
  }),
  alter('deleted and set, other mechanisms', { put: [['s-dan', SHA_512, 6000]], drop: [['s-dan', SHA_256]] }),
  alter('delete what is not there', { drop: [['s-none', SHA_256]] }),
  alter('delete a mechanism that is not there', { drop: [['s-bob', SHA_512]] }),
  alter('delete unknown mechanism', { drop: [['s-bob', 0]] }),
  alter('delete no name', { drop: [['', SHA_256]] }),
  alter('delete one twice', {
    drop: [
      ['s-bob', SHA_256],
      ['s-bob', SHA_256],
    ],
  }),
  alter('delete', { drop: [['s-bob', SHA_256]] }),
  alter('delete again', { drop: [['s-bob', SHA_256]] }),
  alter('delete both of alice', {
    drop: [
      ['s-alice', SHA_256],
      ['s-alice', SHA_512],
    ],
  }),
  describe('all at last', null),
];
