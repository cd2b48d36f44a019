import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { INT64_MAX } from '../../src/common/ids.js';
import type { LogLoading } from '../../src/common/ports/index.js';
import { LogStoreError } from '../../src/common/ports/index.js';
import { NodeFileSystem } from '../../src/env/index.js';
import { LeaderEpochCache } from '../../src/storage/leader_epochs.js';
import { reloadProducers } from '../../src/storage/producer_replay.js';
import { ProducerStateManager } from '../../src/storage/producer_state.js';
import { type LooksAtOnce, withoutWaiting } from '../../src/storage/without_waiting.js';
import { loadAll, makeCold } from '../support/cold_log.js';
import { Disks, Scene } from './log_dirs_scene.js';

describe('a look that does not wait', () => {
  /** Finds what a look gives after so many loads. */
  const foundAfter = (loads: number): LooksAtOnce & { tried: number } => ({
    tried: 0,
    atOnce<T>(look: () => T): { readonly found: T } | LogLoading {
      this.tried += 1;
      return this.tried > loads ? { found: look() } : { loading: Promise.resolve() };
    },
  });

  it('gives at once what memory has', () => {
    expect(withoutWaiting(foundAfter(0), () => 7)).toBe(7);
    expect(withoutWaiting(foundAfter(0), () => undefined)).toBeUndefined();
  });

  it('is tried again after each load', async () => {
    const log = foundAfter(5);
    let looks = 0;
    expect(await withoutWaiting(log, () => (looks += 1))).toBe(1);
    expect(log.tried).toBe(6);
  });

  it('waits in the end', async () => {
    const log = foundAfter(1000);
    expect(await withoutWaiting(log, () => 'found')).toBe('found');
    expect(log.tried).toBe(32);
  });

  it('fails as the look does, now or later', async () => {
    const fails = () => {
      throw new LogStoreError('CORRUPT', 'read', 'file', '');
    };
    expect(() => withoutWaiting(foundAfter(0), fails)).toThrow(LogStoreError);
    await expect(withoutWaiting(foundAfter(2), fails)).rejects.toThrow(LogStoreError);
  });
});

describe('a log that is not in memory', () => {
  let disks: Disks;
  let scene: Scene;
  beforeEach(async () => {
    disks = new Disks(['a', 'b']);
    scene = await Scene.open(disks);
  });
  afterEach(async () => {
    await scene.close();
    disks.remove();
  });

  async function filled(configs = new Map<string, string>()) {
    await scene.create('t', 1, configs);
    for (let i = 0; i < 30; i += 1) scene.append('t');
    await scene.acknowledgedAll('t');
    const { log } = scene.partition('t');
    if (log === undefined) throw new Error('no log');
    return log;
  }

  it('is replayed without waiting', async () => {
    const { log } = await filled();
    const cold = makeCold(log, 3);
    const producers = new ProducerStateManager();
    const parts = { log, path: `${disks.root}/none`, producers, epochs: new LeaderEpochCache(), logger: scene.logger };
    await loadAll(cold, reloadProducers({ ...parts, files: new NodeFileSystem() }, INT64_MAX, INT64_MAX));
    expect(producers.get(7)?.batches.at(-1)?.lastSequence).toBe(29);
    expect([cold.loads.length, cold.waits]).toEqual([3, []]);
  });

  it('moves to another directory without waiting', async () => {
    const { log } = await filled();
    const before = scene.values('t');
    const cold = makeCold(log, 3);
    await scene.logs.moves.alter('t', 0, `${disks.root}/b`, true);
    expect(await loadAll(cold, scene.moved('t'))).toBe(true);
    expect([cold.loads.length, cold.waits]).toEqual([3, []]);
    expect(disks.list().b).toEqual(['t-0']);
    expect(scene.values('t')).toEqual(before);
  });

  it('loses its old segments once it is known how old they are', async () => {
    const partition = await filled(new Map([['retention.ms', '1000']]));
    const { log } = partition;
    const cold = makeCold(log, 2);
    await scene.time.advance(300_000);
    for (const load of [0, 1]) {
      await turn();
      expect([cold.loads.length, log.logStartOffset]).toEqual([load + 1, 0]);
      cold.loads[load]?.();
    }
    await scene.until(() => log.logStartOffset > 0);
    expect(log.logStartOffset).toBe(30);
    expect(scene.logger.entries.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('keeps them, and nothing fails, when it is deleted meanwhile', async () => {
    const id = await scene.create('u', 1, new Map([['retention.ms', '1000']]));
    for (let i = 0; i < 30; i += 1) scene.append('u');
    await scene.acknowledgedAll('u');
    const log = scene.partition('u').log?.log;
    if (log === undefined) throw new Error('no log');
    const cold = makeCold(log, 1);
    await scene.time.advance(300_000);
    expect(cold.loads.length).toBe(1);
    await scene.delete(id);
    cold.loads[0]?.();
    await turn();
    expect(scene.logger.entries.filter(({ level }) => level === 'error')).toEqual([]);
  });
});
