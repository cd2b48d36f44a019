import type { ReplicaManager } from '../../replication/replica_manager.js';
import type { Timeout } from '../../replication/timeout_wheel.js';
import type { RequestContext } from '../handler.js';
import type { ShareFetch, ShareFetchedPartition } from './share_fetch.js';

type Answer = ShareFetchedPartition[] | null;

/**
 * A share fetch that found too little. It looks again when a partition has more committed records, and when records of its group are
 * available again. Null when the member's connection is gone.
 */
export class DelayedShareFetch {
  private readonly undo: Array<() => void> = [];
  private readonly timeout: Timeout;
  private finished = false;

  constructor(
    private readonly replicas: ReplicaManager,
    private readonly fetch: ShareFetch,
    maxWaitMs: number,
    private readonly context: RequestContext,
    private readonly resolve: (answer: Answer | Promise<Answer>) => void,
  ) {
    this.timeout = replicas.wheel.add(this, maxWaitMs);
    const look = () => this.look();
    for (const { partition, watchers } of fetch.entries()) {
      this.undo.push(partition.onHighWatermark(look));
      watchers.add(look);
      this.undo.push(() => watchers.delete(look));
    }
    this.undo.push(context.onConnectionClose(() => this.finish(() => null)));
  }

  private look(): void {
    if (!this.finished && this.fetch.isEnough()) this.finish(() => this.fetch.complete(this.context));
  }

  onTimeout(): void {
    this.finish(() => this.fetch.complete(this.context));
  }

  private finish(answer: () => Answer | Promise<Answer>): void {
    if (this.finished) return;
    this.finished = true;
    for (const undo of this.undo) undo();
    this.replicas.wheel.cancel(this.timeout);
    this.resolve(answer());
  }
}
