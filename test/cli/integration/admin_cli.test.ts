import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../../src/cli/program.js';
import { type Broker, startBroker } from '../../../src/index.js';
import { chunks, FakeIo } from '../support/fake_io.js';

// What administrators do, on a broker in this process, read back by the command that shows it.
let broker: Broker;
beforeAll(async () => {
  broker = await startBroker({
    config: {
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS',
    },
  });
});
afterAll(() => broker.close());

async function millrace(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const io = new FakeIo(chunks(), { MILLRACE_PASSWORD: 'secret' });
  const code = await runCli(['-b', `127.0.0.1:${broker.port}`, ...args], io);
  return { code, out: io.output.text, err: io.errors.text };
}
async function json<T = unknown>(...args: readonly string[]): Promise<T> {
  const { code, out, err } = await millrace(...args, '--format', 'json');
  expect(err).toBe('');
  expect(code).toBe(0);
  return JSON.parse(out) as T;
}

describe('the command line', () => {
  it('sets quotas and takes them away', async () => {
    await json('quotas', 'alter', '--user', 'alice', '--client-id-default', '--set', 'producer_byte_rate=1000');
    await json('quotas', 'alter', '--ip', '10.0.0.1', '--set', 'connection_creation_rate=5');
    expect(await json('quotas', 'describe', '--user', 'alice')).toEqual([
      { entity: { user: 'alice', 'client-id': null }, quotas: { producer_byte_rate: 1000 } },
    ]);
    expect(await json('quotas', 'describe', '--user', 'alice', '--strict')).toEqual([]);
    await json('quotas', 'alter', '--user', 'alice', '--client-id-default', '--unset', 'producer_byte_rate');
    const { out } = await millrace('quotas', 'describe');
    expect(out).toContain('connection_creation_rate');
    expect(out).not.toContain('alice');
    expect((await millrace('quotas', 'alter', '--user', 'a', '--set', 'no_such=1')).err).toContain('no_such');
    const slip = await millrace('quotas', 'alter', '--user', 'a', '--unset', 'no_such');
    expect([slip.code, slip.err]).toEqual([2, expect.stringContaining('no quota no_such; there are producer_byte')]);
    expect((await millrace('quotas', 'alter', '--set', 'producer_byte_rate=1')).err).toContain('whose quotas');
  });

  it('says at once that what was named does not exist, and ends with status 3', async () => {
    const missing: ReadonlyArray<readonly [string, ...string[]]> = [
      ['transactional id nosuch', 'transactions', 'describe', 'nosuch'],
      ['broker 9', 'transactions', 'find-hanging', '--broker', '9'],
      ['topic nosuch', 'transactions', 'find-hanging', '--topic', 'nosuch'],
      ['user nosuch', 'users', 'describe', 'nosuch'],
      ['SCRAM-SHA-512 of user nosuch', 'users', 'delete', 'nosuch'],
      ['broker 9', 'log-dirs', 'describe', '--broker', '9'],
      ['topic nosuch', 'log-dirs', 'describe', '--topic', 'nosuch'],
      ['broker 9', 'configs', 'describe', 'broker', '9'],
      ['broker 9', 'configs', 'alter', 'broker-logger', '9', '--set', 'root=INFO'],
      ['broker 9', 'log-dirs', 'move', 'orders', '/x', '--broker', '9'],
      ['group nosuch', 'groups', 'describe', 'nosuch'],
      ['share group nosuch', 'share-groups', 'describe', 'nosuch'],
    ];
    for (const [what, ...args] of missing)
      expect([args, await millrace(...args)]).toEqual([
        args,
        { code: 3, out: '', err: `millrace: ${what} does not exist\n` },
      ]);
  });

  it('adds, shows and removes access rules', async () => {
    await json(
      ...['acls', 'add', '--topic', 'orders', '--resource-pattern-type', 'prefixed', '--allow-principal', 'User:bob'],
      ...['--operation', 'read', '--operation', 'DESCRIBE_CONFIGS'],
    );
    await json('acls', 'add', '--cluster', '--deny-principal', 'User:*', '--deny-host', '10.0.0.9');
    expect(await json<unknown[]>('acls', 'list', '--allow-principal', 'User:bob')).toHaveLength(2);
    const { out } = await millrace('acls', 'list', '--cluster');
    expect(out).toMatch(/cluster +kafka-cluster +literal +User:\* +10\.0\.0\.9 +all +deny/);
    expect((await millrace('acls', 'remove')).err).toContain('--all');
    const wrong = ['acls', 'add', '--group', 'g', '--allow-principal', 'User:bob', '--operation', 'write'];
    expect((await millrace(...wrong)).err).toContain('nobody is asked for write of a group: take one of all, read,');
    expect(await json<unknown[]>('acls', 'list', '--group', 'g')).toEqual([]);
    expect(
      await json<unknown[]>('acls', 'remove', '--topic', 'orders', '--resource-pattern-type', 'prefixed'),
    ).toHaveLength(2);
    expect(await json<unknown[]>('acls', 'remove', '--all')).toHaveLength(1);
    expect((await millrace('acls', 'list')).out).toBe('no access rules\n');
  });

  it('sets passwords of users, shows that they are there, and deletes them', async () => {
    expect((await millrace('users', 'describe')).out).toBe('no users\n');
    await json('users', 'set', 'carol');
    await json('users', 'set', 'carol', '--mechanism', 'SCRAM-SHA-256', '--password', 'x', '--iterations', '5000');
    const { out } = await millrace('users', 'list');
    expect(out).toBe('carol: SCRAM-SHA-256 (5000 iterations), SCRAM-SHA-512 (8192 iterations)\n');
    await json('users', 'delete', 'carol', '--mechanism', 'SCRAM-SHA-256');
    expect(await millrace('users', 'delete', 'carol', '--mechanism', 'SCRAM-SHA-256')).toEqual({
      code: 3,
      out: '',
      err: 'millrace: SCRAM-SHA-256 of user carol does not exist\n',
    });
    expect((await millrace('users', 'set', 'dan', '--iterations', '1')).err).toContain('Too few iterations');
  });

  it('shows and changes features', async () => {
    const features = await json<Array<{ name: string; finalizedLevel: number }>>('features', 'describe');
    expect(features.find(({ name }) => name === 'metadata.version')?.finalizedLevel).toBe(30);
    expect((await millrace('features', 'upgrade', 'metadata.version=30')).code).toBe(0);
    const refused = await millrace('features', 'downgrade', 'metadata.version=29', '--dry-run');
    expect(refused.code).not.toBe(0);
    expect(refused.err).toContain('might delete metadata');
  });

  it('moves partitions as far as one broker can, and elects leaders', async () => {
    await json('topics', 'create', 'moved');
    expect(await json('reassign', 'execute', 'moved-0=1')).toMatchObject([{ name: 'moved-0', ok: true }]);
    expect((await millrace('reassign', 'execute', 'moved-0=2')).err).toContain('no such broker');
    expect((await millrace('reassign', 'list')).out).toBe('no partition is being moved\n');
    expect((await millrace('reassign', 'cancel', 'moved-0')).code).not.toBe(0);
    expect(await millrace('reassign', 'elect', 'moved-0')).toEqual({
      code: 0,
      out: 'moved-0 is led as it should be\n',
      err: '',
    });
  });

  it('has configs of every kind of resource', async () => {
    await json('configs', 'alter', 'client-metrics', 'all', '--set', 'interval.ms=60000', '--set', 'metrics=*');
    await json('configs', 'alter', 'group', 'g', '--set', 'consumer.session.timeout.ms=50000');
    await json('configs', 'alter', 'broker-logger', '1', '--set', 'millrace.storage=DEBUG');
    const { out } = await millrace('configs', 'describe', 'broker-logger', '1');
    expect(out).toMatch(/millrace\.storage +DEBUG/);
    expect((await millrace('configs', 'describe', 'client-metrics', 'all')).out).toContain('60000');
    for (const [type, name] of [
      ['client-metrics', 'all'],
      ['group', 'g'],
      ['broker', '1'],
      ['broker', 'default'],
    ] as const) {
      const slip = await millrace('configs', 'alter', type, name, '--unset', 'no.such');
      expect([slip.code, slip.err]).toEqual([1, expect.stringMatching(/^millrace: .* has no config no\.such\n$/)]);
    }
    const names = await json<Array<{ type: string; name: string }>>('configs', 'list', 'client-metrics', 'group');
    expect(names.sort((one, other) => one.name.localeCompare(other.name))).toEqual([
      { type: 'client-metrics', name: 'all' },
      { type: 'group', name: 'g' },
    ]);
  });
});
