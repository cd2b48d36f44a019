import { type Clock, type FileSystem, isNoSpace, type TimerHandle, type Timers } from '../../common/ports/index.js';
import type { Logger } from '../../telemetry/logger.js';
import {
  type MetadataCheck,
  type MetadataEntry,
  type MetadataOp,
  type MetadataSession,
  type MetadataStore,
  MetadataStoreError,
  type MetadataTxnResult,
  validateKey,
  validateTxn,
} from '../store.js';
import { Journal } from './journal.js';

/** A put or delete as it stands in the journal. Session-bound keys are never written: they do not outlive the process. */
type Change =
  | { readonly k: string; readonly v: string; readonly n: number; readonly c: number }
  | { readonly k: string };

interface JournalFrame {
  readonly r: number;
  readonly o: readonly Change[];
}

/** The journal is rewritten when it is this many times larger than what it says. */
const rewriteFactor = 4;
const rewriteMinBytes = 1024 * 1024;
/** How long a write waits that found no room. */
const noRoomRetryMs = 500;

class LocalSession implements MetadataSession {
  readonly keys = new Set<string>();
  constructor(
    readonly id: number,
    private readonly finish: (session: LocalSession) => Promise<void>,
  ) {}
  /** In one process the session lives as long as the store. */
  deadline(): number {
    return Number.POSITIVE_INFINITY;
  }
  onLost(): void {}
  end(): Promise<void> {
    return this.finish(this);
  }
}

interface StorePorts {
  readonly timers: Timers;
  /** Told when a full disk holds changes up, and when it does not any more. */
  readonly logger?: Pick<Logger, 'warn' | 'info'>;
}

interface PendingTxn {
  readonly payload: string;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * MetadataStore for one broker alone: a map, and a journal that every change reaches before it is answered. Transactions decide at
 * once and in order; those that come while the journal is being synced share the next sync. Without a journal (`open` with no path)
 * nothing is kept.
 */
export class EmbeddedMetadataStore implements MetadataStore {
  private readonly entries = new Map<string, MetadataEntry>();
  private readonly watches = new Set<{ readonly prefix: string; readonly onDirty: () => void; dirty: boolean }>();
  private revision = 0;
  private nextSessionId = 1;
  private pending: PendingTxn[] = [];
  private writing: Promise<void> | undefined;
  private failure: MetadataStoreError | undefined;
  private contentBytes = 0;

  private closing = false;
  /** Ends the wait for room. */
  private waitingForRoom: { readonly timer: TimerHandle; wake(): void } | undefined;

  private constructor(
    private readonly ports: StorePorts,
    private readonly journal: Journal | undefined,
  ) {}

  /** @throws MetadataStoreError `CORRUPT`, `IO` */
  static async open(
    ports: StorePorts & { readonly files: FileSystem; readonly clock: Clock },
    path: string | undefined,
  ): Promise<EmbeddedMetadataStore> {
    if (path === undefined) return new EmbeddedMetadataStore(ports, undefined);
    const { journal, frames } = await Journal.open(ports.files, path);
    const store = new EmbeddedMetadataStore(ports, journal);
    for (const frame of frames) store.replay(JSON.parse(frame) as JournalFrame);
    return store;
  }

  private replay(frame: JournalFrame): void {
    this.revision = frame.r;
    for (const change of frame.o) {
      if ('v' in change)
        this.set({ key: change.k, value: change.v, version: change.n, createRevision: change.c, modRevision: frame.r });
      else this.remove(change.k);
    }
  }

  private set(entry: MetadataEntry): void {
    this.remove(entry.key);
    this.entries.set(entry.key, entry);
    this.contentBytes += entry.key.length + entry.value.length;
  }

  private remove(key: string): void {
    const old = this.entries.get(key);
    if (old === undefined) return;
    this.contentBytes -= key.length + old.value.length;
    this.entries.delete(key);
  }

  async get(key: string): Promise<MetadataEntry | undefined> {
    validateKey(key);
    return this.entries.get(key);
  }

  async list(prefix: string): Promise<readonly MetadataEntry[]> {
    validateKey(prefix);
    const found = [...this.entries.values()].filter(({ key }) => key.startsWith(prefix));
    return found.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  async txn(checks: readonly MetadataCheck[], ops: readonly MetadataOp[]): Promise<MetadataTxnResult> {
    validateTxn(checks, ops);
    if (this.failure !== undefined) throw this.failure;
    for (const { key, version } of checks)
      if ((this.entries.get(key)?.version ?? 0) !== version) return { committed: false };
    if (ops.length === 0) return { committed: true, revision: this.revision };
    this.revision += 1;
    const { revision } = this;
    const durable = ops.flatMap((op) => this.apply(op, revision));
    for (const op of ops) this.touch('put' in op ? op.put : op.delete);
    if (durable.length > 0) await this.persist({ r: revision, o: durable });
    return { committed: true, revision };
  }

  /** Changes the map; returns what the journal must hold. */
  private apply(op: MetadataOp, revision: number): Change[] {
    if ('delete' in op) {
      this.remove(op.delete);
      return [{ k: op.delete }];
    }
    const old = this.entries.get(op.put);
    const entry: MetadataEntry = {
      key: op.put,
      value: op.value,
      version: (old?.version ?? 0) + 1,
      createRevision: old?.createRevision ?? revision,
      modRevision: revision,
    };
    this.set(entry);
    if (op.session === undefined) return [{ k: entry.key, v: entry.value, n: entry.version, c: entry.createRevision }];
    if (op.session instanceof LocalSession) op.session.keys.add(op.put);
    return [];
  }

  private persist(frame: JournalFrame): Promise<void> {
    if (this.journal === undefined) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.pending.push({ payload: JSON.stringify(frame), resolve, reject });
      this.writing ??= this.writeOut(this.journal as Journal);
    });
  }

  /** Writes what is pending, and what came meanwhile, one sync a group. Without room it waits: nothing is answered meanwhile. */
  private async writeOut(journal: Journal): Promise<void> {
    let saidFull = false;
    while (this.pending.length > 0) {
      const group = this.pending;
      this.pending = [];
      try {
        const grown = journal.sizeBytes > rewriteMinBytes && journal.sizeBytes > rewriteFactor * this.contentBytes;
        const rewritten = grown && (await journal.rewrite(this.snapshot()));
        if (!rewritten) await journal.append(group.map(({ payload }) => payload));
        for (const { resolve } of group) resolve();
        if (saidFull) this.ports.logger?.info(`${journal.path} has room again: changes of metadata go on`);
        saidFull = false;
      } catch (cause) {
        if (isNoSpace(cause) && !this.closing) {
          if (!saidFull)
            this.ports.logger?.warn(
              `the disk is full and ${journal.path} cannot grow: changes of topics, configs and producer ids wait; remove files or enlarge the disk, and they go on by themselves`,
            );
          saidFull = true;
          this.pending.unshift(...group);
          await this.waitForRoom();
          continue;
        }
        // Memory is ahead of the medium now: nothing may be answered from it any more.
        this.failure = new MetadataStoreError('IO', `the metadata journal ${journal.path} could not be written`, {
          cause,
        });
        for (const { reject } of [...group, ...this.pending.splice(0)]) reject(this.failure);
      }
    }
    this.writing = undefined;
  }

  private waitForRoom(): Promise<void> {
    return new Promise((resolve) => {
      this.waitingForRoom = { timer: this.ports.timers.after(noRoomRetryMs, resolve), wake: resolve };
    });
  }

  /** Everything durable as one frame a revision, in order. */
  private snapshot(): string[] {
    const sessionKeys = new Set([...this.sessions].flatMap((session) => [...session.keys]));
    const byRevision = new Map<number, Change[]>();
    for (const { key, value, version, createRevision, modRevision } of this.entries.values()) {
      if (sessionKeys.has(key)) continue;
      const changes = byRevision.get(modRevision) ?? [];
      changes.push({ k: key, v: value, n: version, c: createRevision });
      byRevision.set(modRevision, changes);
    }
    if (!byRevision.has(this.revision)) byRevision.set(this.revision, []);
    return [...byRevision].sort(([a], [b]) => a - b).map(([r, o]) => JSON.stringify({ r, o }));
  }

  private readonly sessions = new Set<LocalSession>();

  /** The session of the only process there is does not time out. */
  async createSession(_ttlMs: number): Promise<MetadataSession> {
    const session = new LocalSession(this.nextSessionId++, async (ended) => {
      this.sessions.delete(ended);
      for (const key of ended.keys) {
        this.remove(key);
        this.touch(key);
      }
      ended.keys.clear();
    });
    this.sessions.add(session);
    return session;
  }

  watch(prefix: string, onDirty: () => void): () => void {
    const watch = { prefix, onDirty, dirty: false };
    this.watches.add(watch);
    return () => this.watches.delete(watch);
  }

  private touch(key: string): void {
    for (const watch of this.watches) {
      if (watch.dirty || !key.startsWith(watch.prefix)) continue;
      watch.dirty = true;
      this.ports.timers.soon(() => {
        watch.dirty = false;
        if (this.watches.has(watch)) watch.onDirty();
      });
    }
  }

  async close(): Promise<void> {
    this.watches.clear();
    this.closing = true;
    this.waitingForRoom?.timer.cancel();
    this.waitingForRoom?.wake();
    await this.writing;
    await this.journal?.close();
  }
}
