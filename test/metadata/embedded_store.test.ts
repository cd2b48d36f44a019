import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type AppendFile, FileSystemError } from '../../src/common/ports/index.js';
import { NodeFileSystem, nodeFileSystem, systemClock, systemTimers, VirtualTime } from '../../src/env/index.js';
import { EmbeddedMetadataStore } from '../../src/metadata/embedded/embedded_store.js';
import type { MetadataStore } from '../../src/metadata/store.js';
import { MemoryLogger } from '../../src/telemetry/index.js';
import { describeStore } from './store_contract.js';

const ports = { files: nodeFileSystem, clock: systemClock, timers: systemTimers };
const settle = () => new Promise<void>((resolve) => setTimeout(resolve, 20));

describeStore('embedded store in memory', () => ({
  open: () => EmbeddedMetadataStore.open(ports, undefined),
  settle,
  dispose: async () => {},
}));

describeStore('embedded store with a journal', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-test-journal-'));
  const path = join(directory, 'journal');
  let killed: MetadataStore | undefined;
  return {
    open: () => EmbeddedMetadataStore.open(ports, path),
    reopen: (old) => {
      // Closed only at the end: the new one finds what a killed process leaves behind.
      killed = old;
      return EmbeddedMetadataStore.open(ports, path);
    },
    settle,
    dispose: async () => {
      await killed?.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
});

async function withJournal(run: (path: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-test-journal-'));
  try {
    await run(join(directory, 'journal'));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function fill(path: string, count: number): Promise<void> {
  const store = await EmbeddedMetadataStore.open(ports, path);
  for (let i = 0; i < count; i += 1)
    await store.txn([{ key: `/k${i}`, version: 0 }], [{ put: `/k${i}`, value: `v${i}` }]);
  await store.close();
}

it('cuts a torn frame off at every byte and goes on', () =>
  withJournal(async (path) => {
    await fill(path, 3);
    const whole = readFileSync(path);
    const lengths: number[] = [];
    for (let length = whole.length - 1; length >= 20; length -= 1) {
      writeFileSync(path, whole.subarray(0, length));
      const store = await EmbeddedMetadataStore.open(ports, path);
      lengths.push((await store.list('/')).length);
      await store.txn([{ key: '/after', version: 0 }], [{ put: '/after', value: 'x' }]);
      await store.close();
      const again = await EmbeddedMetadataStore.open(ports, path);
      expect((await again.get('/after'))?.value).toBe('x');
      await again.close();
    }
    expect(new Set(lengths)).toEqual(new Set([2, 1, 0]));
  }));

it('refuses damage with valid changes behind it, and foreign files', () =>
  withJournal(async (path) => {
    await fill(path, 3);
    const whole = readFileSync(path);
    const damaged = Buffer.from(whole);
    damaged[40] = (damaged[40] ?? 0) ^ 0xff;
    writeFileSync(path, damaged);
    await expect(EmbeddedMetadataStore.open(ports, path)).rejects.toMatchObject({ kind: 'CORRUPT' });
    await expect(EmbeddedMetadataStore.open(ports, path)).rejects.toThrow(/damaged at byte \d+/);
    writeFileSync(path, 'something else entirely, and long enough');
    await expect(EmbeddedMetadataStore.open(ports, path)).rejects.toMatchObject({ kind: 'CORRUPT' });
  }));

it('rewrites a journal that has grown far beyond what it says', () =>
  withJournal(async (path) => {
    const store = await EmbeddedMetadataStore.open(ports, path);
    const value = 'x'.repeat(100_000);
    for (let i = 0; i < 40; i += 1)
      await store.txn([{ key: '/big', version: i }], [{ put: '/big', value: `${value}${i}` }]);
    await store.close();
    expect(statSync(path).size).toBeLessThan(2_000_000);
    const again = await EmbeddedMetadataStore.open(ports, path);
    expect(await again.get('/big')).toMatchObject({ version: 40, value: `${value}39` });
    await again.close();
    appendFileSync(path, Buffer.from([0, 0]));
    const torn = await EmbeddedMetadataStore.open(ports, path);
    expect((await torn.get('/big'))?.version).toBe(40);
    await torn.close();
  }));

/** A disk that is full while the test says so, for appends and for files that replace others. */
class FullDisk extends NodeFileSystem {
  full = false;

  override writeFileAtomic(path: string, bytes: Uint8Array, options: { readonly sync: boolean }): Promise<void> {
    if (this.full) return Promise.reject(new FileSystemError('write', path, 'ENOSPC'));
    return super.writeFileAtomic(path, bytes, options);
  }

  override async openAppendFile(path: string): Promise<AppendFile> {
    const file = await super.openAppendFile(path);
    const append = file.append.bind(file);
    file.append = (bytes) =>
      this.full ? Promise.reject(new FileSystemError('append', path, 'ENOSPC')) : append(bytes);
    return file;
  }
}

it('waits on a full disk, answers nothing meanwhile, and goes on by itself', () =>
  withJournal(async (path) => {
    const files = new FullDisk();
    const time = new VirtualTime({ startWallMs: 0 });
    const logger = new MemoryLogger();
    const store = await EmbeddedMetadataStore.open({ files, clock: time, timers: time, logger }, path);
    time.holdWhile(() => files.pending > 0);
    files.full = true;
    let answered = 0;
    const changes = [0, 1, 2].map((i) =>
      store.txn([{ key: `/k${i}`, version: 0 }], [{ put: `/k${i}`, value: 'v' }]).then((result) => {
        answered += result.committed ? 1 : 0;
      }),
    );
    await time.advance('1h');
    expect(answered).toBe(0);
    expect(statSync(path).size).toBe(20);
    files.full = false;
    await time.advance(1000);
    await Promise.all(changes);
    expect(answered).toBe(3);
    expect(logger.messages()).toEqual([
      expect.stringMatching(/the disk is full and .*journal cannot grow: .* wait; remove files or enlarge the disk/),
      expect.stringMatching(/journal has room again/),
    ]);
    await store.close();
    const again = await EmbeddedMetadataStore.open(ports, path);
    expect(await again.list('/')).toHaveLength(3);
    await again.close();
  }));

it('grows on while there is no room for a shorter journal', () =>
  withJournal(async (path) => {
    const files = new FullDisk();
    const store = await EmbeddedMetadataStore.open({ ...ports, files }, path);
    const value = 'x'.repeat(200_000);
    const atomic = files.writeFileAtomic.bind(files);
    files.writeFileAtomic = (to) => Promise.reject(new FileSystemError('write', to, 'ENOSPC'));
    for (let i = 0; i < 10; i += 1)
      await store.txn([{ key: '/big', version: i }], [{ put: '/big', value: `${value}${i}` }]);
    expect(statSync(path).size).toBeGreaterThan(2_000_000);
    files.writeFileAtomic = atomic;
    await store.txn([{ key: '/big', version: 10 }], [{ put: '/big', value: 'small' }]);
    await store.txn([{ key: '/after', version: 0 }], [{ put: '/after', value: 'x' }]);
    expect(statSync(path).size).toBeLessThan(300_000);
    await store.close();
    const again = await EmbeddedMetadataStore.open(ports, path);
    expect([(await again.get('/big'))?.value, (await again.get('/after'))?.value]).toEqual(['small', 'x']);
    await again.close();
  }));

it('closes on a full disk, and says of what waited that it was not done', () =>
  withJournal(async (path) => {
    const files = new FullDisk();
    const store = await EmbeddedMetadataStore.open({ ...ports, files }, path);
    files.full = true;
    const change = expect(store.txn([{ key: '/k', version: 0 }], [{ put: '/k', value: 'v' }])).rejects.toMatchObject({
      kind: 'IO',
    });
    await settle();
    await store.close();
    await change;
  }));
