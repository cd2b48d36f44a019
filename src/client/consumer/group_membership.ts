import { assert } from '../../common/assert.js';
import type { TopicPartition } from '../../common/ids.js';
import type { TimerHandle } from '../../common/ports/index.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { CommitOrigin } from '../admin/group_offsets.js';
import { calls } from '../calls.js';
import type { ClusterClient } from '../cluster_client.js';
import { ClientClosedError, ClientError, hasCode, isRetriableError, ProtocolError, throwIfError } from '../errors.js';
import { backoffMs } from '../retry.js';
import type { Assignor, MemberSubscription } from './assignors/assignor.js';
import { decodeAssignment, decodeSubscription, encodeAssignment, encodeSubscription } from './protocol.js';

export interface MembershipOptions {
  readonly groupId: string;
  readonly groupInstanceId: string | null;
  readonly assignors: readonly Assignor[];
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly maxPollIntervalMs: number;
  readonly rackId: string | null;
}

export interface MembershipEvents {
  /** Partition counts of the topics that exist, for the leader to assign. */
  readonly partitionCounts: (topics: readonly string[]) => Promise<ReadonlyMap<string, number>>;
  /** A rebalance is needed, or the member was thrown out: poll has to run. */
  readonly onAttention: () => void;
}

export interface JoinedGeneration {
  readonly assigned: readonly TopicPartition[];
  readonly isCooperative: boolean;
}

const noMember = '';
const noGeneration = -1;

/**
 * Membership in a classic group: join, sync, heartbeats, leave. Whether members stop for a rebalance or keep their partitions
 * is the assignor's choice; what to do with the partitions is the caller's.
 */
export class GroupMembership {
  #memberId = noMember;
  #generationId = noGeneration;
  #protocolName: string | null = null;
  #topics: readonly string[] = [];
  #leads = false;
  #heartbeat: TimerHandle | undefined;
  #polledAtMs: number;
  #needsJoin = true;
  #joining = false;
  #lost = false;
  #fatal: ClientError | undefined;
  #closed = false;

  constructor(
    private readonly cluster: ClusterClient,
    private readonly options: MembershipOptions,
    private readonly events: MembershipEvents,
  ) {
    this.#polledAtMs = cluster.environment.clock.monotonicMs();
  }

  get groupId(): string {
    return this.options.groupId;
  }

  get origin(): CommitOrigin {
    const { groupInstanceId } = this.options;
    return { generationId: this.#generationId, memberId: this.#memberId, groupInstanceId };
  }

  get memberId(): string {
    return this.#memberId;
  }

  get generationId(): number {
    return this.#generationId;
  }

  get needsJoin(): boolean {
    return this.#needsJoin;
  }

  /** This member assigns the partitions; it has to look out for changes of the topics. */
  get isLeader(): boolean {
    return this.#leads;
  }

  /** What every assignor here can do; the group goes the way all its members can. */
  get isCooperative(): boolean {
    return this.options.assignors.every((one) => one.isCooperative);
  }

  /** True once after the member was thrown out: its partitions may be somebody else's already. */
  takeLost(): boolean {
    const lost = this.#lost;
    this.#lost = false;
    return lost;
  }

  subscribe(topics: readonly string[]): void {
    this.#topics = topics;
    this.#needsJoin = true;
  }

  requestRejoin(): void {
    this.#needsJoin = true;
  }

  /** The consumer is alive: called by every poll. @throws what ended the membership for good */
  polled(): void {
    this.#polledAtMs = this.cluster.environment.clock.monotonicMs();
    if (this.#fatal !== undefined) throw this.#fatal;
  }

  /**
   * Joins and waits until the group has agreed on who has what.
   *
   * @param owned what this member still holds, to keep it with a cooperative assignor
   */
  async join(owned: readonly TopicPartition[]): Promise<JoinedGeneration> {
    this.#stopHeartbeats();
    this.#joining = true;
    // What is asked for from here on needs another round.
    this.#needsJoin = false;
    try {
      return await this.#joinWithRetries(owned);
    } catch (error) {
      this.#needsJoin = true;
      throw error;
    } finally {
      this.#joining = false;
      this.#beat();
    }
  }

  async #joinWithRetries(owned: readonly TopicPartition[]): Promise<JoinedGeneration> {
    const { environment, retryPolicy, sleeper } = this.cluster;
    for (let failures = 0; ; failures += 1) {
      if (this.#closed) throw new ClientClosedError('the consumer was closed');
      try {
        const joined = await this.#joinOnce(owned);
        if (this.#closed) await this.leave('the consumer is closing');
        return joined;
      } catch (error) {
        if (!this.#mayRejoin(error)) throw error;
        if (!hasCode(error, ErrorCode.MEMBER_ID_REQUIRED, ErrorCode.REBALANCE_IN_PROGRESS))
          await sleeper.sleep(backoffMs(retryPolicy, failures, environment.random));
      }
    }
  }

  /** Takes in what the error says of this member. */
  #mayRejoin(error: unknown): boolean {
    if (hasCode(error, ErrorCode.UNKNOWN_MEMBER_ID)) this.#forgetMember();
    if (hasCode(error, ErrorCode.ILLEGAL_GENERATION)) this.#generationId = noGeneration;
    return (
      isRetriableError(error) ||
      hasCode(
        error,
        ErrorCode.MEMBER_ID_REQUIRED,
        ErrorCode.REBALANCE_IN_PROGRESS,
        ErrorCode.UNKNOWN_MEMBER_ID,
        ErrorCode.ILLEGAL_GENERATION,
      )
    );
  }

  #forgetMember(): void {
    this.#memberId = noMember;
    this.#generationId = noGeneration;
  }

  async #joinOnce(owned: readonly TopicPartition[]): Promise<JoinedGeneration> {
    const { groupId, groupInstanceId, assignors, sessionTimeoutMs, maxPollIntervalMs } = this.options;
    const coordinator = { kind: 'group', key: groupId } as const;
    const metadata = encodeSubscription({
      topics: this.#topics,
      ownedPartitions: owned,
      generationId: this.#generationId,
      rackId: this.options.rackId,
      userData: null,
    });
    const joined = await this.cluster.coordinators.attempt(coordinator, async (connection) => {
      const { response } = await connection.send(
        calls.joinGroup,
        (version) => ({
          groupId,
          sessionTimeoutMs,
          rebalanceTimeoutMs: maxPollIntervalMs,
          memberId: this.#memberId,
          ...(version >= 5 ? { groupInstanceId } : {}),
          protocolType: 'consumer',
          protocols: assignors.map(({ name }) => ({ name, metadata })),
        }),
        // The coordinator answers when every member has joined.
        { timeoutMs: maxPollIntervalMs + 5_000 },
      );
      if (response.errorCode === ErrorCode.MEMBER_ID_REQUIRED) this.#memberId = response.memberId;
      throwIfError(response.errorCode, `joining group ${groupId}`);
      return response;
    });
    this.#memberId = joined.memberId;
    this.#generationId = joined.generationId;
    this.#protocolName = joined.protocolName;
    this.#leads = joined.leader === joined.memberId;
    const assignor = assignors.find((one) => one.name === joined.protocolName);
    if (assignor === undefined)
      throw new ProtocolError(
        ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
        `group ${groupId}`,
        `protocol ${joined.protocolName}`,
      );
    const assignments = this.#leads && !joined.skipAssignment ? await this.#assign(assignor, joined.members) : [];
    const assigned = await this.#sync(assignments);
    return { assigned, isCooperative: this.isCooperative };
  }

  async #assign(
    assignor: Assignor,
    joined: ReadonlyArray<{
      readonly memberId: string;
      readonly groupInstanceId: string | null;
      readonly metadata: Uint8Array;
    }>,
  ): Promise<ReadonlyArray<{ readonly memberId: string; readonly assignment: Uint8Array }>> {
    const members = joined.map(({ memberId, groupInstanceId, metadata }): MemberSubscription => {
      const subscription = decodeSubscription(metadata);
      return {
        memberId,
        groupInstanceId,
        topics: subscription?.topics ?? [],
        ownedPartitions: subscription?.ownedPartitions ?? [],
        generationId: subscription?.generationId ?? noGeneration,
      };
    });
    const topics = [...new Set(members.flatMap((member) => member.topics))];
    const assignment = assignor.assign(members, await this.events.partitionCounts(topics));
    return [...assignment].map(([memberId, partitions]) => ({ memberId, assignment: encodeAssignment(partitions) }));
  }

  async #sync(
    assignments: ReadonlyArray<{ readonly memberId: string; readonly assignment: Uint8Array }>,
  ): Promise<readonly TopicPartition[]> {
    const { groupId, groupInstanceId, maxPollIntervalMs } = this.options;
    return this.cluster.coordinators.attempt({ kind: 'group', key: groupId }, async (connection) => {
      const { response } = await connection.send(
        calls.syncGroup,
        (version) => ({
          groupId,
          generationId: this.#generationId,
          memberId: this.#memberId,
          ...(version >= 3 ? { groupInstanceId } : {}),
          protocolType: 'consumer',
          protocolName: this.#protocolName,
          assignments,
        }),
        { timeoutMs: maxPollIntervalMs + 5_000 },
      );
      throwIfError(response.errorCode, `sync of group ${groupId}`);
      return decodeAssignment(response.assignment);
    });
  }

  /** Goes on while a rebalance waits for the next poll: the member is alive until `maxPollIntervalMs` is over. */
  #beat(): void {
    if (this.#closed || this.#joining || this.#memberId === noMember || this.#heartbeat !== undefined) return;
    this.#heartbeat = this.cluster.environment.timers.after(this.options.heartbeatIntervalMs, () => {
      this.#heartbeat = undefined;
      void this.#sendHeartbeat();
    });
  }

  #stopHeartbeats(): void {
    this.#heartbeat?.cancel();
    this.#heartbeat = undefined;
  }

  async #sendHeartbeat(): Promise<void> {
    const { groupId, groupInstanceId, maxPollIntervalMs } = this.options;
    if (this.cluster.environment.clock.monotonicMs() - this.#polledAtMs > maxPollIntervalMs) {
      await this.#leaveAsStuck();
      return;
    }
    const generationId = this.#generationId;
    try {
      await this.cluster.coordinators.attempt({ kind: 'group', key: groupId }, async (connection) => {
        const { response } = await connection.send(calls.heartbeat, (version) => ({
          groupId,
          generationId,
          memberId: this.#memberId,
          ...(version >= 3 ? { groupInstanceId } : {}),
        }));
        throwIfError(response.errorCode, `heartbeat of group ${groupId}`);
      });
    } catch (error) {
      // A join in between made another generation: the answer is of the old one.
      if (generationId === this.#generationId) this.#heartbeatFailed(error);
    }
    this.#beat();
  }

  #heartbeatFailed(error: unknown): void {
    assert(error instanceof ClientError, 'requests fail with client errors');
    if (hasCode(error, ErrorCode.REBALANCE_IN_PROGRESS)) this.#needsJoin = true;
    else if (hasCode(error, ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.ILLEGAL_GENERATION)) {
      this.#forgetMember();
      this.#lost = true;
      this.#needsJoin = true;
    } else if (!error.retriable && !this.#closed) {
      this.#fatal = error;
      this.#lost = true;
    } else return;
    this.events.onAttention();
  }

  /** Nobody polls: the others should have the partitions. */
  async #leaveAsStuck(): Promise<void> {
    await this.leave(`no poll for ${this.options.maxPollIntervalMs} ms`);
    this.#lost = true;
    this.#needsJoin = true;
  }

  /** Static members stay, so that a restart causes no rebalance. Failures do not matter: the session will expire. */
  async leave(reason: string): Promise<void> {
    this.#stopHeartbeats();
    const { groupId, groupInstanceId } = this.options;
    const memberId = this.#memberId;
    this.#forgetMember();
    if (memberId === noMember || groupInstanceId !== null) return;
    try {
      await this.cluster.coordinators.attempt({ kind: 'group', key: groupId }, (connection) =>
        connection.send(calls.leaveGroup, (version) =>
          version >= 3
            ? { groupId, members: [{ memberId, groupInstanceId, ...(version >= 5 ? { reason } : {}) }] }
            : { groupId, memberId },
        ),
      );
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
    }
  }

  async close(reason: string): Promise<void> {
    this.#closed = true;
    await this.leave(reason);
  }
}
