import type { Uuid } from '../../common/ids.js';
import { ErrorCode } from '../../protocol/errors.js';

export interface SessionPartition {
  readonly topicId: Uuid;
  readonly partition: number;
}

interface Cached extends SessionPartition {
  /** The next response has to mention it, also without records. */
  isDue: boolean;
}

export interface ShareSession {
  readonly groupId: string;
  readonly memberId: string;
  /** The epoch that the next request must carry. */
  nextEpoch: number;
  readonly partitions: Map<string, Cached>;
}

export interface SessionRequest {
  readonly groupId: string;
  readonly memberId: string;
  readonly epoch: number;
  readonly partitions: readonly SessionPartition[];
  readonly forgotten: readonly SessionPartition[];
  readonly acknowledges: boolean;
}

/** The session's partitions, or why there is no session. `session` is undefined when the request ends it. */
export type SessionDecision =
  | { readonly errorCode: typeof ErrorCode.NONE; readonly session: ShareSession | undefined; readonly isFull: boolean }
  | { readonly errorCode: ErrorCode };

export const initialEpoch = 0;
export const finalEpoch = -1;
const maxEpoch = 0x7fff_ffff;

const keyOf = ({ topicId, partition }: SessionPartition): string => `${topicId}/${partition}`;
const memberKey = (groupId: string, memberId: string): string => `${groupId.length}/${groupId}/${memberId}`;

/**
 * Share sessions (KIP-932): which partitions a member fetches, one session a member, at most `group.share.max.share.sessions`. Unlike fetch
 * sessions they are never taken away: records are locked for them. They end with their connection.
 */
export class ShareSessionCache {
  private readonly sessions = new Map<string, ShareSession>();

  constructor(private readonly maxSessions: number) {}

  get size(): number {
    return this.sessions.size;
  }

  get partitionCount(): number {
    let sum = 0;
    for (const session of this.sessions.values()) sum += session.partitions.size;
    return sum;
  }

  get(groupId: string, memberId: string): ShareSession | undefined {
    return this.sessions.get(memberKey(groupId, memberId));
  }

  /** A ShareFetch. Errors: SHARE_SESSION_NOT_FOUND, INVALID_SHARE_SESSION_EPOCH, SHARE_SESSION_LIMIT_REACHED, INVALID_REQUEST. */
  begin(request: SessionRequest): SessionDecision {
    const { groupId, memberId, epoch, partitions } = request;
    const known = this.get(groupId, memberId);
    if (epoch === finalEpoch)
      return known === undefined
        ? { errorCode: ErrorCode.SHARE_SESSION_NOT_FOUND }
        : { errorCode: ErrorCode.NONE, session: undefined, isFull: true };
    if (epoch === initialEpoch) {
      // Nothing can have been acquired in a session that does not exist yet.
      if (request.acknowledges) return { errorCode: ErrorCode.INVALID_REQUEST };
      if (known !== undefined) this.remove(known);
      if (this.sessions.size >= this.maxSessions) return { errorCode: ErrorCode.SHARE_SESSION_LIMIT_REACHED };
      const session = { groupId, memberId, nextEpoch: 1, partitions: new Map<string, Cached>() };
      add(session, partitions, false);
      this.sessions.set(memberKey(groupId, memberId), session);
      return { errorCode: ErrorCode.NONE, session, isFull: true };
    }
    const errorCode = this.advance(groupId, memberId, epoch);
    if (errorCode !== ErrorCode.NONE || known === undefined) return { errorCode };
    add(known, partitions, true);
    for (const forgotten of request.forgotten) known.partitions.delete(keyOf(forgotten));
    return { errorCode: ErrorCode.NONE, session: known, isFull: false };
  }

  /** A ShareAcknowledge. Errors as those of {@link begin}. A final epoch is not compared with anything. */
  acknowledge(groupId: string, memberId: string, epoch: number): ErrorCode {
    if (epoch === initialEpoch) return ErrorCode.INVALID_SHARE_SESSION_EPOCH;
    if (epoch !== finalEpoch) return this.advance(groupId, memberId, epoch);
    return this.get(groupId, memberId) === undefined ? ErrorCode.SHARE_SESSION_NOT_FOUND : ErrorCode.NONE;
  }

  private advance(groupId: string, memberId: string, epoch: number): ErrorCode {
    const session = this.get(groupId, memberId);
    if (session === undefined) return ErrorCode.SHARE_SESSION_NOT_FOUND;
    if (session.nextEpoch !== epoch) return ErrorCode.INVALID_SHARE_SESSION_EPOCH;
    session.nextEpoch = epoch === maxEpoch ? 1 : epoch + 1;
    return ErrorCode.NONE;
  }

  /** False when it was not there any more. */
  remove(session: ShareSession): boolean {
    const key = memberKey(session.groupId, session.memberId);
    return this.sessions.get(key) === session && this.sessions.delete(key);
  }

  hasMembers(groupId: string): boolean {
    for (const session of this.sessions.values()) if (session.groupId === groupId) return true;
    return false;
  }
}

function add(session: ShareSession, partitions: readonly SessionPartition[], isDue: boolean): void {
  for (const { topicId, partition } of partitions) {
    const key = keyOf({ topicId, partition });
    if (!session.partitions.has(key)) session.partitions.set(key, { topicId, partition, isDue });
  }
}

/** Whether an answer that is not full mentions the partition; noted for the next one. */
export function mentions(
  session: ShareSession,
  partition: SessionPartition,
  hasRecords: boolean,
  failed: boolean,
): boolean {
  const cached = session.partitions.get(keyOf(partition));
  const mention = hasRecords || failed || cached?.isDue === true;
  if (cached !== undefined) cached.isDue = failed;
  return mention;
}
