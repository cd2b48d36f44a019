import type { StreamsGroup } from './group.js';
import type { StreamsMember } from './member.js';
import {
  containsAny,
  type EpochTasks,
  isEmptyTasks,
  type MemberTasks,
  noMemberTasks,
  type TargetTasks,
  type Tasks,
} from './tasks.js';

export interface StreamsReconciliation {
  readonly group: StreamsGroup;
  readonly targetEpoch: number;
  readonly target: TargetTasks;
  /** Undefined: the member does not say. */
  readonly owned: TargetTasks | undefined;
}

/** The next step of a member towards its target; undefined when its state is one that only rejoining ends. */
export function reconciledTasks(member: StreamsMember, by: StreamsReconciliation): StreamsMember | undefined {
  switch (member.state) {
    case 'stable':
      return member.memberEpoch === by.targetEpoch ? member : next(member, member.memberEpoch, by);
    case 'unrevoked':
      return by.owned === undefined || containsAny(by.owned, member.revoking)
        ? member
        : next(member, member.memberEpoch, by);
    case 'unreleased':
      return next(member, member.memberEpoch, by);
    case 'unknown': {
      const { owned } = by;
      const hasNone = owned !== undefined && owned.active.size + owned.standby.size + owned.warmup.size === 0;
      return hasNone ? next(member, by.targetEpoch, by) : undefined;
    }
  }
}

/** What has to be given up comes first. A task is free when no process runs it, and the member's own holds no copy of it. */
function next(member: StreamsMember, memberEpoch: number, by: StreamsReconciliation): StreamsMember {
  const { group, target, targetEpoch } = by;
  const { processId } = member.metadata;
  const copied = (id: string, partition: number) => group.holdsCopy(id, partition, processId);
  const active = activeStep(member.assigned.active, target.active, targetEpoch, (id, partition) => {
    return group.activeProcess(id, partition) !== undefined || copied(id, partition);
  });
  const isTaken = (id: string, partition: number) =>
    group.activeProcess(id, partition) === processId || copied(id, partition);
  const standby = copyStep(member.assigned.standby, target.standby, isTaken);
  const warmup = copyStep(member.assigned.warmup, target.warmup, isTaken);
  const pick = (kind: 'kept' | 'dropped' | 'gained'): MemberTasks => ({
    active: active[kind],
    standby: standby[kind],
    warmup: warmup[kind],
  });
  const dropped = pick('dropped');
  const previousMemberEpoch = member.memberEpoch;
  if (!isEmptyTasks(dropped) && (by.owned === undefined || containsAny(by.owned, dropped)))
    return {
      ...member,
      state: 'unrevoked',
      memberEpoch,
      previousMemberEpoch,
      assigned: pick('kept'),
      revoking: dropped,
    };
  const unreleased = active.waits || standby.waits || warmup.waits;
  return {
    ...member,
    state: unreleased ? 'unreleased' : 'stable',
    memberEpoch: targetEpoch,
    previousMemberEpoch,
    assigned: merged(pick('kept'), pick('gained')),
    revoking: noMemberTasks,
  };
}

interface Step<T> {
  readonly kept: T;
  readonly dropped: T;
  readonly gained: T;
  /** Something of the target is not free yet. */
  readonly waits: boolean;
}

type IsTaken = (subtopologyId: string, partition: number) => boolean;

function activeStep(current: EpochTasks, target: Tasks, targetEpoch: number, isTaken: IsTaken): Step<EpochTasks> {
  const kept = new Map<string, Map<number, number>>();
  const dropped = new Map<string, Map<number, number>>();
  const gained = new Map<string, Map<number, number>>();
  let waits = false;
  const add = (to: Map<string, Map<number, number>>, id: string, partition: number, epoch: number) => {
    const of = to.get(id) ?? new Map<number, number>();
    to.set(id, of.set(partition, epoch));
  };
  for (const [id, epochs] of current)
    for (const [partition, epoch] of epochs)
      add(target.get(id)?.includes(partition) === true ? kept : dropped, id, partition, epoch);
  for (const [id, partitions] of target)
    for (const partition of partitions) {
      if (current.get(id)?.has(partition) === true) continue;
      if (isTaken(id, partition)) waits = true;
      else add(gained, id, partition, targetEpoch);
    }
  return { kept, dropped, gained, waits };
}

function copyStep(current: Tasks, target: Tasks, isTaken: IsTaken): Step<Tasks> {
  const asEpochs = new Map([...current].map(([id, of]) => [id, new Map(of.map((partition) => [partition, 0]))]));
  const { kept, dropped, gained, waits } = activeStep(asEpochs, target, 0, isTaken);
  const plain = (tasks: EpochTasks): Tasks =>
    new Map([...tasks].map(([id, of]) => [id, [...of.keys()].sort((a, b) => a - b)]));
  return { kept: plain(kept), dropped: plain(dropped), gained: plain(gained), waits };
}

function merged(a: MemberTasks, b: MemberTasks): MemberTasks {
  const active = new Map<string, ReadonlyMap<number, number>>(a.active);
  for (const [id, epochs] of b.active) active.set(id, new Map([...(active.get(id) ?? []), ...epochs]));
  const both = (one: Tasks, other: Tasks): Tasks => {
    const all = new Map<string, readonly number[]>(one);
    for (const [id, of] of other)
      all.set(
        id,
        [...(all.get(id) ?? []), ...of].sort((x, y) => x - y),
      );
    return all;
  };
  return { active, standby: both(a.standby, b.standby), warmup: both(a.warmup, b.warmup) };
}
