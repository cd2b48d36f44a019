type Pairs = Map<number, number>;

/** What does not fit, said after everything else on standard error, as Kafka's tool does. */
export class DumpNotes {
  private readonly mismatches = new Map<string, Pairs>();
  private readonly gaps = new Map<string, Pairs>();
  private readonly timestamps = new Map<string, Array<readonly [number, number]>>();
  private readonly outOfOrder = new Map<string, Array<readonly [number, number]>>();
  private readonly notFound = new Map<string, Array<readonly [number, number]>>();
  private readonly problems: string[] = [];

  indexMismatch(path: string, indexOffset: number, logOffset: number): void {
    pairsOf(this.mismatches, path).set(indexOffset, logOffset);
  }

  nonConsecutive(path: string, offset: number, next: number): void {
    pairsOf(this.gaps, path).set(offset, next);
  }

  timestampMismatch(path: string, indexMs: number, logMs: number): void {
    listOf(this.timestamps, path).push([indexMs, logMs]);
  }

  timestampOutOfOrder(path: string, indexMs: number, previousMs: number): void {
    listOf(this.outOfOrder, path).push([indexMs, previousMs]);
  }

  offsetNotFound(path: string, indexOffset: number, logOffset: number): void {
    listOf(this.notFound, path).push([indexOffset, logOffset]);
  }

  /** A file that could not be shown. */
  problem(text: string): void {
    this.problems.push(text);
  }

  get failed(): boolean {
    return this.problems.length > 0;
  }

  *lines(): Generator<string, void, void> {
    yield* this.problems;
    for (const [path, pairs] of this.mismatches) {
      yield `Mismatches in :${path}`;
      for (const [a, b] of sorted(pairs).reverse()) yield `  Index offset: ${a}, log offset: ${b}`;
    }
    for (const [path, pairs] of this.timestamps) {
      yield `Found timestamp mismatch in :${path}`;
      for (const [a, b] of pairs) yield `  Index timestamp: ${a}, log timestamp: ${b}`;
    }
    for (const [path, pairs] of this.outOfOrder) {
      yield `Found out of order timestamp in :${path}`;
      for (const [a, b] of pairs) yield `  Index timestamp: ${a}, Previously indexed timestamp: ${b}`;
    }
    for (const pairs of this.notFound.values()) {
      yield 'The following indexed offsets are not found in the log.';
      for (const [a, b] of pairs) yield `Indexed offset: ${a}, found log offset: ${b}`;
    }
    for (const [path, pairs] of this.gaps) {
      yield `Non-consecutive offsets in ${path}`;
      for (const [a, b] of sorted(pairs)) yield `  ${a} is followed by ${b}`;
    }
  }
}

function pairsOf(map: Map<string, Pairs>, path: string): Pairs {
  const known = map.get(path) ?? new Map<number, number>();
  map.set(path, known);
  return known;
}

function listOf(map: Map<string, Array<readonly [number, number]>>, path: string): Array<readonly [number, number]> {
  const known = map.get(path) ?? [];
  map.set(path, known);
  return known;
}

function sorted(pairs: Pairs): Array<[number, number]> {
  return [...pairs].sort(([a], [b]) => a - b);
}
