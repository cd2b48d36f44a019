import { afterEach, describe, expect, it } from 'vitest';
import { type MetadataStore, maxTxnOps, maxValueBytes } from '../../src/metadata/store.js';

/** What every MetadataStore must do. `reopen` gives the same store as after a restart; without it nothing is kept. */
export interface StoreUnderTest {
  open(): Promise<MetadataStore>;
  reopen?(old: MetadataStore): Promise<MetadataStore>;
  /** Lets notifications arrive. */
  settle(): Promise<void>;
  dispose(): Promise<void>;
}

export function describeStore(name: string, make: () => StoreUnderTest): void {
  describe(name, () => {
    let under: StoreUnderTest;
    let store: MetadataStore;
    const open = async () => {
      under = make();
      store = await under.open();
      return store;
    };
    afterEach(async () => {
      await store.close();
      await under.dispose();
    });
    const put = (key: string, value: string, version: number) => store.txn([{ key, version }], [{ put: key, value }]);

    it('puts, gets, lists in order and deletes', async () => {
      await open();
      expect(await store.get('/a')).toBeUndefined();
      expect(await put('/b/2', 'two', 0)).toMatchObject({ committed: true });
      expect(await put('/b/1', 'one', 0)).toMatchObject({ committed: true });
      expect(await put('/c', 'other', 0)).toMatchObject({ committed: true });
      expect((await store.list('/b/')).map(({ key, value, version }) => [key, value, version])).toEqual([
        ['/b/1', 'one', 1],
        ['/b/2', 'two', 1],
      ]);
      expect(await store.txn([{ key: '/b/1', version: 1 }], [{ delete: '/b/1' }])).toMatchObject({ committed: true });
      expect(await store.get('/b/1')).toBeUndefined();
    });

    it('commits all or nothing', async () => {
      await open();
      await put('/x', '1', 0);
      const lost = await store.txn(
        [
          { key: '/x', version: 9 },
          { key: '/y', version: 0 },
        ],
        [
          { put: '/x', value: '2' },
          { put: '/y', value: '2' },
        ],
      );
      expect(lost).toEqual({ committed: false });
      expect((await store.get('/x'))?.value).toBe('1');
      expect(await store.get('/y')).toBeUndefined();
    });

    it('counts versions per key and never repeats a create revision', async () => {
      await open();
      await put('/k', 'a', 0);
      await put('/k', 'b', 1);
      const second = await store.get('/k');
      expect(second).toMatchObject({ version: 2, value: 'b' });
      await store.txn([{ key: '/k', version: 2 }], [{ delete: '/k' }]);
      await put('/k', 'c', 0);
      const again = await store.get('/k');
      expect(again?.version).toBe(1);
      expect(again?.createRevision).toBeGreaterThan(second?.createRevision ?? Number.POSITIVE_INFINITY);
    });

    it('lets one of many racers win', async () => {
      await open();
      const results = await Promise.all(Array.from({ length: 20 }, (_, i) => put('/race', String(i), 0)));
      expect(results.filter(({ committed }) => committed).length).toBe(1);
    });

    it('refuses what every engine must refuse', async () => {
      await open();
      await expect(store.txn([], [{ put: '/unchecked', value: '' }])).rejects.toMatchObject({ kind: 'BAD_ARGUMENTS' });
      await expect(store.get('no slash')).rejects.toMatchObject({ kind: 'BAD_ARGUMENTS' });
      await expect(put('/ümlaut', '', 0)).rejects.toMatchObject({ kind: 'BAD_ARGUMENTS' });
      await expect(put('/big', 'x'.repeat(maxValueBytes + 1), 0)).rejects.toMatchObject({ kind: 'TOO_LARGE' });
      const many = Array.from({ length: maxTxnOps + 1 }, (_, i) => `/m/${i}`);
      const checks = many.map((key) => ({ key, version: 0 }));
      await expect(
        store.txn(
          checks,
          many.map((key) => ({ put: key, value: '' })),
        ),
      ).rejects.toMatchObject({ kind: 'TOO_LARGE' });
    });

    it('tells watchers of changes below their prefix, at least once', async () => {
      await open();
      const seen: string[] = [];
      const undo = store.watch('/w/', () => seen.push('w'));
      store.watch('/other/', () => seen.push('other'));
      await put('/w/1', '', 0);
      await put('/w/2', '', 0);
      await under.settle();
      expect(seen.length).toBeGreaterThanOrEqual(1);
      expect(new Set(seen)).toEqual(new Set(['w']));
      undo();
      const before = seen.length;
      await put('/w/3', '', 0);
      await under.settle();
      expect(seen.length).toBe(before);
    });

    it('ends the keys of a session with it', async () => {
      await open();
      const session = await store.createSession(10_000);
      await store.txn([{ key: '/s', version: 0 }], [{ put: '/s', value: 'here', session }]);
      await put('/t', 'stays', 0);
      expect((await store.get('/s'))?.value).toBe('here');
      await session.end();
      expect(await store.get('/s')).toBeUndefined();
      expect((await store.get('/t'))?.value).toBe('stays');
    });

    it('keeps everything but session keys through a restart', async () => {
      await open();
      if (under.reopen === undefined) return;
      const session = await store.createSession(10_000);
      await store.txn([{ key: '/session', version: 0 }], [{ put: '/session', value: '', session }]);
      for (let i = 0; i < 50; i += 1) await put('/n', String(i), i);
      await put('/gone', 'x', 0);
      await store.txn([{ key: '/gone', version: 1 }], [{ delete: '/gone' }]);
      const before = await store.get('/n');
      store = await under.reopen(store);
      expect(await store.get('/n')).toEqual(before);
      expect(await store.get('/gone')).toBeUndefined();
      expect(await store.get('/session')).toBeUndefined();
      expect(await put('/n', 'next', 50)).toMatchObject({ committed: true });
    });
  });
}
