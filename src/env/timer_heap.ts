export interface TimerNode {
  readonly dueMs: number;
  /** Set by the heap: equal due times run in the order of their insertion. */
  sequence: number;
  /** Place in the heap, -1 when not in it. */
  index: number;
  readonly run: () => void;
}

/** A binary heap by due time in which every node knows its place: push and remove cost O(log n), nothing cancelled stays. */
export class TimerHeap {
  readonly #nodes: TimerNode[] = [];
  #sequence = 0;

  get size(): number {
    return this.#nodes.length;
  }

  peek(): TimerNode | undefined {
    return this.#nodes[0];
  }

  push(node: TimerNode): void {
    node.sequence = this.#sequence;
    this.#sequence += 1;
    this.#place(node, this.#nodes.length);
    this.#up(node);
  }

  /** Nothing happens when the node is not in the heap. */
  remove(node: TimerNode): void {
    const { index } = node;
    if (index < 0) return;
    node.index = -1;
    const last = this.#nodes.pop();
    if (last === undefined || last === node) return;
    this.#place(last, index);
    this.#up(last);
    this.#down(last);
  }

  #up(node: TimerNode): void {
    while (node.index > 0) {
      const parent = this.#nodes[(node.index - 1) >> 1];
      if (parent === undefined || !before(node, parent)) return;
      this.#swap(node, parent);
    }
  }

  #down(node: TimerNode): void {
    for (;;) {
      const left = this.#nodes[2 * node.index + 1];
      const right = this.#nodes[2 * node.index + 2];
      const smaller = left !== undefined && right !== undefined && before(right, left) ? right : left;
      if (smaller === undefined || !before(smaller, node)) return;
      this.#swap(smaller, node);
    }
  }

  #swap(a: TimerNode, b: TimerNode): void {
    const { index } = a;
    this.#place(a, b.index);
    this.#place(b, index);
  }

  #place(node: TimerNode, index: number): void {
    node.index = index;
    this.#nodes[index] = node;
  }
}

function before(a: TimerNode, b: TimerNode): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence);
}
