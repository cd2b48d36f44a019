import type { StreamsGroupDescribeResponseInput } from '../../protocol/api/streams_group_describe.js';
import type {
  StreamsGroupHeartbeatRequest,
  StreamsGroupHeartbeatResponseInput,
} from '../../protocol/api/streams_group_heartbeat.js';
import type { ReplyToken } from '../runtime/machine.js';
import type { WantedTopic } from './configured.js';

export interface StreamsHeartbeatCommand {
  readonly kind: 'streams-heartbeat';
  readonly token: ReplyToken;
  readonly request: StreamsGroupHeartbeatRequest;
  readonly clientId: string;
  readonly clientHost: string;
}

export interface StreamsDescribeCommand {
  readonly kind: 'streams-describe';
  readonly token: ReplyToken;
  readonly groupIds: readonly string[];
}

export type StreamsTimerCommand =
  | { readonly kind: 'streams-session-expired'; readonly groupId: string; readonly memberId: string }
  | {
      readonly kind: 'streams-rebalance-expired';
      readonly groupId: string;
      readonly memberId: string;
      readonly memberEpoch: number;
    }
  | { readonly kind: 'streams-delay-over'; readonly groupId: string };

export type StreamsCommand = StreamsHeartbeatCommand | StreamsDescribeCommand | StreamsTimerCommand;

export type DescribedStreamsGroup = NonNullable<StreamsGroupDescribeResponseInput['groups']>[number];

export type StreamsReply =
  | {
      readonly kind: 'streams-heartbeat';
      readonly response: StreamsGroupHeartbeatResponseInput;
      /** Internal topics that the group waits for. */
      readonly wanted: readonly WantedTopic[];
    }
  | {
      readonly kind: 'streams-describe';
      readonly groups: ReadonlyArray<DescribedStreamsGroup & { readonly groupId: string }>;
    };
