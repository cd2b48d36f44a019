import { type TopicPartition, topicPartitionName } from '../../common/ids.js';
import { ErrorCode } from '../../protocol/errors.js';
import { fetchGroupOffsets } from '../admin/group_offsets.js';
import { type IsolationLevel, listOffsets, offsetSpec } from '../admin/offsets.js';
import type { ClusterClient } from '../cluster_client.js';
import { ProtocolError } from '../errors.js';
import type { PartitionState } from './partition_state.js';
import { NoOffsetError, type OffsetReset } from './types.js';

/** Finds out where to begin: at the committed offset, else where `autoOffsetReset` says. */
export class Positions {
  constructor(
    private readonly cluster: ClusterClient,
    private readonly options: {
      readonly groupId: string | undefined;
      readonly autoOffsetReset: OffsetReset;
      readonly isolationLevel: IsolationLevel;
    },
  ) {}

  /** @throws NoOffsetError, ProtocolError, OperationTimeoutError */
  async initialize(states: readonly PartitionState[]): Promise<void> {
    const { groupId } = this.options;
    const open = new Map(states.map((state) => [state.name, state]));
    const fresh = states.filter((state) => !state.isOutOfRange);
    if (groupId !== undefined && fresh.length > 0) {
      const committed = await fetchGroupOffsets(this.cluster, groupId, fresh, { requireStable: true });
      for (const one of committed) {
        const name = topicPartitionName(one.topic, one.partition);
        const state = open.get(name);
        // Somebody may have sought meanwhile.
        if (state?.position === undefined) state?.seek(one.offset, one.leaderEpoch);
        open.delete(name);
      }
    }
    await this.reset([...open.values()].filter((state) => state.position === undefined));
  }

  /** Moves to the beginning or end of the log. @throws NoOffsetError with policy 'none' */
  async reset(states: readonly PartitionState[]): Promise<void> {
    const { autoOffsetReset } = this.options;
    if (states.length === 0) return;
    if (autoOffsetReset === 'none') {
      const names = states.map((state) => state.name).join(', ');
      throw new NoOffsetError(states, `no offset to begin at for ${names}, and autoOffsetReset is none`);
    }
    await this.seekTo(states, autoOffsetReset === 'earliest' ? offsetSpec.earliest : offsetSpec.latest);
  }

  /** Moves to the offset of a time, or to the end when there is none. */
  async seekTo(states: readonly PartitionState[], timestampMs: number): Promise<void> {
    const generations = new Map(states.map((state) => [state, state.generation]));
    const offsets = await this.list(states, timestampMs);
    for (const state of states) {
      const offset = offsets.get(state.name);
      if (offset !== undefined && generations.get(state) === state.generation) state.seek(offset);
    }
  }

  /** Offsets by partition name. Times after the last record give the end. */
  async list(partitions: readonly TopicPartition[], timestampMs: number): Promise<ReadonlyMap<string, number>> {
    const { isolationLevel } = this.options;
    const queries = partitions.map(({ topic, partition }) => ({ topic, partition, timestampMs }));
    const found = new Map<string, number>();
    const missing: TopicPartition[] = [];
    for (const { asked, value, error } of await listOffsets(this.cluster, queries, { isolationLevel })) {
      if (error !== undefined) throw error;
      if (value === undefined || value.offset < 0) missing.push(asked);
      else found.set(topicPartitionName(asked.topic, asked.partition), value.offset);
    }
    if (missing.length > 0 && timestampMs === offsetSpec.latest) {
      const names = missing.map((one) => topicPartitionName(one.topic, one.partition)).join(', ');
      throw new ProtocolError(ErrorCode.OFFSET_NOT_AVAILABLE, `end of ${names}`);
    }
    if (missing.length > 0)
      for (const [name, offset] of await this.list(missing, offsetSpec.latest)) found.set(name, offset);
    return found;
  }
}
