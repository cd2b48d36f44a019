import { expect, it } from 'vitest';
import { systemClock, systemTimers } from '../../src/env/index.js';
import { EmbeddedMetadataStore } from '../../src/metadata/embedded/embedded_store.js';
import { MemoryFiles } from '../support/memory_files.js';
import { Prng } from '../support/prng.js';

const path = '/data/millrace-metadata.journal';

function open(files: MemoryFiles): Promise<EmbeddedMetadataStore> {
  return EmbeddedMetadataStore.open({ files, clock: systemClock, timers: systemTimers }, path);
}

async function contents(store: EmbeddedMetadataStore): Promise<string> {
  return JSON.stringify((await store.list('/')).map(({ key, value, version }) => [key, value, version]));
}

interface Image {
  readonly disk: MemoryFiles;
  /** Transactions answered, and decided, when power was cut. */
  readonly answered: number;
  readonly decided: number;
}

/** A life of transactions that overlap; power is cut at every sync. */
class JournalLife {
  readonly images: Image[] = [];
  /** What the store holds after so many transactions. */
  readonly states: string[] = ['[]'];
  private readonly entries = new Map<string, readonly [value: string, version: number]>();
  private answered = 0;

  constructor(
    private readonly random: Prng,
    private files = new MemoryFiles(),
  ) {}

  async run(): Promise<void> {
    let store = await this.begin();
    for (let round = 0; round < 8; round += 1) {
      await Promise.all(Array.from({ length: 1 + this.random.below(5) }, () => this.transact(store)));
      if (this.random.below(4) > 0) continue;
      // The process dies; what is unsynced stays in the page cache.
      await store.close();
      store = await this.begin();
    }
    await store.close();
  }

  private begin(): Promise<EmbeddedMetadataStore> {
    this.files.onSync = () => {
      for (const random of [undefined, this.random, this.random])
        this.images.push({
          disk: this.files.powerCut(random),
          answered: this.answered,
          decided: this.states.length - 1,
        });
    };
    return open(this.files);
  }

  private async transact(store: EmbeddedMetadataStore): Promise<void> {
    const key = `/k${this.random.below(6)}`;
    const version = this.entries.get(key)?.[1] ?? 0;
    const deletes = version > 0 && this.random.below(4) === 0;
    const value = 'v'.repeat(this.random.below(700));
    if (deletes) this.entries.delete(key);
    else this.entries.set(key, [value, version + 1]);
    // Decided at once and in order.
    const sorted = [...this.entries].sort(([a], [b]) => (a < b ? -1 : 1));
    this.states.push(JSON.stringify(sorted.map(([name, entry]) => [name, ...entry])));
    const done = store.txn([{ key, version }], [deletes ? { delete: key } : { put: key, value }]);
    expect((await done).committed).toBe(true);
    this.answered += 1;
  }
}

it('holds every answered transaction after a power cut at any sync', async () => {
  let images = 0;
  for (let seed = 1; seed <= 60; seed += 1) {
    const life = new JournalLife(new Prng(seed));
    await life.run();
    for (const [index, { disk, answered, decided }] of life.images.entries()) {
      const store = await open(disk).catch((error: unknown) => {
        throw new Error(`seed ${seed} image ${index}: the journal does not open`, { cause: error });
      });
      const found = await contents(store);
      const allowed = life.states.slice(answered, decided + 1);
      expect(allowed, `seed ${seed} image ${index}`).toContain(found);
      await store.close();
      images += 1;
    }
  }
  expect(images).toBeGreaterThan(1000);
}, 60_000);

it('is there after a power cut although the process that made it died before', async () => {
  const files = new MemoryFiles();
  files.onSync = () => {
    throw new Error('killed');
  };
  await expect(open(files)).rejects.toThrow('killed');
  files.onSync = () => {};
  const store = await open(files);
  await store.txn([{ key: '/topic', version: 0 }], [{ put: '/topic', value: 'kept' }]);
  const after = await open(files.powerCut(undefined));
  expect((await after.get('/topic'))?.value).toBe('kept');
});
