import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ErrorCode } from '../../src/protocol/errors.js';
import { createNativeLogStore } from '../../src/storage/native_log.js';
import { Disks, Scene } from './log_dirs_scene.js';

let disks: Disks;
let scene: Scene | undefined;
beforeEach(() => {
  disks = new Disks(['a', 'b', 'c']);
});
afterEach(async () => {
  await scene?.close();
  scene = undefined;
  disks.remove();
});

const at = (path: string) => join(disks.root, path);

async function start(): Promise<Scene> {
  scene = await Scene.open(disks);
  return scene;
}

async function stop(): Promise<void> {
  await scene?.close();
  scene = undefined;
}

describe('placement', () => {
  it('is where the fewest partitions are, in the order of log.dirs, also when many are made at once', async () => {
    const { logs, create } = await start().then((opened) => ({
      logs: opened.logs,
      create: opened.create.bind(opened),
    }));
    expect(await logs.moves.alter('x', 0, at('c'), false)).toBe('unknown-partition');
    await create('x');
    await create('many', 8);
    expect(Object.values(disks.list()).map((names) => names.length)).toEqual([3, 3, 3]);
    expect(disks.list().c).toContain('x-0');
    await create('y');
    expect(disks.list().a).toContain('y-0');
  });
});

describe('identity', () => {
  it('is in meta.properties of each directory, one cluster and an id of its own', async () => {
    await start();
    const metas = ['a', 'b', 'c'].map((name) => readFileSync(at(`${name}/meta.properties`), 'utf8'));
    for (const meta of metas)
      expect(meta).toMatch(/^#\ncluster\.id=cluster\ndirectory\.id=[\w-]{22}\nnode\.id=1\nversion=1\n$/);
    expect(new Set(metas).size).toBe(3);
  });

  it('gets an id where an older Kafka gave it none', async () => {
    await start();
    await stop();
    const meta = readFileSync(at('b/meta.properties'), 'utf8').replace(/directory\.id=.*\n/, '');
    for (const name of ['b', 'c']) writeFileSync(at(`${name}/meta.properties`), meta);
    await start();
    const ids = ['b', 'c'].map(
      (name) => /directory\.id=(.*)/.exec(readFileSync(at(`${name}/meta.properties`), 'utf8'))?.[1],
    );
    expect(new Set(ids).size).toBe(2);
  });

  it('of another node or cluster, the same twice, or a lock that is taken stop the start', async () => {
    await start();
    await stop();
    const meta = readFileSync(at('b/meta.properties'), 'utf8');
    const other = readFileSync(at('c/meta.properties'), 'utf8');
    writeFileSync(at('b/meta.properties'), other);
    await expect(start()).rejects.toThrow(/\/b and .*\/c have the same directory\.id/);
    writeFileSync(at('b/meta.properties'), meta.replace('node.id=1', 'node.id=2'));
    await expect(start()).rejects.toThrow(/\/b belongs to node 2, but this broker is node 1/);
    writeFileSync(at('b/meta.properties'), meta.replace('cluster.id=cluster', 'cluster.id=other'));
    await expect(start()).rejects.toThrow(/\/b belongs to cluster other, not cluster/);
    writeFileSync(at('b/meta.properties'), meta);
    const holder = await createNativeLogStore().openDirectory(at('c'));
    await expect(start()).rejects.toThrow(/\/c is in use by another broker/);
    await holder.close();
    await start();
  });
});

describe('a directory that is bad at the start', () => {
  async function partitionsIn(names: readonly string[]): Promise<void> {
    const opened = await start();
    await opened.create('t', 3);
    for (let partition = 0; partition < 3; partition += 1) {
      for (let i = 0; i < 4; i += 1) opened.append('t', partition);
      await opened.acknowledgedAll('t', partition);
    }
    expect(names.map((name) => disks.list()[name])).toEqual([['t-0'], ['t-1'], ['t-2']]);
    await stop();
  }

  it.each([
    ['no directory', () => [renameSync(at('b'), at('away')), writeFileSync(at('b'), '')]],
    [
      'damaged meta.properties',
      () => [cpSync(at('b'), at('away'), { recursive: true }), writeFileSync(at('b/meta.properties'), 'version=7\n')],
    ],
  ])('is offline with its partitions, and comes back when it is mended: %s', async (_, damage) => {
    await partitionsIn(['a', 'b', 'c']);
    damage();
    const opened = await start();
    expect(opened.logger.messages('error').join()).toMatch(/the log directory .*\/b cannot be used and is offline/);
    expect(opened.logs.failure(at('b'))).toBeDefined();
    expect([0, 1, 2].map((partition) => opened.partition('t', partition).offline)).toEqual([false, true, false]);
    expect(opened.append('t', 1)).toBe(ErrorCode.KAFKA_STORAGE_ERROR);
    expect(opened.append('t', 0)).toBe(ErrorCode.NONE);
    await opened.acknowledgedAll('t', 0);
    // Where its log lies is not known to anybody: none is made that would hide it, but new topics are made.
    await opened.create('new', 2);
    expect(disks.list()).toMatchObject({ a: ['new-0', 't-0'], c: ['new-1', 't-2'] });
    expect(await opened.logs.moves.alter('t', 0, at('b'), true)).toBe('offline');
    expect(await opened.logs.moves.alter('t', 0, at('c'), true)).toBe('offline');
    expect(await opened.logs.moves.alter('t', 0, at('a'), true)).toBe('done');
    expect(await opened.logs.moves.alter('t', 1, at('c'), true)).toBe('offline');
    await stop();
    rmSync(at('b'), { recursive: true });
    renameSync(at('away'), at('b'));
    const again = await start();
    expect(again.partition('t', 1).offline).toBe(false);
    for (let partition = 0; partition < 3; partition += 1)
      expect(again.values('t', partition)).toEqual(disks.sent.get(`t-${partition}`));
  });

  it('stops the start when it is the first, which has the metadata', async () => {
    await partitionsIn(['a', 'b', 'c']);
    renameSync(at('a'), at('away'));
    writeFileSync(at('a'), '');
    await expect(start()).rejects.toThrow(/the data directory .*\/a cannot be used/);
  });
});

describe('a partition in two directories', () => {
  it('stops the start with both named', async () => {
    const opened = await start();
    await opened.create('t');
    await stop();
    cpSync(at('a/t-0'), at('c/t-0'), { recursive: true });
    await expect(start()).rejects.toThrow(
      /the partition t-0 is in two log directories, .*\/a and .*\/c: remove the older copy/,
    );
  });

  it('of which one says it is superseded is the other one', async () => {
    const opened = await start();
    await opened.create('t');
    opened.append('t');
    await opened.acknowledgedAll('t');
    await stop();
    cpSync(at('a/t-0'), at('b/t-0'), { recursive: true });
    const id = /directory\.id=(.*)/.exec(readFileSync(at('b/meta.properties'), 'utf8'))?.[1];
    const intent = { version: 0, directoryId: id, future: 't-0.0123-future' };
    writeFileSync(at('a/t-0/millrace-moved-to'), `${JSON.stringify(intent)}\n`);
    const again = await start();
    expect(disks.list()).toEqual({ a: [], b: ['t-0'], c: [] });
    expect(again.values('t')).toEqual(disks.sent.get('t-0'));
  });

  it('of which the newer one cannot be seen is offline, not the older one', async () => {
    const opened = await start();
    await opened.create('t');
    await stop();
    const id = /directory\.id=(.*)/.exec(readFileSync(at('b/meta.properties'), 'utf8'))?.[1];
    const intent = { version: 0, directoryId: id, future: 't-0.0123-future' };
    writeFileSync(at('a/t-0/millrace-moved-to'), `${JSON.stringify(intent)}\n`);
    renameSync(at('b'), at('away'));
    writeFileSync(at('b'), '');
    const again = await start();
    expect(again.partition('t').offline).toBe(true);
    expect(again.logger.messages('error').join()).toMatch(/t-0 was moved to .* has the newer copy and is offline/);
    expect(disks.list().a).toEqual(['t-0']);
  });
});

describe('directories of no partition', () => {
  it('are put aside as stray, and never served', async () => {
    const opened = await start();
    await opened.create('t');
    opened.append('t');
    await opened.acknowledgedAll('t');
    await stop();
    cpSync(at('a/t-0'), at('b/ghost-3'), { recursive: true });
    cpSync(at('a/t-0'), at('c/t-7'), { recursive: true });
    mkdirSync(at('c/empty-0'));
    writeFileSync(at('a/t-0/partition.metadata'), 'version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAQ');
    const again = await start();
    expect(disks.list()).toEqual({ a: ['t-0', 't-0.stray'], b: ['ghost-3.stray'], c: ['empty-0.stray', 't-7.stray'] });
    expect(again.values('t')).toEqual([]);
    expect(again.logger.messages('warn').join('\n')).toMatch(
      /ghost-3 belongs to a topic that does not exist .*put aside as ghost-3\.[0-9a-f]{32}-stray/,
    );
  });
});

describe('a directory that fails while it is in use', () => {
  it('takes its partitions offline and no others, and the next start has them again', async () => {
    const opened = await start();
    await opened.create('t', 3);
    for (let partition = 0; partition < 3; partition += 1) opened.append('t', partition);
    for (let partition = 0; partition < 3; partition += 1) await opened.acknowledgedAll('t', partition);
    opened.ports.arm('EIO', 1);
    expect(opened.append('t', 1)).toBe(ErrorCode.KAFKA_STORAGE_ERROR);
    opened.ports.disarm();
    expect([0, 1, 2].map((partition) => opened.partition('t', partition).offline)).toEqual([false, true, false]);
    expect(opened.append('t', 0)).toBe(ErrorCode.NONE);
    await opened.acknowledgedAll('t', 0);
    await opened.create('more', 2);
    expect(disks.list()).toMatchObject({ a: ['more-0', 't-0'], b: ['t-1'], c: ['more-1', 't-2'] });
    await stop();
    const again = await start();
    expect(again.partition('t', 1).offline).toBe(false);
    expect(again.values('t', 1)).toEqual(disks.sent.get('t-1'));
  });

  it('is what a checkpoint that cannot be written makes of it, unless the disk is only full', async () => {
    const opened = await start();
    await opened.create('t');
    opened.append('t');
    await opened.acknowledgedAll('t');
    opened.ports.arm('ENOSPC', 1);
    await expect(opened.logs.checkpoint()).rejects.toThrow('ENOSPC');
    expect(opened.logs.failure(at('a'))).toBeUndefined();
    opened.ports.arm('EIO', 1);
    await expect(opened.logs.checkpoint()).rejects.toThrow('EIO');
    expect(opened.logs.failure(at('a'))).toBeDefined();
    expect(opened.partition('t').offline).toBe(true);
  });
});

describe('a log that finds no room when it is made', () => {
  async function topicOn(only: string, which: RegExp): Promise<Scene> {
    const opened = await start();
    await opened.logs.moves.alter('t', 0, at(only), false);
    opened.ports.armAt('ENOSPC', which);
    await opened.create('t');
    expect(opened.ports.broken).toMatch(which);
    return opened;
  }

  it.each([/^open .*\/b\/t-0/, /^write .*\/b\/t-0\/partition.metadata/])(
    'comes up by itself as soon as there is some: %s',
    async (which) => {
      const opened = await topicOn('b', which);
      const partition = opened.partition('t');
      expect(partition.offline).toBe(true);
      expect(opened.append('t')).toBe(ErrorCode.KAFKA_STORAGE_ERROR);
      expect(disks.list()).toEqual({ a: [], b: [], c: [] });
      expect(opened.logger.messages('error').join()).toMatch(/t-0: there is no room for the files of its log/);
      await opened.time.advance('1s');
      await opened.until(() => !partition.offline);
      expect(disks.list()).toEqual({ a: [], b: ['t-0'], c: [] });
      expect(opened.append('t')).toBe(ErrorCode.NONE);
      await opened.acknowledgedAll('t');
      await stop();
      const again = await start();
      expect(again.values('t')).toEqual(disks.sent.get('t-0'));
    },
  );

  it('leaves nothing when its topic is deleted meanwhile', async () => {
    const opened = await topicOn('b', /^open .*t-0/);
    const [id] = opened.cache.current().topicsById.keys();
    if (id === undefined) throw new Error('no topic');
    expect((await opened.delete(id)).errorCode).toBe(ErrorCode.NONE);
    await opened.time.advance('5s');
    expect(disks.list()).toEqual({ a: [], b: [], c: [] });
  });

  it('is made in the next best directory', async () => {
    const opened = await start();
    opened.ports.armAt('ENOSPC', /^write .*partition.metadata/);
    await opened.create('t');
    expect(opened.partition('t').offline).toBe(false);
    expect(disks.list()).toEqual({ a: [], b: ['t-0'], c: [] });
    expect(opened.logs.allOnline).toBe(true);
  });

  it('or whose directory fails then, is in the next one, also when that is mended', async () => {
    const opened = await start();
    await opened.create('first');
    opened.ports.armAt('EIO', /^write .*\/b\/t-0\/partition.metadata/);
    await opened.create('t');
    expect(opened.logs.failure(at('b'))).toBeDefined();
    expect(disks.list()).toEqual({ a: ['first-0'], b: ['t-0'], c: ['t-0'] });
    expect(opened.append('t')).toBe(ErrorCode.NONE);
    await opened.acknowledgedAll('t');
    await stop();
    const again = await start();
    expect(disks.list()).toEqual({ a: ['first-0'], b: [], c: ['t-0'] });
    expect(again.values('t')).toEqual(disks.sent.get('t-0'));
  });
});
