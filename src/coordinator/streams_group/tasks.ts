import type { StreamsGroupHeartbeatRequest } from '../../protocol/api/streams_group_heartbeat.js';

/** Partitions by subtopology, ascending. A task is a subtopology on one partition. */
export type Tasks = ReadonlyMap<string, readonly number[]>;

/** The same, each with the epoch in which the member got it. */
export type EpochTasks = ReadonlyMap<string, ReadonlyMap<number, number>>;

/** What a member shall do: process (active), keep a copy of the state (standby), or build one up (warmup). */
export interface TargetTasks {
  readonly active: Tasks;
  readonly standby: Tasks;
  readonly warmup: Tasks;
}

/** What a member does, or has to give up. */
export interface MemberTasks {
  readonly active: EpochTasks;
  readonly standby: Tasks;
  readonly warmup: Tasks;
}

export const noTasks: Tasks = new Map();
export const noTarget: TargetTasks = { active: noTasks, standby: noTasks, warmup: noTasks };
export const noMemberTasks: MemberTasks = { active: new Map(), standby: noTasks, warmup: noTasks };

export type TaskIds = ReadonlyArray<{ readonly subtopologyId: string; readonly partitions: readonly number[] }>;

export const taskKey = (subtopologyId: string, partition: number): string => `${subtopologyId}_${partition}`;

const ascending = (partitions: Iterable<number>): number[] => [...partitions].sort((a, b) => a - b);

export function tasksOf(ids: TaskIds): Tasks {
  return new Map(ids.map(({ subtopologyId, partitions }) => [subtopologyId, ascending(partitions)]));
}

export function taskIdsOf(tasks: Tasks) {
  return [...tasks].map(([subtopologyId, partitions]) => ({ subtopologyId, partitions: ascending(partitions) }));
}

export function activeIdsOf(tasks: EpochTasks) {
  return [...tasks].map(([subtopologyId, epochs]) => ({ subtopologyId, partitions: ascending(epochs.keys()) }));
}

export function withoutEpochs(tasks: EpochTasks): Tasks {
  return new Map([...tasks].map(([subtopologyId, epochs]) => [subtopologyId, ascending(epochs.keys())]));
}

export function sameTasks(a: Tasks, b: Tasks): boolean {
  if (a.size !== b.size) return false;
  for (const [subtopologyId, partitions] of a) {
    const others = b.get(subtopologyId);
    if (others?.length !== partitions.length || !partitions.every((one, i) => one === others[i])) return false;
  }
  return true;
}

export function sameTargets(a: TargetTasks, b: TargetTasks): boolean {
  return sameTasks(a.active, b.active) && sameTasks(a.standby, b.standby) && sameTasks(a.warmup, b.warmup);
}

export function sameMemberTasks(a: MemberTasks, b: MemberTasks): boolean {
  if (a === b) return true;
  if (!sameTasks(withoutEpochs(a.active), withoutEpochs(b.active))) return false;
  for (const [subtopologyId, epochs] of a.active)
    for (const [partition, epoch] of epochs) if (b.active.get(subtopologyId)?.get(partition) !== epoch) return false;
  return sameTasks(a.standby, b.standby) && sameTasks(a.warmup, b.warmup);
}

export function isEmptyTasks({ active, standby, warmup }: MemberTasks): boolean {
  return active.size === 0 && standby.size === 0 && warmup.size === 0;
}

/** What a member says it has; undefined: it does not say. */
export function ownedIn(request: StreamsGroupHeartbeatRequest): TargetTasks | undefined {
  const { activeTasks, standbyTasks, warmupTasks } = request;
  if (activeTasks === null || standbyTasks === null || warmupTasks === null) return undefined;
  return { active: tasksOf(activeTasks), standby: tasksOf(standbyTasks), warmup: tasksOf(warmupTasks) };
}

function overlap(a: Tasks, b: Tasks): boolean {
  for (const [subtopologyId, partitions] of a) {
    const others = b.get(subtopologyId);
    if (others?.some((partition) => partitions.includes(partition)) === true) return true;
  }
  return false;
}

export function containsAny(owned: TargetTasks, tasks: MemberTasks): boolean {
  return (
    overlap(owned.active, withoutEpochs(tasks.active)) ||
    overlap(owned.standby, tasks.standby) ||
    overlap(owned.warmup, tasks.warmup)
  );
}

export function isSubset(owned: TaskIds | null, of: Tasks): boolean {
  if (owned === null) return false;
  return owned.every(({ subtopologyId, partitions }) => {
    const all = of.get(subtopologyId);
    return all !== undefined && partitions.every((partition) => all.includes(partition));
  });
}
