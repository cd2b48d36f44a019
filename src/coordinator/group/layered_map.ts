/** The part of `Map` that groups use, so that a draft can stand in for the real thing. */
export interface MapLike<K, V> {
  readonly size: number;
  get(key: K): V | undefined;
  has(key: K): boolean;
  set(key: K, value: V): unknown;
  delete(key: K): boolean;
  entries(): IterableIterator<[K, V]>;
  keys(): IterableIterator<K>;
  values(): IterableIterator<V>;
}

/** Changes on top of a map that stays as it is. Costs what the changes cost, not what the map holds. */
export class LayeredMap<K, V extends NonNullable<unknown>> implements MapLike<K, V> {
  /** Made with the first change: most drafts leave most of their maps alone. */
  private overlay: Map<K, V | undefined> | undefined;
  size: number;

  constructor(private readonly base: MapLike<K, V>) {
    this.size = base.size;
  }

  get(key: K): V | undefined {
    const { overlay } = this;
    if (overlay === undefined) return this.base.get(key);
    const changed = overlay.get(key);
    return changed !== undefined || overlay.has(key) ? changed : this.base.get(key);
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  set(key: K, value: V): this {
    if (!this.has(key)) this.size += 1;
    this.change(key, value);
    return this;
  }

  delete(key: K): boolean {
    if (!this.has(key)) return false;
    this.size -= 1;
    this.change(key, undefined);
    return true;
  }

  private change(key: K, value: V | undefined): void {
    this.overlay ??= new Map();
    this.overlay.set(key, value);
  }

  /** In the order of the base map, then what is new. Whoever iterates must not change the map meanwhile. */
  entries(): IterableIterator<[K, V]> {
    return this.overlay === undefined ? this.base.entries() : this.layeredEntries(this.overlay);
  }

  private *layeredEntries(overlay: ReadonlyMap<K, V | undefined>): IterableIterator<[K, V]> {
    for (const [key, value] of this.base.entries()) {
      const now = overlay.has(key) ? overlay.get(key) : value;
      if (now !== undefined) yield [key, now];
    }
    for (const [key, value] of overlay) if (value !== undefined && !this.base.has(key)) yield [key, value];
  }

  keys(): IterableIterator<K> {
    return this.overlay === undefined ? this.base.keys() : this.layeredKeys(this.overlay);
  }

  values(): IterableIterator<V> {
    return this.overlay === undefined ? this.base.values() : this.layeredValues(this.overlay);
  }

  private *layeredKeys(overlay: ReadonlyMap<K, V | undefined>): IterableIterator<K> {
    for (const [key] of this.layeredEntries(overlay)) yield key;
  }

  private *layeredValues(overlay: ReadonlyMap<K, V | undefined>): IterableIterator<V> {
    for (const [, value] of this.layeredEntries(overlay)) yield value;
  }

  /** Every key that was touched with its value now; undefined: it is gone. */
  changes(): Array<readonly [K, V | undefined]> {
    return this.overlay === undefined ? [] : [...this.overlay];
  }
}
