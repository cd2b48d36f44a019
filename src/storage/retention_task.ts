import type { LogManagerPorts } from './log_manager_ports.js';
import type { PartitionLog } from './partition_log.js';
import { deleteExpiredSegments } from './retention.js';

export interface RetentionHooks {
  /** Its directory has not failed. */
  isUsable(log: PartitionLog): boolean;
  later(delayMs: number, run: () => void): void;
}

/** Deletes what retention and DeleteRecords set free; its files go after `file.delete.delay.ms`. */
export class Retention {
  constructor(
    private readonly ports: Pick<LogManagerPorts, 'clock' | 'logger'>,
    private readonly hooks: RetentionHooks,
  ) {}

  enforce(logs: Iterable<PartitionLog>): void {
    const { clock, logger } = this.ports;
    for (const log of logs) {
      if (!this.hooks.isUsable(log)) continue;
      try {
        log.rollIfDue(clock.wallMs());
        if (log.space?.full === true) log.rollIfEmptied();
        const deleted = deleteExpiredSegments(log, clock.wallMs());
        if (deleted === 0) continue;
        logger.info(
          `${log.name}: ${deleted} segments deleted by retention, the log begins at ${log.log.logStartOffset} now`,
        );
        this.unlinkLater(log);
      } catch (error) {
        logger.error(`retention of ${log.name} failed`, { error });
      }
    }
  }

  /** Their disk is full: what may be deleted is, now, and what waits for its delay does not wait any longer. */
  makeRoom(logs: readonly PartitionLog[]): void {
    this.enforce(logs);
    for (const log of logs) this.unlinkLater(log);
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
