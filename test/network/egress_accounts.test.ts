import { describe, expect, it } from 'vitest';
import { NativeEgressAccounts } from '../../src/network/egress_accounts.js';
import { loadAddon } from '../../src/storage/native.js';

function accounts(limit?: number): NativeEgressAccounts {
  const { NativeNetwork } = loadAddon();
  return new NativeEgressAccounts(new NativeNetwork(), limit);
}

const names = (found: Iterable<readonly [string, unknown]>): string[] => [...found].map(([name]) => name);

describe('topics', () => {
  it('have one account until they are forgotten', () => {
    const egress = accounts();
    const first = egress.topicAccount('a');
    expect(egress.topicAccount('a')).toBe(first);
    expect(egress.topicAccount('b')).not.toBe(first);
    egress.forgetTopic('a');
    egress.forgetTopic('a');
    expect(names(egress.topics())).toEqual(['b']);
    // What the old topic's regions carry does not count for the new one of the same name.
    expect(egress.topicAccount('a')).not.toBe(first);
  });
});

describe('clients', () => {
  it('share an account by client id, over their connections', () => {
    const egress = accounts();
    const one = egress.join('app');
    expect(egress.join('app')).toEqual(one);
    expect(egress.join('')?.account).not.toBe(one?.account);
    egress.leave('app');
    egress.leave('app');
    expect(names(egress.clients())).toEqual(['', 'app']);
    expect(egress.join('app')).toEqual(one);
  });

  it('are bounded: who has been gone for longest makes room, and who finds none counts as other', () => {
    const egress = accounts(3);
    for (const name of ['a', 'b', 'c']) egress.join(name);
    expect(egress.join('d')).toBeUndefined();
    egress.leave('b');
    egress.leave('a');
    expect(egress.join('d')).toBeDefined();
    expect(names(egress.clients()).sort()).toEqual(['a', 'c', 'd']);
    expect(egress.join('e')).toBeDefined();
    expect(names(egress.clients()).sort()).toEqual(['c', 'd', 'e']);
    expect(egress.join('f')).toBeUndefined();
    egress.leave('never seen');
    expect(names(egress.clients())).toHaveLength(3);
  });

  it('have names of bounded length', () => {
    const egress = accounts();
    const joined = egress.join('x'.repeat(30_000));
    expect(joined?.name).toHaveLength(255);
    egress.leave(joined?.name ?? '');
    expect(names(egress.clients())[0]).toHaveLength(255);
  });
});
