/** A binary heap that gives equals in the order of `java.util.PriorityQueue`: what is assigned follows from it. */
export class Heap<T> {
  private readonly items: T[] = [];

  constructor(private readonly compare: (a: T, b: T) => number) {}

  get isEmpty(): boolean {
    return this.items.length === 0;
  }

  add(item: T): void {
    let at = this.items.length;
    this.items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.items[parent] as T;
      if (this.compare(item, above) >= 0) break;
      this.items[at] = above;
      at = parent;
    }
    this.items[at] = item;
  }

  /** The least, taken out; undefined when there is none. */
  poll(): T | undefined {
    const [least] = this.items;
    const last = this.items.pop();
    if (last === undefined || this.items.length === 0) return least;
    const { length } = this.items;
    let at = 0;
    while (at < length >> 1) {
      let child = 2 * at + 1;
      if (child + 1 < length && this.compare(this.items[child] as T, this.items[child + 1] as T) > 0) child += 1;
      const below = this.items[child] as T;
      if (this.compare(last, below) <= 0) break;
      this.items[at] = below;
      at = child;
    }
    this.items[at] = last;
    return least;
  }
}
