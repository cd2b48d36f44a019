import type { MetadataCache } from '../metadata/image.js';
import { ErrorCode } from '../protocol/errors.js';

export interface LeaderHint {
  readonly leaderId: number;
  readonly leaderEpoch: number;
}

export interface NodeEndpoint {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

/** Who leads now, for a client that asked the wrong broker or has an old epoch (KIP-951): saves it a Metadata request. */
export class LeaderHints {
  private readonly leaders = new Set<number>();

  constructor(
    private readonly metadata: MetadataCache,
    private readonly listenerName: string,
  ) {}

  /** Undefined where the error is of another kind, or nobody leads. */
  of(errorCode: ErrorCode, topic: string | undefined, partition: number): LeaderHint | undefined {
    if (errorCode !== ErrorCode.NOT_LEADER_OR_FOLLOWER && errorCode !== ErrorCode.FENCED_LEADER_EPOCH) return undefined;
    const state = this.metadata.current().topicsByName.get(topic ?? '')?.partitions[partition];
    if (state === undefined) return undefined;
    if (state.leader >= 0) this.leaders.add(state.leader);
    return { leaderId: state.leader, leaderEpoch: state.leaderEpoch };
  }

  /** Addresses of the leaders that were named, on the listener the request came in on. */
  endpoints(): NodeEndpoint[] {
    const { brokers } = this.metadata.current();
    return [...this.leaders].flatMap((nodeId) => {
      const broker = brokers.get(nodeId);
      const endpoint = broker?.endpoints.get(this.listenerName);
      return broker === undefined || endpoint === undefined ? [] : [{ nodeId, ...endpoint, rack: broker.rack }];
    });
  }
}
