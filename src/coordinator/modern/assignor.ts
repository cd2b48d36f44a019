import type { Uuid } from '../../common/ids.js';
import type { Assignment } from './assignment.js';
import type { SubscriptionType } from './group.js';

/** What an assignor knows of a member. */
export interface AssignorMember {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly rackId: string | null;
  /** Topics that are there, of those the member is subscribed to. */
  readonly topicIds: ReadonlySet<Uuid>;
  /** The target so far. */
  readonly assigned: Assignment;
}

export interface AssignorInput {
  /** In Kafka's order (`memberOrder`). */
  readonly members: readonly AssignorMember[];
  readonly subscriptionType: SubscriptionType;
  /** Of every topic that somebody is subscribed to. */
  readonly partitionCount: (topicId: Uuid) => number;
}

/** A pure function: the same input gives the same assignment. Members that get nothing may be left out. */
export type Assignor = (input: AssignorInput) => ReadonlyMap<string, Assignment>;

export interface NamedAssignor {
  readonly name: string;
  readonly assign: Assignor;
}
