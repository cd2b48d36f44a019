import { mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileSystemError } from '../../src/common/ports/index.js';
import { NodeFileSystem } from '../../src/env/index.js';

let top: string;
let files: NodeFileSystem;
const bytes = (text: string): Uint8Array => Buffer.from(text);

beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), 'millrace-fs-'));
  files = new NodeFileSystem();
});

afterEach(async () => {
  expect(files.pending).toBe(0);
  await rm(top, { recursive: true, force: true });
});

async function failureOf(work: Promise<unknown>): Promise<FileSystemError> {
  const error: unknown = await work.then(
    () => new Error('it worked'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof FileSystemError)) throw error;
  return error;
}

describe('NodeFileSystem', () => {
  it('has few files open however many are to be written', async () => {
    let most = 0;
    const openOnes = async () => {
      const links = await Promise.all(
        (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
      );
      return links.filter((link) => link.startsWith(top)).length;
    };
    let done = false;
    const writes = Promise.all(
      Array.from({ length: 500 }, (_, i) => files.writeFileAtomic(join(top, `file-${i}`), bytes('x'), { sync: false })),
    ).then(() => {
      done = true;
    });
    while (!done) most = Math.max(most, await openOnes());
    await writes;
    expect(most).toBeLessThanOrEqual(16);
    expect(await files.listDirectory(top)).toHaveLength(500);
  });

  it('replaces files in one step', async () => {
    const path = join(top, 'checkpoint');
    expect(await files.readFile(path)).toBeUndefined();
    for (const sync of [true, false]) {
      await files.writeFileAtomic(path, bytes(`content ${sync}`), { sync });
      expect(Buffer.from((await files.readFile(path)) ?? []).toString()).toBe(`content ${sync}`);
    }
    expect((await files.listDirectory(top))?.map(({ name }) => name)).toEqual(['checkpoint']);
  });

  it('leaves the old content when it cannot write the new one', async () => {
    const path = join(top, 'checkpoint');
    await files.writeFileAtomic(path, bytes('old'), { sync: false });
    await mkdir(`${path}.tmp`);
    const error = await failureOf(files.writeFileAtomic(path, bytes('new'), { sync: true }));
    expect([error.operation, error.path, error.code]).toEqual(['write', path, 'EISDIR']);
    expect(await readFile(path, 'utf8')).toBe('old');
  });

  it('leaves no half-written file when it fails', async () => {
    const path = join(top, 'taken');
    await mkdir(join(path, 'inside'), { recursive: true });
    await failureOf(files.writeFileAtomic(path, bytes('new'), { sync: false }));
    expect((await files.listDirectory(top))?.map(({ name }) => name)).toEqual(['taken']);
  });

  it('lists, makes, renames and removes', async () => {
    expect(await files.listDirectory(join(top, 'none'))).toBeUndefined();
    await files.makeDirectory(join(top, 'a/b'));
    await files.makeDirectory(join(top, 'a/b'));
    await writeFile(join(top, 'f'), '');
    await symlink('f', join(top, 'l'));
    const listed = await files.listDirectory(top);
    expect(Object.fromEntries((listed ?? []).map(({ name, kind }) => [name, kind]))).toEqual({
      a: 'directory',
      f: 'file',
      l: 'other',
    });
    await files.rename(join(top, 'f'), join(top, 'a/g'));
    await files.syncDirectory(top);
    await files.remove(join(top, 'a'));
    await files.remove(join(top, 'a'));
    expect(await files.listDirectory(join(top, 'a'))).toBeUndefined();
    expect((await failureOf(files.rename(join(top, 'x'), join(top, 'y')))).code).toBe('ENOENT');
    await writeFile(join(top, 'h'), '');
    expect((await failureOf(files.listDirectory(join(top, 'h', 'x')))).code).toBe('ENOTDIR');
  });

  it('makes temporary directories and measures disks', async () => {
    const made = await files.makeTemporaryDirectory('millrace-test-');
    expect(made.startsWith(join(tmpdir(), 'millrace-test-'))).toBe(true);
    const { totalBytes, usableBytes } = await files.diskSpace(made);
    expect(usableBytes).toBeGreaterThan(0);
    expect(totalBytes).toBeGreaterThanOrEqual(usableBytes);
    await files.remove(made);
    expect((await failureOf(files.diskSpace(made))).operation).toBe('statfs');
  });

  it('appends, truncates and goes on where it left off', async () => {
    const path = join(top, 'journal');
    const file = await files.openAppendFile(path);
    expect(file.sizeBytes).toBe(0);
    await file.append(bytes('hello '));
    await file.append(bytes('world'));
    await file.sync();
    expect(file.sizeBytes).toBe(11);
    await file.truncate(5);
    await file.append(bytes('!'));
    await file.close();
    const again = await files.openAppendFile(path);
    expect(again.sizeBytes).toBe(6);
    await again.append(bytes('?'));
    await again.close();
    expect(await readFile(path, 'utf8')).toBe('hello!?');
  });

  it('fails with the operation, the path and the code; a failed sync is final', async () => {
    const path = join(top, 'journal');
    const file = await files.openAppendFile(path);
    await file.append(bytes('x'));
    await file.close();
    expect(await failureOf(file.append(bytes('y')))).toMatchObject({ operation: 'append', path, code: 'EBADF' });
    expect(file.sizeBytes).toBe(1);
    const first = await failureOf(file.sync());
    expect(first).toMatchObject({ operation: 'sync', code: 'EBADF' });
    const later = await failureOf(file.append(bytes('z')));
    expect(later).toMatchObject({ operation: 'append', code: 'EBADF', cause: first });
    expect((await failureOf(files.openAppendFile(top))).code).toBe('EISDIR');
  });
});
