import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Prng } from '../prng.js';
import type { Call } from './trace.js';

const sectorBytes = 512;

/** A write, or without bytes a change of the length to `position`. */
interface Change {
  readonly position: number;
  readonly bytes: Buffer | undefined;
}

interface FileNode {
  readonly kind: 'file';
  now: Buffer;
  medium: Buffer;
  unsynced: Change[];
}

interface DirectoryNode {
  readonly kind: 'directory';
  readonly names: Map<string, Node>;
  onMedium: Map<string, Node>;
  unsynced: NameChange[];
}

type Node = FileNode | DirectoryNode;

/** `to` names `node` from then on, `from` nothing. */
interface NameChange {
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly node: Node | undefined;
}

/**
 * What of the unsynced a power cut leaves: nothing; everything; or any subset of sectors, and of each directory's names those up to one.
 */
export type Left = 'nothing' | 'everything' | 'some';

/** What is found when power is back: files by their paths, directories without content. */
export type Image = ReadonlyMap<string, Buffer | undefined>;

/**
 * A disk that replays what a process did to it and knows what of that has reached the medium: data with the file's sync, names with
 * their directory's.
 */
export class RecordedDisk {
  private readonly root: DirectoryNode = directory();
  private readonly open = new Map<number, Node>();

  /** `path` and `directories` in it are there from the beginning. */
  constructor(
    private readonly path: string,
    directories: readonly string[],
  ) {
    for (const name of directories) rename(this.root, { from: undefined, to: name, node: directory() });
    sync(this.root);
  }

  /** True when a power cut after it may leave something else than one before it. */
  apply(call: Call): boolean {
    switch (call.kind) {
      case 'open': {
        const node = this.find(call.path) ?? this.create(call.path, call.creates);
        this.open.set(call.fd, node);
        if (!call.cuts || node.kind !== 'file' || node.now.length === 0) return false;
        change(node, { position: 0, bytes: undefined });
        return true;
      }
      case 'write':
        change(this.file(call.fd), { position: call.position, bytes: call.bytes });
        return true;
      case 'truncate':
        change(this.file(call.fd), { position: call.sizeBytes, bytes: undefined });
        return true;
      case 'sync':
        sync(this.open.get(call.fd));
        return true;
      case 'close':
        this.open.delete(call.fd);
        return false;
      case 'rename':
        this.rename(call.from, call.to);
        return true;
      case 'unlink':
      case 'rmdir':
        rename(this.parent(call.path), { from: basename(call.path), to: undefined, node: undefined });
        return true;
      case 'mkdir':
        rename(this.parent(call.path), { from: undefined, to: basename(call.path), node: directory() });
        return true;
    }
  }

  /** The file that `fd` is open on, by its name in the directory of the disk itself. */
  nameOf(fd: number): string | undefined {
    const node = this.open.get(fd);
    return [...this.root.names].find(([, there]) => there === node)?.[0];
  }

  powerCut(left: Left, random: Prng): Image {
    const image = new Map<string, Buffer | undefined>();
    const visit = (path: string, node: DirectoryNode): void => {
      for (const [name, there] of namesLeft(node, left, random)) {
        const inside = path === '' ? name : `${path}/${name}`;
        image.set(inside, there.kind === 'file' ? contentLeft(there, left, random) : undefined);
        if (there.kind === 'directory') visit(inside, there);
      }
    };
    visit('', this.root);
    return image;
  }

  private rename(from: string, to: string): void {
    const node = this.find(from);
    if (node === undefined) throw new Error(`${from} is not there`);
    const [old, wanted] = [this.parent(from), this.parent(to)];
    if (old === wanted) {
      rename(old, { from: basename(from), to: basename(to), node });
      return;
    }
    rename(wanted, { from: undefined, to: basename(to), node });
    rename(old, { from: basename(from), to: undefined, node: undefined });
  }

  private create(path: string, creates: boolean): FileNode {
    if (!creates) throw new Error(`${path} is not there`);
    const node: FileNode = { kind: 'file', now: Buffer.alloc(0), medium: Buffer.alloc(0), unsynced: [] };
    rename(this.parent(path), { from: undefined, to: basename(path), node });
    return node;
  }

  private file(fd: number): FileNode {
    const node = this.open.get(fd);
    if (node?.kind !== 'file') throw new Error(`descriptor ${fd} is of no file`);
    return node;
  }

  private parent(path: string): DirectoryNode {
    const node = this.find(dirname(path));
    if (node?.kind !== 'directory') throw new Error(`the directory of ${path} is not there`);
    return node;
  }

  private find(path: string): Node | undefined {
    let node: Node | undefined = this.root;
    for (const part of path.slice(this.path.length).split('/').filter(Boolean))
      node = node?.kind === 'directory' ? node.names.get(part) : undefined;
    return node;
  }
}

function directory(): DirectoryNode {
  return { kind: 'directory', names: new Map(), onMedium: new Map(), unsynced: [] };
}

function renamed(names: Map<string, Node>, { from, to, node }: NameChange): void {
  if (from !== undefined) names.delete(from);
  if (to !== undefined && node !== undefined) names.set(to, node);
}

function rename(directory: DirectoryNode, change: NameChange): void {
  directory.unsynced.push(change);
  renamed(directory.names, change);
}

function change(file: FileNode, one: Change): void {
  file.unsynced.push(one);
  const end = one.position + (one.bytes?.length ?? 0);
  const sizeBytes = one.bytes === undefined ? end : Math.max(file.now.length, end);
  const now = Buffer.alloc(sizeBytes);
  file.now.copy(now, 0, 0, Math.min(file.now.length, sizeBytes));
  one.bytes?.copy(now, one.position);
  file.now = now;
}

function sync(node: Node | undefined): void {
  if (node === undefined) return;
  if (node.kind === 'file') node.medium = node.now;
  else node.onMedium = new Map(node.names);
  node.unsynced = [];
}

/** Names are journalled: those of one directory reach the medium in order. */
function namesLeft(node: DirectoryNode, left: Left, random: Prng): ReadonlyMap<string, Node> {
  if (left === 'everything') return node.names;
  if (left === 'nothing') return node.onMedium;
  const names = new Map(node.onMedium);
  for (const one of node.unsynced.slice(0, random.below(node.unsynced.length + 1))) renamed(names, one);
  return names;
}

/** Lengths are journalled, in order; a sector is what the page cache held of it at some moment, or what was there before. */
function contentLeft(file: FileNode, left: Left, random: Prng): Buffer {
  if (left === 'everything' || file.unsynced.length === 0) return file.now;
  if (left === 'nothing') return file.medium;
  const changes = file.unsynced;
  let sizeBytes = file.medium.length;
  for (const { position, bytes } of changes.slice(0, random.below(changes.length + 1)))
    sizeBytes = bytes === undefined ? position : Math.max(sizeBytes, position + bytes.length);
  const content = Buffer.alloc(sizeBytes);
  file.medium.copy(content, 0, 0, Math.min(sizeBytes, file.medium.length));
  for (let from = 0; from < sizeBytes; from += sectorBytes) {
    const to = Math.min(from + sectorBytes, sizeBytes);
    for (const { position, bytes } of changes.slice(0, random.below(changes.length + 1))) {
      const first = Math.max(from, position);
      const last = Math.min(to, position + (bytes?.length ?? 0));
      if (first < last) bytes?.copy(content, first, first - position, last - position);
    }
  }
  return content;
}

/** Makes `path`, which is empty, what power found when it was back. */
export function writeImage(image: Image, path: string): void {
  for (const [name, content] of image) {
    if (content === undefined) mkdirSync(join(path, name), { recursive: true });
    else writeFileSync(join(path, name), content);
  }
}

export function digest(image: Image): string {
  const hash = createHash('sha1');
  for (const [name, content] of [...image].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`${name}\0${content === undefined ? 'd' : content.length}\0`).update(content ?? '');
  return hash.digest('hex');
}
