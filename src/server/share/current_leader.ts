import type { Uuid } from '../../common/ids.js';
import type { MetadataImage } from '../../metadata/image.js';
import { ErrorCode } from '../../protocol/errors.js';

interface NodeEndpoint {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

/** Where members go on for partitions that are not led here (KIP-951), gathered for one response. */
export class CurrentLeaders {
  private readonly endpoints = new Map<number, NodeEndpoint>();

  constructor(
    private readonly image: MetadataImage,
    private readonly listenerName: string,
  ) {}

  of(
    topicId: Uuid,
    partition: number,
    errorCode: ErrorCode,
  ): { readonly leaderId: number; readonly leaderEpoch: number } {
    if (errorCode !== ErrorCode.NOT_LEADER_OR_FOLLOWER && errorCode !== ErrorCode.FENCED_LEADER_EPOCH)
      return { leaderId: 0, leaderEpoch: 0 };
    const known = this.image.topicsById.get(topicId)?.partitions[partition];
    if (known === undefined) return { leaderId: -1, leaderEpoch: -1 };
    const broker = this.image.brokers.get(known.leader);
    const endpoint = broker?.endpoints.get(this.listenerName);
    if (broker !== undefined && endpoint !== undefined)
      this.endpoints.set(broker.id, { nodeId: broker.id, host: endpoint.host, port: endpoint.port, rack: broker.rack });
    return { leaderId: known.leader, leaderEpoch: known.leaderEpoch };
  }

  get nodeEndpoints(): NodeEndpoint[] {
    return [...this.endpoints.values()];
  }
}
