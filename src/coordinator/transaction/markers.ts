import type { Timers } from '../../common/ports/index.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { EndOfTransaction } from '../runtime/log.js';
import type { ShardLogger } from '../runtime/shard.js';
import type { Ending } from './commands.js';

/** Ends transactions on the partitions that they wrote to. Wired by the server. */
export interface MarkerWriter {
  /**
   * Resolves when the marker is committed, or with what kept it from being so: UNKNOWN_TOPIC_OR_PARTITION when there is no such
   * partition any more. A marker may be written twice: the second one ends nothing. Never rejects.
   */
  write(topic: string, partition: number, marker: EndOfTransaction): Promise<ErrorCode>;
}

/** Waits between two tries, doubled up to the second. */
const firstRetryMs = 20;
const longestRetryMs = 1_000;

/** Of partitions, and of transactions. */
export interface MarkerCounts {
  /** Markers that are not committed yet. */
  readonly inFlight: number;
  /** Of these, that wait for a partition that cannot be written to now. */
  readonly unknownDestination: number;
  /** Transactions whose markers are all there, which the log could not be told yet. */
  readonly appendRetries: number;
}

interface Work {
  cancelled: boolean;
  /** Ends the waits between two tries. */
  readonly waits: Set<() => void>;
}

/**
 * Writes the markers of transactions whose end is committed, until all are there; then says so. What was begun when the broker
 * stopped begins anew at its next start: the log says that the end is decided, and markers may be repeated.
 */
export class MarkerQueue {
  /** By partition of the coordinator, and transaction. */
  private readonly work = new Map<number, Map<string, Work>>();

  /** For metrics. */
  readonly counts = { inFlight: 0, unknownDestination: 0, appendRetries: 0 } satisfies MarkerCounts;

  constructor(
    private readonly deps: {
      readonly timers: Timers;
      readonly logger: ShardLogger;
      readonly writer: MarkerWriter;
      /** Leader epoch of a partition of `__transaction_state`. */
      readonly coordinatorEpoch: (partition: number) => number;
      /** All markers are committed. True: the coordinator has taken note. */
      readonly complete: (partition: number, ending: Ending) => Promise<boolean>;
    },
  ) {}

  /** Transactions whose markers are not all written. */
  get size(): number {
    let size = 0;
    for (const works of this.work.values()) size += works.size;
    return size;
  }

  /** Does nothing for a transaction that is in work already. */
  add(partition: number, ending: Ending): void {
    const works = this.work.get(partition) ?? new Map<string, Work>();
    this.work.set(partition, works);
    const key = `${ending.producerId} ${ending.producerEpoch} ${ending.transactionalId}`;
    if (works.has(key)) return;
    const work: Work = { cancelled: false, waits: new Set() };
    works.set(key, work);
    void this.finish(partition, ending, work).then((finished) => {
      // One that was given up stays here, so that it is not tried for ever.
      if (finished && works.get(key) === work) works.delete(key);
    });
  }

  /** The partition is coordinated elsewhere. */
  stop(partition: number): void {
    for (const work of this.work.get(partition)?.values() ?? []) {
      work.cancelled = true;
      for (const endWait of [...work.waits]) endWait();
    }
    this.work.delete(partition);
  }

  close(): void {
    for (const partition of [...this.work.keys()]) this.stop(partition);
  }

  private async finish(partition: number, ending: Ending, work: Work): Promise<boolean> {
    const { transactionalId, producerId, producerEpoch, commit, transactionVersion, partitions } = ending;
    const marker: EndOfTransaction = {
      type: commit ? 'COMMIT' : 'ABORT',
      producerId,
      producerEpoch,
      coordinatorEpoch: this.deps.coordinatorEpoch(partition),
      transactionVersion,
    };
    const places = partitions.flatMap(({ topic, partitions: indexes }) => indexes.map((index) => ({ topic, index })));
    const written = await Promise.all(
      places.map(async ({ topic, index }) => {
        this.counts.inFlight += 1;
        const done = await this.until(work, 'unknownDestination', async () => {
          const error = await this.deps.writer.write(topic, index, marker);
          return this.judge(error, `${topic}-${index}`, transactionalId);
        });
        this.counts.inFlight -= 1;
        return done;
      }),
    );
    if (!written.every(Boolean)) return false;
    return this.until(work, 'appendRetries', async () =>
      (await this.deps.complete(partition, ending)) ? 'done' : 'again',
    );
  }

  private judge(error: ErrorCode, where: string, transactionalId: string): 'done' | 'again' | 'given-up' {
    switch (error) {
      case ErrorCode.NONE:
      // The partition was deleted, and what the transaction wrote to it.
      case ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
        return 'done';
      case ErrorCode.INVALID_PRODUCER_EPOCH:
      case ErrorCode.TRANSACTION_COORDINATOR_FENCED:
        this.deps.logger.error(
          `the end of the transaction of ${transactionalId} cannot be written to ${where} (error ${error}): a later producer or coordinator was there already`,
        );
        return 'given-up';
      default:
        return 'again';
    }
  }

  /** Tries until it is done. False: cancelled or given up. */
  private async until(
    work: Work,
    waits: 'unknownDestination' | 'appendRetries',
    attempt: () => Promise<'done' | 'again' | 'given-up'>,
  ): Promise<boolean> {
    for (let waitMs = firstRetryMs; !work.cancelled; waitMs = Math.min(waitMs * 2, longestRetryMs)) {
      const outcome = await attempt();
      if (outcome !== 'again') return outcome === 'done';
      if (work.cancelled) break;
      this.counts[waits] += 1;
      await this.pause(work, waitMs);
      this.counts[waits] -= 1;
    }
    return false;
  }

  private pause(work: Work, waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const endWait = () => {
        timer.cancel();
        work.waits.delete(endWait);
        resolve();
      };
      const timer = this.deps.timers.after(waitMs, endWait);
      work.waits.add(endWait);
    });
  }
}
