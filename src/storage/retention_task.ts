import type { LogManagerPorts } from './log_manager_ports.js';
import type { PartitionLog } from './partition_log.js';
import { deleteExpiredSegments } from './retention.js';
import { mostLoads } from './without_waiting.js';

/** The look that waits for the medium. */
const waits = mostLoads + 1;

export interface RetentionHooks {
  /** It is open, and its directory has not failed. */
  isUsable(log: PartitionLog): boolean;
  later(delayMs: number, run: () => void): void;
}

/** Deletes what retention and DeleteRecords set free; its files go after `file.delete.delay.ms`. */
export class Retention {
  constructor(
    private readonly ports: Pick<LogManagerPorts, 'clock' | 'logger'>,
    private readonly hooks: RetentionHooks,
  ) {}

  /** Logs that tell the age of their segments only by what is not in memory follow once that is loaded. */
  enforce(logs: Iterable<PartitionLog>): void {
    for (const log of logs) this.enforceOn(log, 1);
  }

  private enforceOn(log: PartitionLog, look: number): void {
    const { clock, logger } = this.ports;
    if (!this.hooks.isUsable(log)) return;
    try {
      log.rollIfDue(clock.wallMs());
      if (log.space?.full === true) log.rollIfEmptied();
      const deleted = deleteExpiredSegments(log, clock.wallMs(), look >= waits);
      if (typeof deleted !== 'number') {
        void deleted.loading.then(() => this.enforceOn(log, look + 1));
        return;
      }
      if (deleted === 0) return;
      logger.info(
        `${log.name}: ${deleted} segments deleted by retention, the log begins at ${log.log.logStartOffset} now`,
      );
      this.unlinkLater(log);
    } catch (error) {
      logger.error(`retention of ${log.name} failed`, { error });
    }
  }

  /** Their disk is full: what may be deleted is, now, whatever it waits for, and what waits for its delay does not wait any longer. */
  makeRoom(logs: readonly PartitionLog[]): void {
    for (const log of logs) {
      this.enforceOn(log, waits);
      this.unlinkLater(log);
    }
  }

  /** Segments that were dropped or replaced are gone after their delay. */
  unlinkLater(log: PartitionLog): void {
    this.hooks.later(deleteDelayMs(log), () => {
      log.log
        .deletePending()
        .catch((error: unknown) => this.ports.logger.warn(`${log.name}: old segments could not be removed`, { error }));
    });
  }
}

/** Readers hold descriptors, so the delay protects nobody here: on a full disk the room is wanted at once. */
export function deleteDelayMs(log: PartitionLog): number {
  return log.space?.full === true ? 0 : log.config.fileDeleteDelayMs;
}
