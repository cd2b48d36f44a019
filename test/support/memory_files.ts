import { dirname } from 'node:path';
import {
  type AppendFile,
  type DirectoryEntry,
  type FileSystem,
  FileSystemError,
} from '../../src/common/ports/index.js';
import type { Prng } from './prng.js';

const sectorBytes = 512;

interface Write {
  readonly at: number;
  readonly bytes: Uint8Array;
  /** The length is set to `at`. */
  readonly cuts: boolean;
}

interface Content {
  now: Buffer;
  medium: Buffer;
  unsynced: Write[];
}

interface NameChange {
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly content: Content | undefined;
}

/**
 * Small files on a disk in memory that knows what has reached its medium: data with the file's sync, names with their directory's.
 * `powerCut` gives the disk that is found when power is back.
 */
export class MemoryFiles implements FileSystem {
  private names = new Map<string, Content>();
  private namesOnMedium = new Map<string, Content>();
  private readonly directories = new Set<string>();
  private readonly unsyncedNames = new Map<string, NameChange[]>();
  /** Just before anything is synced. */
  onSync: () => void = () => {};
  syncs = 0;

  async readFile(path: string): Promise<Uint8Array | undefined> {
    const content = this.names.get(path);
    return content === undefined ? undefined : Buffer.from(content.now);
  }

  async writeFileAtomic(path: string, bytes: Uint8Array, options: { readonly sync: boolean }): Promise<void> {
    const temporary = `${path}.tmp`;
    const content: Content = { now: Buffer.alloc(0), medium: Buffer.alloc(0), unsynced: [] };
    this.change({ from: undefined, to: temporary, content });
    this.write(content, { at: 0, bytes, cuts: false });
    if (options.sync) this.sync(content);
    this.change({ from: temporary, to: path, content });
    if (options.sync) await this.syncDirectory(dirname(path));
  }

  async makeDirectory(path: string): Promise<void> {
    this.directories.add(path);
  }

  async listDirectory(path: string): Promise<readonly DirectoryEntry[] | undefined> {
    if (!this.directories.has(path)) return undefined;
    const inside = (name: string) => dirname(name) === path;
    const entryOf = (kind: DirectoryEntry['kind']) => (name: string) => ({ name: name.slice(path.length + 1), kind });
    return [
      ...[...this.names.keys()].filter(inside).map(entryOf('file')),
      ...[...this.directories].filter(inside).map(entryOf('directory')),
    ];
  }

  async rename(from: string, to: string): Promise<void> {
    const content = this.names.get(from);
    if (content === undefined) throw new FileSystemError('rename', from, 'ENOENT');
    this.change({ from, to, content });
  }

  async remove(path: string): Promise<void> {
    for (const name of [...this.names.keys()])
      if (name === path || name.startsWith(`${path}/`)) this.change({ from: name, to: undefined, content: undefined });
    this.directories.delete(path);
  }

  async syncDirectory(path: string): Promise<void> {
    this.syncs += 1;
    this.onSync();
    for (const change of this.unsyncedNames.get(path) ?? []) apply(this.namesOnMedium, change);
    this.unsyncedNames.delete(path);
  }

  async makeTemporaryDirectory(prefix: string): Promise<string> {
    const path = `/tmp/${prefix}`;
    this.directories.add(path);
    return path;
  }

  async openAppendFile(path: string): Promise<AppendFile> {
    let content = this.names.get(path);
    if (content === undefined) {
      content = { now: Buffer.alloc(0), medium: Buffer.alloc(0), unsynced: [] };
      this.change({ from: undefined, to: path, content });
    }
    const opened = content;
    return {
      get sizeBytes() {
        return opened.now.length;
      },
      append: async (bytes) => this.write(opened, { at: opened.now.length, bytes, cuts: false }),
      sync: async () => this.sync(opened),
      truncate: async (sizeBytes) => this.write(opened, { at: sizeBytes, bytes: new Uint8Array(0), cuts: true }),
      close: async () => {},
    };
  }

  async diskSpace(): Promise<{ readonly totalBytes: number; readonly usableBytes: number }> {
    return { totalBytes: 1 << 30, usableBytes: 1 << 30 };
  }

  /** Of what is unsynced some sectors, lengths and names are left, chosen by `random`; nothing of it without one. */
  powerCut(random: Prng | undefined): MemoryFiles {
    const found = new MemoryFiles();
    const made = new Map<Content, Content>();
    const names = new Map(this.namesOnMedium);
    for (const changes of this.unsyncedNames.values())
      for (const change of changes.slice(0, random === undefined ? 0 : random.below(changes.length + 1)))
        apply(names, change);
    for (const [name, content] of names) {
      const left = made.get(content) ?? leftOf(content, random);
      made.set(content, left);
      found.names.set(name, left);
      found.namesOnMedium.set(name, left);
    }
    for (const path of this.directories) found.directories.add(path);
    return found;
  }

  private change(change: NameChange): void {
    apply(this.names, change);
    const directory = dirname(change.to ?? change.from ?? '/');
    this.unsyncedNames.set(directory, [...(this.unsyncedNames.get(directory) ?? []), change]);
  }

  private write(content: Content, write: Write): void {
    const copy = { ...write, bytes: Buffer.from(write.bytes) };
    content.unsynced.push(copy);
    content.now = written(content.now, copy);
  }

  private sync(content: Content): void {
    this.syncs += 1;
    this.onSync();
    content.medium = content.now;
    content.unsynced = [];
  }
}

function apply(names: Map<string, Content>, { from, to, content }: NameChange): void {
  if (from !== undefined) names.delete(from);
  if (to !== undefined && content !== undefined) names.set(to, content);
}

function written(old: Buffer, { at, bytes, cuts }: Write): Buffer {
  if (cuts) return Buffer.concat([old.subarray(0, at)], at);
  const whole = Buffer.alloc(Math.max(old.length, at + bytes.length));
  old.copy(whole);
  whole.set(bytes, at);
  return whole;
}

function leftOf(content: Content, random: Prng | undefined): Content {
  let bytes = content.medium;
  if (random !== undefined) {
    const lengths = content.unsynced.slice(0, random.below(content.unsynced.length + 1));
    for (const { at, bytes: more, cuts } of lengths) {
      const length = cuts ? at : Math.max(bytes.length, at + more.length);
      bytes = Buffer.concat([bytes.subarray(0, length), Buffer.alloc(Math.max(0, length - bytes.length))]);
    }
    bytes = Buffer.from(bytes);
    for (let from = 0; from < bytes.length; from += sectorBytes) {
      // A sector holds what it held at some moment.
      const to = Math.min(from + sectorBytes, bytes.length);
      for (const { at, bytes: more } of content.unsynced.slice(0, random.below(content.unsynced.length + 1)))
        for (let i = Math.max(from, at); i < Math.min(to, at + more.length); i += 1) bytes[i] = more[i - at] ?? 0;
    }
  }
  return { now: bytes, medium: bytes, unsynced: [] };
}
