import type { ConsumerGroupDescribeResponseInput } from '../../protocol/api/consumer_group_describe.js';
import type {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponseInput,
} from '../../protocol/api/consumer_group_heartbeat.js';
import type { ReplyToken } from '../runtime/machine.js';

export interface ConsumerHeartbeatCommand {
  readonly kind: 'consumer-heartbeat';
  readonly token: ReplyToken;
  readonly request: ConsumerGroupHeartbeatRequest;
  readonly clientId: string;
  readonly clientHost: string;
  /** The id a member that has none yet would get. */
  readonly newMemberId: string;
  /** Topics that a pattern may match, where there is an authorizer: those that the member may describe. */
  readonly mayDescribe?: TopicFilter | undefined;
}

/** Where there is an authorizer: the topics that a client may describe. */
export type TopicFilter = (topic: string) => boolean;

export interface ConsumerDescribeCommand {
  readonly kind: 'consumer-describe';
  readonly token: ReplyToken;
  readonly groupIds: readonly string[];
}

/** Timers of consumer groups. */
export type ConsumerTimerCommand =
  /** Not heard of in time, or not done in time with what the reason says. */
  | { readonly kind: 'consumer-fence'; readonly groupId: string; readonly memberId: string; readonly reason: string }
  | {
      readonly kind: 'consumer-rebalance-expired';
      readonly groupId: string;
      readonly memberId: string;
      readonly memberEpoch: number;
    }
  | {
      readonly kind: 'consumer-resolve';
      readonly groupId: string;
      readonly regexes: readonly string[];
      /** Of the member whose request had them resolved, for the patterns of all members, as in Kafka. */
      readonly mayDescribe: TopicFilter | undefined;
    };

export type ConsumerCommand = ConsumerHeartbeatCommand | ConsumerDescribeCommand | ConsumerTimerCommand;

export type DescribedConsumerGroup = NonNullable<ConsumerGroupDescribeResponseInput['groups']>[number];

export type ConsumerReply =
  | { readonly kind: 'consumer-heartbeat'; readonly response: ConsumerGroupHeartbeatResponseInput }
  | {
      readonly kind: 'consumer-describe';
      readonly groups: ReadonlyArray<DescribedConsumerGroup & { readonly groupId: string }>;
    };
