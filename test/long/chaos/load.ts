import { setTimeout as sleep } from 'node:timers/promises';
import { ErrorCode } from '../../../src/protocol/errors.js';
import type { HistoryEvent } from '../../support/history.js';

/** Somebody who works on the broker while it is hurt. */
export interface Load {
  /** Ends it once everything that was begun is done; rejects when it met what must not be. */
  finish(): Promise<void>;
  /** Ends a process of its own, if it has one. */
  abort?(): void;
}

/** What every load shares. */
export class LoadContext {
  readonly events: HistoryEvent[] = [];
  /** Answers that producers got instead of an acknowledgement, by error code. */
  readonly refusals = new Map<number, number>();
  commits = 0;
  acknowledgements = 0;
  /** What a broker that was just started, or whose disk is full, may answer. */
  readonly retriable: ReadonlySet<number> = new Set([
    ErrorCode.KAFKA_STORAGE_ERROR,
    ErrorCode.REQUEST_TIMED_OUT,
    ErrorCode.LEADER_NOT_AVAILABLE,
    ErrorCode.NOT_LEADER_OR_FOLLOWER,
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ]);

  constructor(
    readonly port: number,
    readonly topic: string,
    readonly partitions: number,
    private readonly random: () => number,
    private readonly valueBytes: number,
  ) {}

  /** The first thing that a load met and must not have met. */
  failure: Error | undefined;

  /** Notices a failure when it happens; whoever awaits the promise gets it as well. */
  watch(running: Promise<void>): Promise<void> {
    running.catch((error: unknown) => {
      this.failure ??= error instanceof Error ? error : new Error(String(error));
    });
    return running;
  }

  record(event: HistoryEvent): void {
    this.events.push(event);
    if (event.kind === 'ack') this.acknowledgements += 1;
  }

  refused(errorCode: number): void {
    this.refusals.set(errorCode, (this.refusals.get(errorCode) ?? 0) + 1);
  }

  /** The campaign failed: whoever still works ends. */
  aborted = false;

  /** Up to so long, drawn. */
  async pause(maxMs: number): Promise<void> {
    await sleep(this.random() * maxMs);
    if (this.aborted) throw new Error('aborted');
  }

  value(id: string): string {
    return id.padEnd(Math.floor(this.random() * this.valueBytes), '.');
  }
}
