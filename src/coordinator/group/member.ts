import type { ReplyToken } from '../runtime/machine.js';

/** A member of a classic group; replaced as a whole at each change. */
export interface Member {
  readonly memberId: string;
  /** `group.instance.id` of a static member (KIP-345). */
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  /** As Kafka prints an address: `/127.0.0.1`. */
  readonly clientHost: string;
  readonly rebalanceTimeoutMs: number;
  readonly sessionTimeoutMs: number;
  /** In the member's order of preference. After a load only the one the group had chosen. */
  readonly protocols: readonly MemberProtocol[];
  readonly assignment: Uint8Array;
  /** Waits for the rebalance it joined. */
  readonly joining: ReplyToken | undefined;
  /** Waits for the leader's assignment. */
  readonly syncing: ReplyToken | undefined;
  /** Has not had a join answered yet: it does not know its id, so nobody expects a heartbeat. */
  readonly isNew: boolean;
  /** Was told the generation and has not sent its SyncGroup. */
  readonly owesSync: boolean;
}

export interface MemberProtocol {
  readonly name: string;
  readonly metadata: Uint8Array;
}

export const noBytes: Uint8Array = new Uint8Array(0);

export function metadataOf(member: Member, protocolName: string): Uint8Array | undefined {
  return member.protocols.find((protocol) => protocol.name === protocolName)?.metadata;
}

export function sameProtocols(a: readonly MemberProtocol[], b: readonly MemberProtocol[]): boolean {
  return (
    a.length === b.length &&
    a.every((protocol, i) => {
      const other = b[i];
      return other !== undefined && protocol.name === other.name && sameBytes(protocol.metadata, other.metadata);
    })
  );
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || Buffer.compare(a, b) === 0;
}
