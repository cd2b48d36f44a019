import type { Uuid } from '../common/ids.js';
import type { Random } from '../common/ports/index.js';
import type { BrokerConfig } from '../config/index.js';
import type { MetadataImage, TopicImage } from '../metadata/image.js';
import { keys } from '../metadata/keys.js';
import type { StoreMetadataCache } from '../metadata/metadata_cache.js';
import {
  type MetadataCheck,
  type MetadataOp,
  type MetadataSession,
  type MetadataStore,
  MetadataStoreError,
  type MetadataTxnResult,
  maxTxnOps,
} from '../metadata/store.js';
import { ErrorCode } from '../protocol/errors.js';
import type { Logger } from '../telemetry/logger.js';
import { type ControllerError, failure, isFailure } from './assignments.js';
import { decideCreatePartitions, decideCreateTopic, type TopicCreation, type TopicDecision } from './decide_topics.js';

export interface ControllerDeps {
  readonly nodeId: number;
  readonly store: MetadataStore;
  readonly cache: StoreMetadataCache;
  readonly random: Random;
  readonly logger: Logger;
  readonly session: MetadataSession;
  /** The configuration in force, dynamic changes included. */
  config(): BrokerConfig;
  /** Resolves when this broker has applied the image (logs are open, or gone). */
  applied(image: MetadataImage): Promise<void>;
  /** Whether files of a deleted topic may be left, in a directory that is offline or could not be renamed. Default: they may. */
  leavesTraces?(topicId: Uuid): boolean;
}

/** A transaction has room for so many notes of earlier deletions beside its own work. */
const notesPerDeletion = 50;

/** New values by key of the store; null: none. */
export type Edits = ReadonlyMap<string, string | null>;

/** Checks beside them: the controller's epoch. */
const keysPerTxn = maxTxnOps - 1;

/**
 * Changes the cluster's metadata, one change at a time: decide on the current image, one transaction that checks the controller's
 * epoch and everything the decision rests on, then wait until the change is in the image and applied. A race that was lost
 * (another controller) is NOT_CONTROLLER.
 */
export class Controller {
  private queue: Promise<unknown> = Promise.resolve();
  private epochVersion = 0;
  /** Notes of deleted topics of which nothing is left; the next deletion takes them away. */
  private readonly settledNotes: string[] = [];

  constructor(private readonly deps: ControllerDeps) {}

  /** Becomes the controller: one transaction takes the empty seat and raises the epoch, which fences whoever sat there before. */
  async elect(): Promise<boolean> {
    const { store, session, nodeId } = this.deps;
    const epoch = await store.get(keys.controllerEpoch);
    const version = epoch?.version ?? 0;
    const result = await store.txn(
      [
        { key: keys.controller, version: 0 },
        { key: keys.controllerEpoch, version },
      ],
      [
        { put: keys.controller, value: String(nodeId), session },
        { put: keys.controllerEpoch, value: String(Number(epoch?.value ?? 0) + 1) },
      ],
    );
    if (result.committed) this.epochVersion = version + 1;
    return result.committed;
  }

  get isController(): boolean {
    return this.epochVersion > 0;
  }

  async createTopic(topic: TopicCreation, validateOnly: boolean): Promise<TopicDecision | ControllerError> {
    return this.exclusively(async () => {
      const { cache, random, logger } = this.deps;
      const context = {
        image: cache.current(),
        config: this.deps.config(),
        topicId: random.uuid(),
        start: random.uint32() & 0xffff,
      };
      const decision = decideCreateTopic(topic, context);
      if (isFailure(decision) || validateOnly) return decision;
      const failed = await this.commit(decision.checks, decision.ops);
      if (failed !== undefined) return failed;
      for (const warning of decision.warnings) logger.warn(`topic ${topic.name}: ${warning}`);
      logger.info(`topic ${topic.name} created with ${decision.numPartitions} partition(s)`, {
        topicId: decision.topicId,
      });
      return decision;
    });
  }

  async deleteTopic(id: Uuid): Promise<ControllerError> {
    return this.exclusively(async () => {
      const { cache, store, logger } = this.deps;
      const topic = cache.current().topicsById.get(id);
      if (topic === undefined) return failure(ErrorCode.UNKNOWN_TOPIC_ID);
      const doomed = [keys.topic(id), keys.topicName(topic.name), keys.topicConfig(id)];
      doomed.push(...this.settledNotes.slice(0, notesPerDeletion));
      const entries = await Promise.all(doomed.map((key) => store.get(key)));
      const present = entries.filter((entry) => entry !== undefined);
      // With the topic its name goes into the notes: files that a crash or a failed disk leaves behind are then known to be nobody's.
      const note = keys.deletedTopic(id);
      const failed = await this.commit(
        [...present.map(({ key, version }) => ({ key, version })), { key: note, version: 0 }],
        [...present.map(({ key }) => ({ delete: key })), { put: note, value: topic.name }],
      );
      if (failed !== undefined) return failed;
      this.settledNotes.splice(0, notesPerDeletion);
      if (this.deps.leavesTraces?.(id) === false) this.settledNotes.push(note);
      logger.info(`topic ${topic.name} deleted`, { topicId: id });
      return failure(ErrorCode.NONE);
    });
  }

  async createPartitions(
    topic: TopicImage,
    count: number,
    assignments: readonly (readonly number[])[] | null,
    validateOnly: boolean,
  ): Promise<ControllerError> {
    return this.exclusively(async () => {
      const { cache, store, random } = this.deps;
      const image = cache.current();
      const current = image.topicsById.get(topic.id);
      const entry = await store.get(keys.topic(topic.id));
      if (current === undefined || entry === undefined) return failure(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
      const context = { image, start: random.uint32() & 0xffff };
      const decision = decideCreatePartitions(current, entry.version, count, assignments, context);
      if (isFailure(decision)) return decision;
      if (validateOnly) return failure(ErrorCode.NONE);
      return (await this.commit(decision.checks, decision.ops)) ?? failure(ErrorCode.NONE);
    });
  }

  /** Stores the configs at `key`; none removes it. `judge` decides on what is stored now. */
  async changeConfigs(
    key: string,
    judge: (current: ReadonlyMap<string, string>) => ReadonlyMap<string, string> | ControllerError,
    validateOnly: boolean,
  ): Promise<ControllerError> {
    return this.edit(
      [key],
      (values) => {
        const next = judge(new Map(Object.entries(JSON.parse(values.get(key) ?? '{}') as Record<string, string>)));
        if (isFailure(next)) return next;
        return new Map([[key, next.size === 0 ? null : JSON.stringify(Object.fromEntries(next))]]);
      },
      validateOnly,
    );
  }

  /**
   * Decides on what is stored at `wanted` and stores what is decided; null removes. Values that stay as they are need not be named. What
   * does not fit in one transaction of the store is written in several, in order.
   */
  async edit(
    wanted: readonly string[] | ((image: MetadataImage) => readonly string[]),
    decide: (values: ReadonlyMap<string, string>, image: MetadataImage) => Edits | ControllerError,
    validateOnly = false,
  ): Promise<ControllerError> {
    return this.exclusively(async () => {
      const { store, cache } = this.deps;
      const keysNow = typeof wanted === 'function' ? wanted(cache.current()) : wanted;
      const found = await Promise.all([...new Set(keysNow)].map((key) => store.get(key)));
      const entries = new Map(found.flatMap((entry) => (entry === undefined ? [] : [[entry.key, entry] as const])));
      const next = decide(new Map([...entries].map(([key, { value }]) => [key, value])), cache.current());
      if (isFailure(next)) return next;
      if (validateOnly) return failure(ErrorCode.NONE);
      const changed = [...next].filter(([key, value]) => (entries.get(key)?.value ?? null) !== value);
      for (let from = 0; from < changed.length; from += keysPerTxn) {
        const part = changed.slice(from, from + keysPerTxn);
        const failed = await this.commit(
          part.map(([key]) => ({ key, version: entries.get(key)?.version ?? 0 })),
          part.map(([key, value]): MetadataOp => (value === null ? { delete: key } : { put: key, value })),
        );
        if (failed !== undefined) return failed;
      }
      return failure(ErrorCode.NONE);
    });
  }

  /** One transaction under the controller's epoch; then waits until the broker acts on it. Undefined: done. */
  private async commit(
    checks: readonly MetadataCheck[],
    ops: readonly MetadataOp[],
  ): Promise<ControllerError | undefined> {
    if (!this.isController) return failure(ErrorCode.NOT_CONTROLLER);
    const fenced = [{ key: keys.controllerEpoch, version: this.epochVersion }, ...checks];
    let result: MetadataTxnResult;
    try {
      result = await this.deps.store.txn(fenced, ops);
    } catch (error) {
      // What a client may ask for has no limits of its own (the length of a config, say); the store has.
      if (error instanceof MetadataStoreError && error.kind === 'TOO_LARGE')
        return failure(ErrorCode.INVALID_REQUEST, error.message);
      throw error;
    }
    if (!result.committed) return failure(ErrorCode.NOT_CONTROLLER, 'The metadata changed meanwhile; try again.');
    await this.deps.cache.refresh();
    await this.deps.applied(this.deps.cache.current());
    return undefined;
  }

  private exclusively<T>(run: () => Promise<T>): Promise<T> {
    const result = this.queue.then(run);
    this.queue = result.catch(() => undefined);
    return result;
  }

  /** At the start, when every log directory is there and nothing is left of deleted topics: their notes go. */
  async forgetDeletedTopics(): Promise<void> {
    await this.exclusively(async () => {
      const notes = await this.deps.store.list(keys.deletedTopics);
      for (let from = 0; from < notes.length; from += notesPerDeletion) {
        const some = notes.slice(from, from + notesPerDeletion);
        await this.deps.store.txn(
          some.map(({ key, version }) => ({ key, version })),
          some.map(({ key }) => ({ delete: key })),
        );
      }
    });
  }

  /** Resolves when no change is under way. */
  async idle(): Promise<void> {
    await this.queue;
  }
}
