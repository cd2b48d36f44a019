import { type Uuid, ZERO_UUID } from '../common/ids.js';
import { LogStoreError } from '../common/ports/index.js';
import { parsePartitionMetadata, partitionMetadataFile } from './checkpoints.js';
import { StorageStartError } from './directory_identity.js';
import type { LogManagerPorts } from './log_manager_ports.js';
import type { ManagedDirectory } from './managed_directory.js';
import { readMoveIntent } from './move_intent.js';
import { type LogOwners, parsePartitionDirectory, suffixedName } from './partition_directories.js';

/** A copy on its way into another log directory, left by a stop. */
interface Future {
  readonly name: string;
  readonly topic: string;
  readonly partition: number;
  readonly directoryName: string;
  readonly managed: ManagedDirectory;
}

/** A move that a stop interrupted; it begins again. */
export interface InterruptedMove {
  readonly name: string;
  readonly path: string;
}

function isExpected(name: string, owners: LogOwners): boolean {
  const parsed = parsePartitionDirectory(name);
  return parsed !== undefined && owners.topicIdOf(parsed.topic, parsed.partition) !== undefined;
}

/** Small files are read so many at a time. */
const readsAtOnce = 32;
/** Directories preferred for partitions to come; a client can name what it likes, so they are bounded. */
const maxPreferred = 10_000;

/**
 * Where the logs of partitions are, or are to be made. At the start it brings what an interrupted deletion or move left behind into
 * the state from before or after it.
 */
export class LogPlaces {
  /** Names of the directories there are, once they are listed. */
  private readonly existing = new Map<string, ManagedDirectory[]>();
  private readonly futures: Future[] = [];
  private readonly preferred = new Map<string, ManagedDirectory>();
  private readonly unavailable = new Map<string, string>();
  private listed = false;
  private owners: LogOwners | undefined;

  constructor(
    private readonly ports: LogManagerPorts,
    private readonly directories: readonly ManagedDirectory[],
  ) {}

  private get online(): ManagedDirectory[] {
    return this.directories.filter(({ online }) => online);
  }

  /** Once, before logs are opened. What is marked for deletion is removed. @throws FileSystemError, LogStoreError */
  async list(): Promise<void> {
    if (this.listed) return;
    for (const managed of this.online)
      for (const entry of (await this.ports.files.listDirectory(managed.path)) ?? []) {
        const found = entry.kind === 'directory' ? parsePartitionDirectory(entry.name) : undefined;
        if (found === undefined) continue;
        const { name, topic, partition, suffix } = found;
        if (suffix === undefined) this.add(name, managed);
        else if (suffix === 'delete') await managed.usable('remove').removeMarked(entry.name);
        else if (suffix === 'future') this.futures.push({ name, topic, partition, directoryName: entry.name, managed });
      }
    for (const managed of this.online) await managed.beginRecoveryPoints();
    this.listed = true;
  }

  private add(name: string, managed: ManagedDirectory): void {
    const known = this.existing.get(name);
    if (known === undefined) this.existing.set(name, [managed]);
    else known.push(managed);
    managed.found.add(name);
  }

  /** Whether there is a log of that name, as far as is known. */
  has(name: string): boolean {
    return this.existing.has(name);
  }

  /**
   * Once it is known which partitions there are: puts away what belongs to none, ends interrupted moves that had been decided.
   * Returns those that begin again.
   *
   * @throws StorageStartError when a partition is in two directories and nothing says which is the newer one
   */
  async settle(owners: LogOwners): Promise<readonly InterruptedMove[]> {
    await this.list();
    this.owners = owners;
    // One that is where it belongs says whose it is when it is opened; with 10,000 of them reading it here would hold up the start.
    const names = [...this.existing].flatMap(([name, places]) =>
      places.length > 1 || !isExpected(name, owners) ? [name] : [],
    );
    for (let from = 0; from < names.length; from += readsAtOnce)
      await Promise.all(names.slice(from, from + readsAtOnce).map((name) => this.putAwayOthers(name, owners)));
    const anyOffline = this.online.length < this.directories.length;
    const futureNames = new Set(this.futures.map(({ name }) => name));
    for (const [name, places] of [...this.existing])
      if (places.length > 1 || anyOffline || futureNames.has(name)) await this.settleMove(name, places);
    const again: InterruptedMove[] = [];
    for (const future of this.futures) {
      const move = await this.settleFuture(future, owners, anyOffline);
      if (move !== undefined) again.push(move);
    }
    this.futures.length = 0;
    return again;
  }

  private async putAwayOthers(name: string, owners: LogOwners): Promise<void> {
    const parsed = parsePartitionDirectory(name);
    if (parsed === undefined) return;
    const expected = owners.topicIdOf(parsed.topic, parsed.partition);
    const kept: ManagedDirectory[] = [];
    for (const managed of this.existing.get(name) ?? []) {
      const owner = await this.ownerOf(`${managed.path}/${name}`);
      if (expected !== undefined && (owner === undefined || owner === expected)) kept.push(managed);
      else await this.putAway(managed, name, owner, owner !== undefined && owners.isDeleted(owner));
    }
    if (kept.length === 0) this.existing.delete(name);
    else this.existing.set(name, kept);
  }

  /** Deleted topics end as if nothing had interrupted their deletion; what nobody knows is kept aside, never served. */
  private async putAway(
    managed: ManagedDirectory,
    directoryName: string,
    owner: Uuid | undefined,
    deleted: boolean,
  ): Promise<void> {
    const { random, logger } = this.ports;
    const { name = directoryName } = parsePartitionDirectory(directoryName) ?? {};
    const directory = managed.usable('put away');
    const renamed = suffixedName(random, name, deleted ? 'delete' : 'stray');
    await directory.rename(directoryName, renamed);
    managed.forget(name);
    if (deleted) await directory.removeMarked(renamed);
    else
      logger.warn(
        `${managed.path}/${directoryName} belongs to a topic that does not exist (${owner === undefined ? 'no id' : `id ${owner}`}); it is put aside as ${renamed}, remove it when nothing in it is wanted`,
      );
  }

  /** Undefined: it does not say. */
  private async ownerOf(logPath: string): Promise<Uuid | undefined> {
    const bytes = await this.ports.files.readFile(`${logPath}/${partitionMetadataFile}`);
    const owner = bytes === undefined ? undefined : parsePartitionMetadata(bytes);
    return owner === ZERO_UUID ? undefined : owner;
  }

  /** A copy that says it is superseded gives way, as soon as the other one can be seen. */
  private async settleMove(name: string, places: readonly ManagedDirectory[]): Promise<void> {
    const { files } = this.ports;
    const current: ManagedDirectory[] = [];
    for (const managed of places) {
      const intent = await readMoveIntent(files, `${managed.path}/${name}`);
      if (intent === undefined) {
        current.push(managed);
        continue;
      }
      const target = this.directories.find(({ directoryId }) => directoryId === intent.directoryId);
      const future = this.futures.find(
        (one) => one.managed === target && one.directoryName === intent.future && one.name === name,
      );
      if (target !== undefined && future !== undefined && !places.includes(target)) {
        await target.usable('finish a move').rename(future.directoryName, name);
        this.futures.splice(this.futures.indexOf(future), 1);
        target.found.add(name);
        current.push(target);
      } else if (!places.some((other) => other !== managed)) {
        this.unavailable.set(
          name,
          `${managed.path}/${name} was moved to ${target?.path ?? `the log directory with id ${intent.directoryId}`}, which has the newer copy and is offline or without it: mend that directory and restart the broker`,
        );
        continue;
      }
      await this.remove(managed, name);
      this.ports.logger.info(`${name}: the move from ${managed.path} that a stop interrupted is finished`);
    }
    const [first, second] = current.length > 1 ? await this.withoutFirstAttempts(name, current) : current;
    if (first !== undefined && second !== undefined)
      throw new StorageStartError(
        `the partition ${name} is in two log directories, ${first.path} and ${second.path}: remove the older copy, most likely the one in the directory that has failed last`,
      );
    if (first !== undefined) this.existing.set(name, [first]);
  }

  /** Without directories that were begun while a log was made there, which then failed: it has no topic id, and no record ever. */
  private async withoutFirstAttempts(name: string, places: readonly ManagedDirectory[]): Promise<ManagedDirectory[]> {
    const kept: ManagedDirectory[] = [];
    const begun: ManagedDirectory[] = [];
    for (const managed of places) {
      const metadata = await this.ports.files.readFile(`${managed.path}/${name}/${partitionMetadataFile}`);
      (metadata === undefined ? begun : kept).push(managed);
    }
    if (kept.length === 0) return [...places];
    for (const managed of begun) await this.remove(managed, name);
    return kept;
  }

  private async remove(managed: ManagedDirectory, directoryName: string): Promise<void> {
    const { name = directoryName } = parsePartitionDirectory(directoryName) ?? {};
    const directory = managed.usable('remove');
    const renamed = suffixedName(this.ports.random, name, 'delete');
    await directory.rename(directoryName, renamed);
    managed.forget(name);
    await directory.removeMarked(renamed);
  }

  private async settleFuture(
    future: Future,
    owners: LogOwners,
    anyOffline: boolean,
  ): Promise<InterruptedMove | undefined> {
    const { name, topic, partition, managed, directoryName } = future;
    const owner = await this.ownerOf(`${managed.path}/${directoryName}`);
    const expected = owners.topicIdOf(topic, partition);
    if (expected === undefined || (owner !== undefined && owner !== expected)) {
      await this.putAway(managed, directoryName, owner, owner === undefined || owners.isDeleted(owner));
      return undefined;
    }
    const [place] = this.existing.get(name) ?? [];
    if (place !== undefined) {
      await this.remove(managed, directoryName);
      return place === managed ? undefined : { name, path: managed.path };
    }
    // What it was copied from may be in a directory that comes back.
    if (!anyOffline && !this.unavailable.has(name)) await this.putAway(managed, directoryName, owner, false);
    return undefined;
  }

  /** The directory that has a log of that name, whoever's it is; undefined: there is none. @throws LogStoreError `IO` */
  async find(name: string): Promise<ManagedDirectory | undefined> {
    const why = this.unavailable.get(name);
    if (why !== undefined) throw new LogStoreError('IO', 'open', name, '', why);
    if (!this.listed && !this.existing.has(name))
      for (const managed of this.online)
        if ((await this.ports.files.listDirectory(`${managed.path}/${name}`)) !== undefined) this.add(name, managed);
    return this.existing.get(name)?.[0];
  }

  /** Whether the log there may be of this topic. */
  async isOf(managed: ManagedDirectory, name: string, topicId: Uuid): Promise<boolean> {
    const owner = await this.ownerOf(`${managed.path}/${name}`);
    return owner === undefined || owner === topicId;
  }

  /** What lies there is of a topic that does not exist, or not any more. */
  async putAside(managed: ManagedDirectory, name: string, owner: Uuid): Promise<void> {
    await this.putAway(managed, name, owner, this.owners?.isDeleted(owner) ?? false);
    this.existing.delete(name);
  }

  /** The next log with this name is to be made there. */
  prefer(name: string, managed: ManagedDirectory): void {
    this.preferred.delete(name);
    this.preferred.set(name, managed);
    for (const oldest of this.preferred.keys()) {
      if (this.preferred.size <= maxPreferred) break;
      this.preferred.delete(oldest);
    }
  }

  /**
   * Where a new log may be made, best first: where it was asked for, else by number of logs (ties in the order of `log.dirs`).
   * `isNew`: certainly there is no log of it. Otherwise one may lie in a directory that is offline, and making another would hide it.
   *
   * @throws LogStoreError `IO`
   */
  choose(name: string, isNew: boolean, countOf: (managed: ManagedDirectory) => number): readonly ManagedDirectory[] {
    const { online } = this;
    const [offline] = this.directories.filter((managed) => !managed.online);
    if (offline !== undefined && !isNew)
      throw new LogStoreError('IO', 'open', name, '', `its log may be in ${offline.path}, which is offline`);
    const wanted = this.preferred.get(name);
    if (wanted !== undefined) return wanted.online ? [wanted] : [];
    if (online.length < 2) return online;
    return online
      .map((managed) => ({ managed, count: countOf(managed) }))
      .sort((a, b) => a.count - b.count)
      .map(({ managed }) => managed);
  }

  created(name: string, managed: ManagedDirectory): void {
    this.preferred.delete(name);
    this.existing.set(name, [managed]);
  }

  gone(name: string): void {
    this.existing.delete(name);
  }
}
