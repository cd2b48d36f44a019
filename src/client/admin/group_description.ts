import type { TopicPartition } from '../../common/ids.js';
import type { Outcome } from './outcome.js';

export interface GroupMember {
  /** Of members of the consumer and the streams protocol: the group epoch up to which they have got. */
  readonly epoch?: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  /** Topics subscribed to; empty for groups of another protocol. */
  readonly subscribedTopics: readonly string[];
  readonly assignedPartitions: readonly TopicPartition[];
}

export interface GroupDescription extends Outcome {
  readonly groupId: string;
  /** `Empty`, `Stable`, `Dead`, and by type `PreparingRebalance`, `CompletingRebalance`, `Assigning`, `Reconciling`, `NotReady`. */
  readonly state: string;
  readonly protocolType: string;
  /** The assignor in use. */
  readonly protocol: string;
  readonly coordinatorId: number;
  /** `classic`, `consumer` or `streams`. */
  readonly type: string;
  /** Of groups of the consumer and the streams protocol. */
  readonly groupEpoch?: number;
  readonly assignmentEpoch?: number;
  readonly members: readonly GroupMember[];
}
