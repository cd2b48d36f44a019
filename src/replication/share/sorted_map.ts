/** Values by number, in order. Cost: log n to find, n to insert or remove in the middle, little at the ends. */
export class SortedMap<V> {
  private readonly keys: number[] = [];
  private readonly values: V[] = [];

  get size(): number {
    return this.keys.length;
  }

  get first(): V | undefined {
    return this.values[0];
  }

  get last(): V | undefined {
    return this.values[this.values.length - 1];
  }

  get firstKey(): number | undefined {
    return this.keys[0];
  }

  get(key: number): V | undefined {
    const at = this.floorIndex(key);
    return this.keys[at] === key ? this.values[at] : undefined;
  }

  set(key: number, value: V): void {
    const at = this.floorIndex(key);
    if (this.keys[at] === key) this.values[at] = value;
    else if (at === this.keys.length - 1) {
      this.keys.push(key);
      this.values.push(value);
    } else {
      this.keys.splice(at + 1, 0, key);
      this.values.splice(at + 1, 0, value);
    }
  }

  /** Of the largest key ≤ `key`. */
  floor(key: number): V | undefined {
    return this.values[this.floorIndex(key)];
  }

  /** Smallest key > `key`. */
  higherKey(key: number): number | undefined {
    return this.keys[this.floorIndex(key) + 1];
  }

  /** Largest key < `key`. */
  lowerKey(key: number): number | undefined {
    return this.keys[this.floorIndex(key - 1)];
  }

  /** Values with `from` ≤ key ≤ `to`, in order; later changes of the map do not change the answer. */
  between(from: number, to: number): V[] {
    return this.values.slice(this.floorIndex(from - 1) + 1, this.floorIndex(to) + 1);
  }

  [Symbol.iterator](): IterableIterator<V> {
    return this.values.values();
  }

  /** Everything up to and with `key`. */
  removeUpTo(key: number): void {
    const count = this.floorIndex(key) + 1;
    this.keys.splice(0, count);
    this.values.splice(0, count);
  }

  clear(): void {
    this.keys.length = 0;
    this.values.length = 0;
  }

  private floorIndex(key: number): number {
    let low = 0;
    let high = this.keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.keys[middle] as number) <= key) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
