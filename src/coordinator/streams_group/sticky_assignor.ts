import { javaStringHash } from '../java_hash.js';
import { hashMapOrder } from '../modern/java_order.js';
import { Heap } from './heap.js';
import { ProcessState } from './process_state.js';
import { type TargetTasks, taskKey, tasksOf } from './tasks.js';

/** A member, in Kafka's order. */
export interface TaskMember {
  readonly memberId: string;
  readonly processId: string;
  /** Its target so far. */
  readonly target: TargetTasks;
}

export interface TaskGroup {
  readonly members: readonly TaskMember[];
  readonly standbyReplicas: number;
  /** In the order of their ids. */
  readonly subtopologies: ReadonlyArray<{ readonly id: string; readonly tasks: number; readonly isStateful: boolean }>;
}

interface Task {
  readonly subtopologyId: string;
  readonly partition: number;
  readonly key: string;
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byPartition = (a: Task, b: Task): number =>
  a.partition - b.partition || compareText(a.subtopologyId, b.subtopologyId);
const bySubtopology = (a: Task, b: Task): number =>
  compareText(a.subtopologyId, b.subtopologyId) || a.partition - b.partition;
const share = (tasks: number, members: number): number => (members === 0 ? 0 : Math.ceil(tasks / members));

/**
 * Kafka's sticky task assignor: active tasks go to who had them, then to who had a copy, then to the process with the least load; no
 * member gets more than its share while others have less. Standby tasks likewise, never two copies in one process.
 */
export function assignTasks(group: TaskGroup): ReadonlyMap<string, TargetTasks> {
  return new StickyAssignor(group).assign();
}

class StickyAssignor {
  private readonly processes = new Map<string, ProcessState>();
  private readonly previousActive = new Map<string, TaskMember>();
  private readonly previousStandby = new Map<string, TaskMember[]>();
  private readonly given = new Map<string, { active: Task[]; standby: Task[] }>();
  /** What is left to give, and to how many members: their share follows. */
  private readonly active: Quota;
  private readonly total: Quota;

  constructor(private readonly group: TaskGroup) {
    const { members, subtopologies, standbyReplicas } = group;
    let activeTasks = 0;
    let allTasks = 0;
    for (const { tasks, isStateful } of subtopologies) {
      activeTasks += tasks;
      allTasks += tasks + (isStateful ? tasks * standbyReplicas : 0);
    }
    this.active = new Quota(activeTasks, members.length);
    this.total = new Quota(allTasks, members.length);
    for (const member of members) {
      this.given.set(member.memberId, { active: [], standby: [] });
      const process = this.processes.get(member.processId) ?? new ProcessState();
      this.processes.set(member.processId, process);
      process.addMember(member.memberId);
      for (const [id, partitions] of member.target.active)
        for (const partition of partitions) this.previousActive.set(taskKey(id, partition), member);
      for (const [id, partitions] of member.target.standby)
        for (const partition of partitions) {
          const key = taskKey(id, partition);
          this.previousStandby.set(key, [...(this.previousStandby.get(key) ?? []), member]);
        }
    }
  }

  assign(): ReadonlyMap<string, TargetTasks> {
    this.assignActive(this.tasks(true));
    if (this.group.standbyReplicas > 0) this.assignStandby(this.tasks(false));
    const idsOf = (tasks: readonly Task[]) => {
      const bySubtopologyId = new Map<string, number[]>();
      for (const { subtopologyId, partition } of tasks)
        bySubtopologyId.set(subtopologyId, [...(bySubtopologyId.get(subtopologyId) ?? []), partition]);
      return tasksOf([...bySubtopologyId].map(([subtopologyId, partitions]) => ({ subtopologyId, partitions })));
    };
    return new Map(
      [...this.given].map(([memberId, { active, standby }]) => [
        memberId,
        { active: idsOf(active), standby: idsOf(standby), warmup: new Map() },
      ]),
    );
  }

  private tasks(stateless: boolean): Task[] {
    return this.group.subtopologies.flatMap(({ id, tasks, isStateful }) =>
      stateless || isStateful
        ? Array.from({ length: tasks }, (_, partition) => ({
            subtopologyId: id,
            partition,
            key: taskKey(id, partition),
          }))
        : [],
    );
  }

  private processOf(member: TaskMember): ProcessState {
    return this.processes.get(member.processId) ?? new ProcessState();
  }

  private give(member: TaskMember, task: Task, kind: 'active' | 'standby'): void {
    this.count(member.memberId, this.processOf(member).add(member.memberId, task.key), task, kind);
  }

  private count(memberId: string, tasks: number, task: Task, kind: 'active' | 'standby'): void {
    this.given.get(memberId)?.[kind].push(task);
    if (kind === 'active') this.active.reached(tasks);
    this.total.reached(tasks);
  }

  private hasRoom(member: TaskMember, quota: Quota): boolean {
    return this.processOf(member).countOf(member.memberId) < quota.perMember;
  }

  private assignActive(tasks: Task[]): void {
    const take = (previous: (task: Task) => TaskMember | undefined) => (task: Task) => {
      const member = previous(task);
      if (member === undefined || !this.hasRoom(member, this.active)) return true;
      this.give(member, task, 'active');
      return false;
    };
    const left = [...tasks]
      .sort(byPartition)
      .filter(take(({ key }) => this.previousActive.get(key)))
      .filter(take(({ key }) => this.leastLoaded(this.previousStandby.get(key), undefined)))
      .sort(bySubtopology);
    const processes = this.byLoad();
    for (const task of left) {
      const process = processes.poll();
      if (process === undefined) return;
      const { memberId, count } = process.addToLeastLoaded(task.key);
      this.count(memberId, count, task, 'active');
      processes.add(process);
    }
  }

  /** Processes in the order of Kafka's map of them, least loaded first. */
  private byLoad(): Heap<ProcessState> {
    const heap = new Heap<ProcessState>((a, b) => a.load - b.load);
    const ids = hashMapOrder([...this.processes.keys()], javaStringHash, this.group.members.length);
    for (const id of ids) {
      const process = this.processes.get(id);
      if (process !== undefined) heap.add(process);
    }
    return heap;
  }

  /** Of members that had a copy, the one with least to do; undefined when its process has the task already. */
  private leastLoaded(members: readonly TaskMember[] | undefined, task: string | undefined): TaskMember | undefined {
    const [first, ...others] = members ?? [];
    if (first === undefined) return undefined;
    let candidate = first;
    let processLoad = this.processOf(first).load;
    let memberLoad = this.processOf(first).countOf(first.memberId);
    for (const member of others) {
      const process = this.processOf(member);
      if (process.load >= processLoad || (task !== undefined && process.hasTask(task))) continue;
      const count = process.countOf(member.memberId);
      if (count >= memberLoad) continue;
      processLoad = process.load;
      memberLoad = count;
      candidate = member;
    }
    // As in Kafka it is the first one's process that is looked at.
    return task === undefined || !this.processOf(first).hasTask(task) ? candidate : undefined;
  }

  private assignStandby(tasks: Task[]): void {
    const { standbyReplicas } = this.group;
    const open: Array<{ readonly task: Task; readonly replicas: number }> = [];
    for (const task of [...tasks].sort(byPartition).reverse())
      for (let i = 0; i < standbyReplicas; i += 1) {
        if (this.giveBack(task)) continue;
        open.push({ task, replicas: standbyReplicas - i });
        break;
      }
    open.sort((a, b) => bySubtopology(b.task, a.task));
    const processes = this.byLoad();
    for (const { task, replicas } of open)
      for (let i = 0; i < replicas; i += 1) if (!this.giveToLeastLoaded(processes, task)) break;
  }

  /** A copy to who had the task or a copy of it before. */
  private giveBack(task: Task): boolean {
    const active = this.previousActive.get(task.key);
    if (active !== undefined && !this.processOf(active).hasTask(task.key) && this.hasRoom(active, this.total)) {
      this.give(active, task, 'standby');
      return true;
    }
    const standby = this.leastLoaded(this.previousStandby.get(task.key), task.key);
    if (standby === undefined || !this.hasRoom(standby, this.total)) return false;
    this.give(standby, task, 'standby');
    return true;
  }

  private giveToLeastLoaded(processes: Heap<ProcessState>, task: Task): boolean {
    const process = processes.poll();
    if (process === undefined) return false;
    let found = false;
    if (!process.hasTask(task.key)) {
      const { memberId, count } = process.addToLeastLoaded(task.key);
      this.count(memberId, count, task, 'standby');
      found = true;
    } else if (!processes.isEmpty) found = this.giveToLeastLoaded(processes, task);
    processes.add(process);
    return found;
  }
}

/** How many tasks a member gets; those that have theirs do not count for the others' share any more. */
class Quota {
  perMember: number;

  constructor(
    private tasks: number,
    private members: number,
  ) {
    this.perMember = share(tasks, members);
  }

  reached(tasks: number): void {
    if (tasks !== this.perMember) return;
    this.members -= 1;
    this.tasks -= tasks;
    this.perMember = share(this.tasks, this.members);
  }
}
