import { describe, expect, it } from 'vitest';
import type { Acl } from '../../src/metadata/image.js';
import { OPERATION, type Operation, PATTERN, PERMISSION, RESOURCE } from '../../src/security/acls.js';
import { StandardAuthorizer } from '../../src/security/authorizer.js';

const rule = (more: Partial<Acl>): Acl => ({
  resourceType: RESOURCE.TOPIC,
  patternType: PATTERN.LITERAL,
  resourceName: 'orders',
  principal: 'User:alice',
  host: '*',
  operation: OPERATION.READ,
  permissionType: PERMISSION.ALLOW,
  ...more,
});
const alice = { principal: 'User:alice', clientAddress: '10.0.0.1' };
const bob = { principal: 'User:bob', clientAddress: '10.0.0.2' };

function authorizer(
  acls: readonly Acl[],
  allowsUnnamed = false,
  superUsers: readonly string[] = [],
): StandardAuthorizer {
  const made = new StandardAuthorizer(new Set(superUsers), allowsUnnamed);
  made.load(acls);
  return made;
}
const read = (made: StandardAuthorizer, who: typeof alice, name: string): boolean =>
  made.allows(who, OPERATION.READ, RESOURCE.TOPIC, name);

describe('the standard authorizer', () => {
  it('denies what nothing allows, or allows what no rule is about, as it is set', () => {
    expect(read(authorizer([]), alice, 'orders')).toBe(false);
    expect(read(authorizer([], true), alice, 'orders')).toBe(true);
    const named = authorizer([rule({ principal: 'User:bob' })], true);
    expect(read(named, alice, 'orders')).toBe(false);
    expect(read(named, bob, 'orders')).toBe(true);
    expect(read(named, alice, 'others')).toBe(true);
  });

  it('lets super users do everything, whatever is denied', () => {
    const made = authorizer([rule({ permissionType: PERMISSION.DENY, principal: 'User:*' })], false, ['User:bob']);
    expect(read(made, bob, 'orders')).toBe(true);
    expect(read(made, alice, 'orders')).toBe(false);
  });

  it('matches literally, by prefix and everything, by host and for all users', () => {
    expect(read(authorizer([rule({})]), alice, 'orders-2')).toBe(false);
    const prefixed = authorizer([rule({ patternType: PATTERN.PREFIXED })]);
    expect(read(prefixed, alice, 'orders-2')).toBe(true);
    expect(read(prefixed, alice, 'order')).toBe(false);
    const every = authorizer([rule({ resourceName: '*', principal: 'User:*', host: '10.0.0.2' })]);
    expect(read(every, bob, 'anything')).toBe(true);
    expect(read(every, alice, 'anything')).toBe(false);
    expect(every.allows(bob, OPERATION.READ, RESOURCE.GROUP, 'anything')).toBe(false);
  });

  it('has what denies win, whatever the patterns', () => {
    for (const denied of [
      rule({ permissionType: PERMISSION.DENY }),
      rule({ permissionType: PERMISSION.DENY, patternType: PATTERN.PREFIXED, resourceName: 'ord' }),
      rule({ permissionType: PERMISSION.DENY, resourceName: '*', principal: 'User:*', operation: OPERATION.ALL }),
    ])
      expect(read(authorizer([rule({ operation: OPERATION.ALL }), denied]), alice, 'orders')).toBe(false);
  });

  it('has DESCRIBE and DESCRIBE_CONFIGS follow from more, but denied for themselves only', () => {
    const may = (ruled: Operation, asked: Operation): boolean =>
      authorizer([rule({ operation: ruled })]).allows(alice, asked, RESOURCE.TOPIC, 'orders');
    for (const ruled of [OPERATION.READ, OPERATION.WRITE, OPERATION.DELETE, OPERATION.ALTER, OPERATION.ALL])
      expect(may(ruled, OPERATION.DESCRIBE)).toBe(true);
    expect(may(OPERATION.CREATE, OPERATION.DESCRIBE)).toBe(false);
    expect(may(OPERATION.ALTER_CONFIGS, OPERATION.DESCRIBE_CONFIGS)).toBe(true);
    expect(may(OPERATION.DESCRIBE_CONFIGS, OPERATION.ALTER_CONFIGS)).toBe(false);
    const denied = authorizer([rule({}), rule({ operation: OPERATION.WRITE, permissionType: PERMISSION.DENY })]);
    expect(denied.allows(alice, OPERATION.DESCRIBE, RESOURCE.TOPIC, 'orders')).toBe(true);
  });

  it('says whether there is anything of a type that may be done', () => {
    const some = (acls: readonly Acl[], allowsUnnamed = false): boolean =>
      authorizer(acls, allowsUnnamed).allowsSome(alice, OPERATION.READ, RESOURCE.TOPIC);
    expect(some([])).toBe(false);
    expect(some([], true)).toBe(true);
    expect(some([rule({})])).toBe(true);
    const deny = (more: Partial<Acl>): Acl => rule({ permissionType: PERMISSION.DENY, ...more });
    expect(some([rule({}), deny({})])).toBe(false);
    expect(some([rule({}), deny({ patternType: PATTERN.PREFIXED, resourceName: 'o' })])).toBe(false);
    expect(some([rule({ patternType: PATTERN.PREFIXED }), deny({})])).toBe(true);
    expect(some([rule({}), deny({ resourceName: '*' })], true)).toBe(false);
  });

  it('takes new rules when they are other ones', () => {
    const made = authorizer([]);
    made.load([rule({})]);
    expect(read(made, alice, 'orders')).toBe(true);
    made.load([]);
    expect(read(made, alice, 'orders')).toBe(false);
  });
});
