/** Delivery state of a run of records, as it is persisted: 0 available, 2 acknowledged, 4 archived. */
export interface StateBatch {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly deliveryState: number;
  readonly deliveryCount: number;
}

/**
 * What is known of a share partition after `updates` came on top of `known`: sorted, without overlaps, neighbours in the same state are
 * one, nothing lies below `startOffset` (-1: everything stays). Where two batches say something of the same records, the higher
 * delivery count counts, then the higher state: Kafka's rule, by which replaying updates twice changes nothing. A single batch, and no
 * batch, stay as they are. Cost: n log n, and n for each overlap.
 */
export function combineStateBatches(
  known: readonly StateBatch[],
  updates: readonly StateBatch[],
  startOffset: number,
): readonly StateBatch[] {
  const pruned = [...known, ...updates].flatMap((batch) => fromStart(batch, startOffset));
  if (pruned.length < 2) return pruned;
  const pending = pruned.sort(compareBatches).filter((batch, at) => at === 0 || !same(batch, pruned[at - 1]));
  const combined: StateBatch[] = [];
  for (let current = pending.shift(); current !== undefined; ) {
    const next = pending[0];
    if (next === undefined || !touches(current, next)) {
      combined.push(current);
      current = pending.shift();
      continue;
    }
    pending.shift();
    for (const piece of merge(current, next)) insert(pending, piece);
    current = pending.shift();
  }
  return combined;
}

function fromStart(batch: StateBatch, startOffset: number): StateBatch[] {
  if (startOffset === -1 || batch.firstOffset >= startOffset) return [batch];
  return batch.lastOffset < startOffset ? [] : [{ ...batch, firstOffset: startOffset }];
}

function compareBatches(a: StateBatch, b: StateBatch): number {
  return a.firstOffset - b.firstOffset || a.lastOffset - b.lastOffset || compareState(a, b);
}

/** Which of two states of a record is the later one. */
function compareState(a: StateBatch, b: StateBatch): number {
  return a.deliveryCount - b.deliveryCount || a.deliveryState - b.deliveryState;
}

function same(a: StateBatch, b: StateBatch | undefined): boolean {
  return b !== undefined && compareBatches(a, b) === 0;
}

function touches(first: StateBatch, next: StateBatch): boolean {
  if (next.firstOffset <= first.lastOffset) return true;
  return first.lastOffset + 1 === next.firstOffset && compareState(first, next) === 0;
}

/** What two batches that touch are together; `first` does not begin behind `next`. */
function merge(first: StateBatch, next: StateBatch): StateBatch[] {
  if (compareState(first, next) === 0) return [{ ...first, lastOffset: Math.max(first.lastOffset, next.lastOffset) }];
  const nextWins = compareState(next, first) > 0;
  if (!nextWins) {
    const behind = next.lastOffset > first.lastOffset ? [{ ...next, firstOffset: first.lastOffset + 1 }] : [];
    return [first, ...behind];
  }
  const before = first.firstOffset < next.firstOffset ? [{ ...first, lastOffset: next.firstOffset - 1 }] : [];
  const after = first.lastOffset > next.lastOffset ? [{ ...first, firstOffset: next.lastOffset + 1 }] : [];
  return [...before, next, ...after];
}

function insert(sorted: StateBatch[], batch: StateBatch): void {
  let at = 0;
  while (at < sorted.length && compareBatches(sorted[at] as StateBatch, batch) < 0) at += 1;
  if (!same(batch, sorted[at])) sorted.splice(at, 0, batch);
}
