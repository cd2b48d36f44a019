import type { Uuid } from '../../common/ids.js';
import type { AlterShareGroupOffsetsResponseInput } from '../../protocol/api/alter_share_group_offsets.js';
import type { DeleteShareGroupOffsetsResponseInput } from '../../protocol/api/delete_share_group_offsets.js';
import type { ShareGroupDescribeResponseInput } from '../../protocol/api/share_group_describe.js';
import type {
  ShareGroupHeartbeatRequest,
  ShareGroupHeartbeatResponseInput,
} from '../../protocol/api/share_group_heartbeat.js';
import type { ErrorCode } from '../../protocol/errors.js';
import type { TopicPartitions } from '../modern/assignment.js';
import type { ReplyToken } from '../runtime/machine.js';

interface Asked {
  readonly token: ReplyToken;
}
interface AskedOfGroup extends Asked {
  readonly groupId: string;
}

export type ShareGroupCommand =
  | (Asked & {
      readonly kind: 'share-heartbeat';
      readonly request: ShareGroupHeartbeatRequest;
      readonly clientId: string;
      readonly clientHost: string;
    })
  | (Asked & { readonly kind: 'share-describe'; readonly groupIds: readonly string[] })
  /** Which partitions are initialized. */
  | (AskedOfGroup & { readonly kind: 'share-initialized' })
  /** The share coordinator has made, or could not make, the state of partitions. */
  | (AskedOfGroup & {
      readonly kind: 'share-initialize-done';
      readonly topics: TopicPartitions;
      readonly succeeded: boolean;
    })
  | (AskedOfGroup & { readonly kind: 'share-alter-offsets'; readonly topics: readonly AlteredTopic[] })
  | (AskedOfGroup & { readonly kind: 'share-delete-offsets'; readonly topicNames: readonly string[] })
  /** The share coordinator has deleted the state of whole topics. */
  | (AskedOfGroup & { readonly kind: 'share-delete-done'; readonly topicIds: readonly Uuid[] })
  /** What has to be deleted at the share coordinator before groups can be; groups of other types are left out of the answer. */
  | (Asked & { readonly kind: 'share-delete-groups'; readonly groupIds: readonly string[] })
  | { readonly kind: 'share-fence'; readonly groupId: string; readonly memberId: string };

export interface AlteredTopic {
  readonly topicName: string;
  readonly partitions: ReadonlyArray<{ readonly partitionIndex: number; readonly startOffset: number }>;
}

/** Share partitions that are to begin somewhere; -1: where the group's reset strategy says. */
export interface Initialization {
  readonly stateEpoch: number;
  readonly topics: ReadonlyArray<{
    readonly topicId: Uuid;
    readonly partitions: ReadonlyArray<{ readonly partition: number; readonly startOffset: number }>;
  }>;
}

export type DescribedShareGroup = NonNullable<ShareGroupDescribeResponseInput['groups']>[number];
export type AlteredOffsets = NonNullable<AlterShareGroupOffsetsResponseInput['responses']>;
export type DeletedOffsets = NonNullable<DeleteShareGroupOffsetsResponseInput['responses']>;

interface Failure {
  readonly errorCode: ErrorCode;
  readonly errorMessage: string | null;
}

export type ShareGroupReply =
  | {
      readonly kind: 'share-heartbeat';
      readonly response: ShareGroupHeartbeatResponseInput;
      readonly initialization: Initialization | undefined;
    }
  | {
      readonly kind: 'share-describe';
      readonly groups: ReadonlyArray<DescribedShareGroup & { readonly groupId: string }>;
    }
  | { readonly kind: 'share-initialized'; readonly topics: TopicPartitions }
  | { readonly kind: 'share-initialize-done' | 'share-delete-done' }
  | (Failure & {
      readonly kind: 'share-alter-offsets';
      readonly responses: AlteredOffsets;
      readonly initialization: Initialization | undefined;
    })
  | (Failure & {
      readonly kind: 'share-delete-offsets';
      /** Of topics of which nothing is deleted. */
      readonly responses: DeletedOffsets;
      readonly deleting: ReadonlyArray<{
        readonly topicName: string;
        readonly topicId: Uuid;
        readonly partitions: readonly number[];
      }>;
    })
  | {
      readonly kind: 'share-delete-groups';
      readonly groups: ReadonlyArray<{
        readonly groupId: string;
        readonly errorCode: ErrorCode;
        readonly topics: TopicPartitions;
      }>;
    };
