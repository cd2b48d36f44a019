import { javaStringHash } from '../java_hash.js';
import { hashMapOrder } from '../modern/java_order.js';
import { Heap } from './heap.js';

interface Load {
  readonly memberId: string;
  tasks: number;
}

/** What a process, that is its members, has been given so far. */
export class ProcessState {
  private readonly counts = new Map<string, number>();
  private readonly tasks = new Set<string>();
  private byLoad: Heap<Load> | undefined;
  private taskCount = 0;

  addMember(memberId: string): void {
    this.counts.set(memberId, 0);
  }

  /** Tasks per member. */
  get load(): number {
    return this.taskCount / this.counts.size;
  }

  countOf(memberId: string): number {
    return this.counts.get(memberId) ?? 0;
  }

  hasTask(task: string): boolean {
    return this.tasks.has(task);
  }

  /** How many tasks the member has then. */
  add(memberId: string, task: string): number {
    this.byLoad = undefined;
    return this.take(memberId, task);
  }

  private take(memberId: string, task: string): number {
    this.taskCount += 1;
    this.tasks.add(task);
    const count = this.countOf(memberId) + 1;
    this.counts.set(memberId, count);
    return count;
  }

  /** The member that got the task, and how many it has then. */
  addToLeastLoaded(task: string): { readonly memberId: string; readonly count: number } {
    if (this.byLoad === undefined) {
      this.byLoad = new Heap((a, b) => a.tasks - b.tasks);
      for (const memberId of hashMapOrder([...this.counts.keys()], javaStringHash))
        this.byLoad.add({ memberId, tasks: this.countOf(memberId) });
    }
    const least = this.byLoad.poll() ?? { memberId: '', tasks: 0 };
    least.tasks = this.take(least.memberId, task);
    this.byLoad.add(least);
    return { memberId: least.memberId, count: least.tasks };
  }
}
