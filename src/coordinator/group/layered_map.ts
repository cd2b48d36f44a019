/** The part of `Map` that groups use, so that a draft can stand in for the real thing. */
export interface MapLike<K, V> {
  readonly size: number;
  get(key: K): V | undefined;
  has(key: K): boolean;
  set(key: K, value: V): unknown;
  delete(key: K): boolean;
  entries(): IterableIterator<[K, V]>;
}

/** Changes on top of a map that stays as it is. Costs what the changes cost, not what the map holds. */
export class LayeredMap<K, V extends NonNullable<unknown>> implements MapLike<K, V> {
  private readonly overlay = new Map<K, V | undefined>();
  size: number;

  constructor(private readonly base: MapLike<K, V>) {
    this.size = base.size;
  }

  get(key: K): V | undefined {
    const changed = this.overlay.get(key);
    return changed !== undefined || this.overlay.has(key) ? changed : this.base.get(key);
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  set(key: K, value: V): this {
    if (!this.has(key)) this.size += 1;
    this.overlay.set(key, value);
    return this;
  }

  delete(key: K): boolean {
    if (!this.has(key)) return false;
    this.size -= 1;
    this.overlay.set(key, undefined);
    return true;
  }

  /** In the order of the base map, then what is new. Whoever iterates must not change the map meanwhile. */
  *entries(): IterableIterator<[K, V]> {
    for (const [key, value] of this.base.entries()) {
      const now = this.overlay.has(key) ? this.overlay.get(key) : value;
      if (now !== undefined) yield [key, now];
    }
    for (const [key, value] of this.overlay) if (value !== undefined && !this.base.has(key)) yield [key, value];
  }

  /** Every key that was touched with its value now; undefined: it is gone. */
  changes(): Array<readonly [K, V | undefined]> {
    return [...this.overlay];
  }
}
