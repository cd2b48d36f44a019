import type { MapLike } from '../group/layered_map.js';
import { AssignedGroup, type AssignedHead, layered, newAssignedHead } from '../modern/assigned_group.js';
import { put } from '../modern/tables.js';
import type { UndoLog } from '../runtime/machine.js';
import { isReconciled, newStreamsMember, type StreamsMember, streamsStateCodes } from './member.js';
import type { StreamsGroupRecord } from './records.js';
import {
  type MemberTasks,
  noMemberTasks,
  noTarget,
  type TargetTasks,
  type TaskIds,
  taskKey,
  tasksOf,
} from './tasks.js';
import { type StreamsTopology, topologyOf } from './topology.js';

export type StreamsGroupState = 'Empty' | 'NotReady' | 'Assigning' | 'Reconciling' | 'Stable';

export interface StreamsHead extends AssignedHead {
  /** Of the topology whose topics were all there when the epoch was last bumped; -1: of none. */
  readonly validatedTopologyEpoch: number;
  /** Settings that the last target assignments were made with. */
  readonly assignmentConfigs: ReadonlyMap<string, string>;
  readonly topology: StreamsTopology | undefined;
  /** In no record, as what follows: the first assignment waits for more members. */
  readonly delayed: boolean;
  /** Grows when partitions move between members with an endpoint. */
  readonly endpointEpoch: number;
  /** The member that wants the whole application to stop. */
  readonly shutdownBy: string | undefined;
}

const newHead: StreamsHead = {
  ...newAssignedHead,
  validatedTopologyEpoch: 0,
  assignmentConfigs: new Map(),
  topology: undefined,
  delayed: false,
  endpointEpoch: 0,
  shutdownBy: undefined,
};

interface StreamsMaps {
  readonly members: MapLike<string, StreamsMember>;
  readonly targets: MapLike<string, TargetTasks>;
  /** Process that runs a task actively, and those that hold a copy, by task. */
  readonly active: MapLike<string, string>;
  readonly standby: MapLike<string, ReadonlySet<string>>;
  readonly warmup: MapLike<string, ReadonlySet<string>>;
}

/** A group of the streams protocol (KIP-1071). */
export class StreamsGroup extends AssignedGroup<StreamsHead, StreamsMember, StreamsMaps> {
  readonly type = 'streams';

  static create(groupId: string): StreamsGroup {
    const maps = { members: new Map(), targets: new Map(), active: new Map(), standby: new Map(), warmup: new Map() };
    return new StreamsGroup(groupId, newHead, maps);
  }

  /** A group that can be changed while this one stays as it is. */
  draft(): StreamsGroup {
    const { members, targets, active, standby, warmup } = this.maps;
    return new StreamsGroup(this.groupId, this.head, {
      members: layered(members),
      targets: layered(targets),
      active: layered(active),
      standby: layered(standby),
      warmup: layered(warmup),
    });
  }

  /** Costs a look at every member. */
  get state(): StreamsGroupState {
    const { topology, validatedTopologyEpoch, groupEpoch, assignmentEpoch } = this.head;
    if (this.isEmpty) return 'Empty';
    if (topology?.epoch !== validatedTopologyEpoch) return 'NotReady';
    if (groupEpoch > assignmentEpoch) return 'Assigning';
    for (const member of this.members()) if (!isReconciled(member, assignmentEpoch)) return 'Reconciling';
    return 'Stable';
  }

  target(memberId: string): TargetTasks {
    return this.maps.targets.get(memberId) ?? noTarget;
  }

  activeProcess(subtopologyId: string, partition: number): string | undefined {
    return this.maps.active.get(taskKey(subtopologyId, partition));
  }

  /** Whether the process holds a copy of the task's state, in whatever way. */
  holdsCopy(subtopologyId: string, partition: number, processId: string): boolean {
    const key = taskKey(subtopologyId, partition);
    return this.maps.standby.get(key)?.has(processId) === true || this.maps.warmup.get(key)?.has(processId) === true;
  }

  /** An empty group uses no topic: its offsets can expire. */
  isSubscribedTo(topic: string): boolean {
    return !this.isEmpty && this.head.topology?.sourceTopics.has(topic) === true;
  }

  private setMember(member: StreamsMember, undo?: UndoLog): void {
    const before = this.member(member.memberId);
    if (before !== undefined) this.release(before, undo);
    put(this.maps.members, member.memberId, member, undo);
    const { processId } = member.metadata;
    for (const tasks of [member.assigned, member.revoking]) {
      for (const [id, of] of tasks.active)
        for (const partition of of.keys()) put(this.maps.active, taskKey(id, partition), processId, undo);
      for (const kind of ['standby', 'warmup'] as const)
        for (const [id, of] of tasks[kind])
          for (const partition of of) this.copies(kind, taskKey(id, partition), processId, true, undo);
    }
  }

  private release(member: StreamsMember, undo?: UndoLog): void {
    const { processId } = member.metadata;
    for (const tasks of [member.assigned, member.revoking]) {
      for (const [id, of] of tasks.active)
        for (const partition of of.keys()) {
          const key = taskKey(id, partition);
          if (this.maps.active.get(key) === processId) put(this.maps.active, key, undefined, undo);
        }
      for (const kind of ['standby', 'warmup'] as const)
        for (const [id, of] of tasks[kind])
          for (const partition of of) this.copies(kind, taskKey(id, partition), processId, false, undo);
    }
  }

  private copies(kind: 'standby' | 'warmup', key: string, processId: string, has: boolean, undo?: UndoLog): void {
    const processes = new Set(this.maps[kind].get(key));
    if (has) processes.add(processId);
    else processes.delete(processId);
    put(this.maps[kind], key, processes.size === 0 ? undefined : processes, undo);
  }

  private removeMember(memberId: string, undo?: UndoLog): void {
    const member = this.member(memberId);
    if (member === undefined) return;
    this.release(member, undo);
    put(this.maps.members, memberId, undefined, undo);
    if (this.isEmpty) this.changeHead({ shutdownBy: undefined }, undo);
  }

  /** What a record does to the group; its own tombstone (of `streams-group`) is the state's to carry out. */
  apply(record: StreamsGroupRecord, undo?: UndoLog): void {
    const { value } = record;
    switch (record.kind) {
      case 'streams-group':
        if (record.value === undefined) break;
        this.changeHead(
          {
            groupEpoch: record.value.epoch,
            metadataHash: record.value.metadataHash,
            validatedTopologyEpoch: record.value.validatedTopologyEpoch,
            assignmentConfigs: new Map(record.value.lastAssignmentConfigs?.map((config) => [config.key, config.value])),
          },
          undo,
        );
        break;
      case 'streams-topology':
        this.changeHead({ topology: record.value && topologyOf(record.value) }, undo);
        break;
      case 'streams-member': {
        if (record.value === undefined) this.removeMember(record.memberId, undo);
        else
          this.setMember(
            { ...(this.member(record.memberId) ?? newStreamsMember(record.memberId)), metadata: record.value },
            undo,
          );
        break;
      }
      case 'streams-target':
        this.changeHead(
          {
            assignmentEpoch: record.value?.assignmentEpoch ?? -1,
            assignmentTimestampMs: record.value?.assignmentTimestamp ?? 0,
          },
          undo,
        );
        break;
      case 'streams-member-target': {
        const target = record.value && {
          active: tasksOf(record.value.activeTasks),
          standby: tasksOf(record.value.standbyTasks),
          warmup: tasksOf(record.value.warmupTasks),
        };
        put(this.maps.targets, record.memberId, target, undo);
        break;
      }
      case 'streams-member-current':
        if (value !== undefined || this.member(record.memberId) !== undefined) this.applyCurrent(record, undo);
    }
  }

  private applyCurrent(record: StreamsGroupRecord & { kind: 'streams-member-current' }, undo?: UndoLog): void {
    const { memberId, value } = record;
    const member = this.member(memberId) ?? newStreamsMember(memberId);
    if (value === undefined) {
      const none = { assigned: noMemberTasks, revoking: noMemberTasks };
      this.setMember({ ...member, memberEpoch: -1, previousMemberEpoch: -1, ...none }, undo);
      return;
    }
    const { memberEpoch } = value;
    this.setMember(
      {
        ...member,
        memberEpoch,
        previousMemberEpoch: value.previousMemberEpoch,
        state: streamsStateCodes.state(value.state),
        assigned: memberTasks(value.activeTasks, value.standbyTasks, value.warmupTasks, memberEpoch),
        revoking: memberTasks(
          value.activeTasksPendingRevocation,
          value.standbyTasksPendingRevocation,
          value.warmupTasksPendingRevocation,
          memberEpoch,
        ),
      },
      undo,
    );
  }
}

type RecordedTasks = NonNullable<(StreamsGroupRecord & { kind: 'streams-member-current' })['value']>['activeTasks'];

function memberTasks(active: RecordedTasks, standby: TaskIds, warmup: TaskIds, memberEpoch: number): MemberTasks {
  return {
    active: new Map(
      active.map(({ subtopologyId, partitions, assignmentEpochs }) => {
        const epochs = assignmentEpochs?.length === partitions.length ? assignmentEpochs : undefined;
        return [subtopologyId, new Map(partitions.map((partition, i) => [partition, epochs?.[i] ?? memberEpoch]))];
      }),
    ),
    standby: tasksOf(standby),
    warmup: tasksOf(warmup),
  };
}
