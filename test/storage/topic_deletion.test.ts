import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ErrorCode } from '../../src/protocol/errors.js';
import type { Breakage } from '../support/breaking_ports.js';
import { Disks, Scene } from './log_dirs_scene.js';

let disks: Disks;
let scene: Scene;
beforeEach(() => {
  disks = new Disks(['a', 'b']);
});
afterEach(async () => {
  if (!scene.ports.dead) await scene.close();
  disks.remove();
});

const namesOf = (topic: string) =>
  Object.values(disks.list())
    .flat()
    .filter((name) => name.startsWith(`${topic}-`));

async function filled(topic: string, partitions: number) {
  const id = await scene.create(topic, partitions);
  for (let partition = 0; partition < partitions; partition += 1) {
    for (let i = 0; i < 5; i += 1) scene.append(topic, partition);
    await scene.acknowledgedAll(topic, partition);
  }
  return id;
}

/** A deletion, of a partition that is being moved too, of which the call number `at` breaks. Gives the calls that were made. */
async function brokenDeletion(how: Breakage, at: number, moving: boolean): Promise<number> {
  disks.remove();
  disks = new Disks(['a', 'b']);
  scene = await Scene.open(disks);
  const id = await filled('t', 3);
  await filled('keep', 2);
  await scene.logs.checkpoint();
  let deleted = false;
  if (moving) {
    const path = scene.partition('t').log?.directoryPath === join(disks.root, 'a') ? 'b' : 'a';
    await scene.logs.moves.alter('t', 0, join(disks.root, path), true);
  }
  scene.ports.arm(how, at);
  const deletion = scene.delete(id).then(
    (answer) => {
      deleted = answer.errorCode === ErrorCode.NONE;
    },
    () => {},
  );
  await scene.until(() => scene.cache.current().topicsById.get(id) === undefined);
  if (!scene.ports.dead) {
    let settled = false;
    void deletion.then(() => {
      settled = true;
    });
    await scene.until(() => settled);
    await scene.time.advance('61s');
    for (let i = 0; i < 20; i += 1) await scene.turn();
  }
  const { calls } = scene.ports;
  await scene.kill();
  scene = await Scene.open(disks);
  const isThere = scene.cache.current().topicsById.has(id);
  if (deleted) expect(isThere).toBe(false);
  if (isThere) {
    await scene.moved('t');
    expect(namesOf('t').filter((name) => /^t-\d$/.test(name))).toEqual(expect.arrayContaining(['t-0', 't-1', 't-2']));
    for (let partition = 0; partition < 3; partition += 1)
      expect(scene.values('t', partition)).toEqual(disks.sent.get(`t-${partition}`));
  } else expect(namesOf('t')).toEqual([]);
  for (let partition = 0; partition < 2; partition += 1)
    expect(scene.values('keep', partition)).toEqual(disks.sent.get(`keep-${partition}`));
  // The name is free, or taken: in any case the next topic of that name is empty.
  if (!isThere) {
    await scene.create('t', 3);
    expect(scene.values('t', 0)).toEqual([]);
  }
  await scene.close();
  return calls;
}

describe('a deletion that breaks at any call', () => {
  it.each([
    ['crash', false],
    ['crash', true],
    ['EIO', false],
    ['EIO', true],
  ] as const)(
    'leaves the whole topic or nothing of it: %s, while a partition is moved: %s',
    async (how, moving) => {
      const calls = await brokenDeletion(how, 0, moving);
      for (let at = 1; at <= calls; at += 1) await brokenDeletion(how, at, moving);
      expect(calls).toBeGreaterThan(6);
    },
    60_000,
  );

  it('of which a directory was offline is done when it is back', async () => {
    scene = await Scene.open(disks);
    const id = await filled('t', 2);
    expect(disks.list()).toEqual({ a: ['t-0'], b: ['t-1'] });
    scene.ports.arm('EIO', 1);
    scene.append('t', 1);
    scene.ports.disarm();
    expect(scene.partition('t', 1).offline).toBe(true);
    expect((await scene.delete(id)).errorCode).toBe(ErrorCode.NONE);
    await scene.time.advance('61s');
    await scene.until(() => disks.list().a?.length === 0);
    expect(disks.list()).toEqual({ a: [], b: ['t-1'] });
    await scene.close();
    scene = await Scene.open(disks);
    expect(disks.list()).toEqual({ a: [], b: [] });
  });

  it('forgets what the checkpoints said of the log: a topic of the same name begins at 0', async () => {
    scene = await Scene.open(disks);
    await filled('t', 1);
    scene.partition('t').deleteRecords(4);
    await scene.logs.checkpoint();
    await scene.close();
    scene = await Scene.open(disks);
    const [id] = scene.cache.current().topicsById.keys();
    if (id === undefined) throw new Error('no topic');
    await scene.delete(id);
    await scene.create('t');
    expect(scene.partition('t').log?.log).toMatchObject({ logStartOffset: 0, logEndOffset: 0 });
  });
});
