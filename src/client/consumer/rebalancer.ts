import { type TopicPartition, topicPartitionName } from '../../common/ids.js';
import type { GroupMembership, JoinedGeneration } from './group_membership.js';
import type { TopicWatch } from './topic_watch.js';
import type { RebalanceListener } from './types.js';

/** The partitions of the consumer, as the rebalancer changes them. */
export interface Holdings {
  readonly assigned: () => readonly TopicPartition[];
  /** What was handed out is committed before it may go to another member. */
  readonly beforeRevoke: () => Promise<void>;
  readonly remove: (partitions: readonly TopicPartition[]) => void;
  readonly add: (partitions: readonly TopicPartition[]) => void;
  /** Poll has to run. */
  readonly onAttention: () => void;
}

type JoinOutcome =
  | { readonly kind: 'joined'; readonly generation: JoinedGeneration }
  | { readonly kind: 'failed'; readonly error: unknown };

/**
 * Carries out rebalances. Eager: everything is given up, then what was assigned is taken. Cooperative: only what was assigned
 * to another is given up, while reading of the rest goes on, and a second round hands it on. Listeners and changes of the
 * holdings happen inside `poll`; only the wait for the other members goes on outside of it.
 */
export class Rebalancer {
  #subscription: readonly string[] | RegExp = [];
  #topics: readonly string[] = [];
  #listener: RebalanceListener = {};
  #joining = false;
  #outcome: JoinOutcome | undefined;

  constructor(
    readonly membership: GroupMembership,
    private readonly watch: TopicWatch,
    private readonly holdings: Holdings,
  ) {}

  subscribe(topics: readonly string[] | RegExp, listener: RebalanceListener): void {
    this.#subscription = topics;
    this.#listener = listener;
    this.#topics = topics instanceof RegExp ? [] : [...new Set(topics)];
    this.membership.subscribe(this.#topics);
  }

  get needsPoll(): boolean {
    if (this.#outcome !== undefined) return true;
    return !this.#joining && (this.membership.needsJoin || this.watch.isDue);
  }

  /** Does what is due, and does not wait for the other members. @throws what a join failed with for good */
  async poll(): Promise<void> {
    this.membership.polled();
    if (!this.#joining && this.watch.isDue) await this.#lookAtTopics();
    for (;;) {
      const outcome = this.#outcome;
      this.#outcome = undefined;
      if (outcome?.kind === 'failed') throw outcome.error;
      if (outcome !== undefined) await this.#adopt(outcome.generation);
      if (this.#joining || !this.membership.needsJoin) return;
      await this.#begin();
    }
  }

  async #lookAtTopics(): Promise<void> {
    if (this.#subscription instanceof RegExp) {
      const topics = await this.watch.matching(this.#subscription);
      if (topics.join() !== this.#topics.join()) this.membership.requestRejoin();
    }
    // Members see only their own topics; the leader's view of them decides.
    if (this.membership.isLeader && (await this.watch.haveChanged(this.#topics))) this.membership.requestRejoin();
  }

  async #begin(): Promise<void> {
    if (this.#subscription instanceof RegExp) {
      this.#topics = await this.watch.matching(this.#subscription);
      this.membership.subscribe(this.#topics);
    }
    const held = this.holdings.assigned();
    if (this.membership.takeLost()) {
      this.holdings.remove(held);
      if (held.length > 0) await (this.#listener.onLost ?? this.#listener.onRevoked)?.(held);
    } else if (!this.membership.isCooperative && held.length > 0) await this.#revoke(held);
    this.#joining = true;
    void this.membership
      .join(this.holdings.assigned())
      .then(
        (generation): JoinOutcome => ({ kind: 'joined', generation }),
        (error: unknown): JoinOutcome => ({ kind: 'failed', error }),
      )
      .then((outcome) => {
        this.#joining = false;
        this.#outcome = outcome;
        this.holdings.onAttention();
      });
  }

  async #adopt({ assigned, isCooperative }: JoinedGeneration): Promise<void> {
    const kept = new Set(assigned.map(nameOf));
    const revoked = this.holdings.assigned().filter((one) => !kept.has(nameOf(one)));
    if (revoked.length > 0) {
      await this.#revoke(revoked);
      // Another round, in which the others can have them.
      if (isCooperative) this.membership.requestRejoin();
    }
    const before = new Set(this.holdings.assigned().map(nameOf));
    const added = assigned.filter((one) => !before.has(nameOf(one)));
    this.holdings.add(added);
    await this.#listener.onAssigned?.(added);
  }

  async #revoke(partitions: readonly TopicPartition[]): Promise<void> {
    await this.holdings.beforeRevoke();
    await this.#listener.onRevoked?.(partitions);
    this.holdings.remove(partitions);
  }

  async close(reason: string): Promise<void> {
    const held = this.holdings.assigned();
    if (held.length > 0) await this.#listener.onRevoked?.(held);
    await this.membership.close(reason);
  }
}

function nameOf({ topic, partition }: TopicPartition): string {
  return topicPartitionName(topic, partition);
}
