import { describe, expect, it } from 'vitest';
import { Prng } from '../../support/prng.js';
import { Bench, unavailable } from './support.js';

// Random members do random things to a share partition; beside it a model keeps, record by record, who has what. What the
// partition gives out must be what the model allows, and what was confirmed must never be given out again, whatever fails.

type Known =
  | { readonly state: 'available'; readonly count: number }
  | { readonly state: 'acquired'; readonly count: number; readonly owner: string; readonly untilMs: number }
  | { readonly state: 'done'; readonly count: number };

const members = ['m1', 'm2', 'm3'];
const deliveryCountLimit = 3;
const lockMs = 1_000;
const maxLocks = 40;

class Model {
  readonly records = new Map<number, Known>();

  constructor(private readonly bench: Bench) {}

  get nowMs(): number {
    return this.bench.time.monotonicMs();
  }

  /** Acquired records whose time is over are available again, or given up. */
  expire(): void {
    for (const [offset, known] of this.records)
      if (known.state === 'acquired' && known.untilMs <= this.nowMs) this.free(offset, known.count);
  }

  free(offset: number, count: number): void {
    this.records.set(offset, { state: count >= deliveryCountLimit ? 'done' : 'available', count });
  }

  acquire(offset: number, owner: string, deliveryCount: number, where: string): void {
    const known = this.records.get(offset);
    const count = (known?.count ?? 0) + 1;
    const isFree = known === undefined || known.state === 'available';
    if (!isFree || deliveryCount !== count || count > deliveryCountLimit)
      throw new Error(`${where}: ${offset} given to ${owner} (${deliveryCount}) was ${JSON.stringify(known)}`);
    this.records.set(offset, { state: 'acquired', count, owner, untilMs: this.nowMs + lockMs });
  }

  ownedBy(member: string): number[] {
    return [...this.records].flatMap(([offset, known]) =>
      known.state === 'acquired' && known.owner === member ? offset : [],
    );
  }

  say(offset: number, type: number): void {
    const known = this.records.get(offset);
    if (known?.state !== 'acquired') throw new Error(`${offset} is not acquired`);
    if (type === 4) this.records.set(offset, { ...known, untilMs: this.nowMs + lockMs });
    else if (type === 2) this.free(offset, known.count);
    else this.records.set(offset, { state: 'done', count: known.count });
  }

  /** What a new leader knows: what was persisted. Locks are gone, and deliveries that were never persisted. */
  restart(): void {
    const { persister } = this.bench;
    const before = new Map(this.records);
    this.records.clear();
    const end = this.bench.logEndOffset;
    for (let offset = 0; offset < end; offset += 1) {
      const kept = persister.states.get(offset);
      const done = offset < persister.startOffset || kept?.state === 2 || kept?.state === 4;
      if (done) this.records.set(offset, { state: 'done', count: kept?.count ?? 0 });
      else if (kept !== undefined) this.records.set(offset, { state: 'available', count: kept.count });
      if (before.get(offset)?.state === 'done' && !done) throw new Error(`that ${offset} is done was not persisted`);
    }
  }

  check(where: string): void {
    const { partition } = this.bench;
    let complete = 0;
    for (const [offset, { state }] of this.records) {
      if (offset < partition.startOffset) {
        if (state !== 'done') throw new Error(`${where}: ${offset} is behind the start and ${state}`);
      } else if (state === 'done' && offset <= partition.endOffset) complete += 1;
    }
    expect(partition.deliveryCompleteCount, `${where}: done in flight`).toBe(complete);
  }
}

/** Ranges of neighbours. */
function rangesOf(offsets: readonly number[]): Array<readonly [number, number]> {
  const ranges: Array<[number, number]> = [];
  for (const offset of [...offsets].sort((a, b) => a - b)) {
    const last = ranges[ranges.length - 1];
    if (last !== undefined && last[1] === offset - 1) last[1] = offset;
    else ranges.push([offset, offset]);
  }
  return ranges;
}

async function history(seed: number): Promise<void> {
  const random = new Prng(seed);
  const bench = new Bench();
  bench.rules = {
    recordLockDurationMs: lockMs,
    deliveryCountLimit,
    partitionMaxRecordLocks: maxLocks,
    renewAcknowledgeEnable: true,
  };
  await bench.partition.load();
  const model = new Model(bench);

  const fetch = (where: string) => {
    const member = random.pick(members);
    const batchSize = 1 + random.below(10);
    const readBatches = 1 + random.below(4);
    const options = { maxRecords: 1 + random.below(20), recordLimit: random.below(2) === 0, batchSize, readBatches };
    const given = bench.fetch(member, options);
    let count = 0;
    for (const { firstOffset, lastOffset, deliveryCount } of given)
      for (let offset = firstOffset; offset <= lastOffset; offset += 1) {
        model.acquire(offset, member, deliveryCount, where);
        count += 1;
      }
    if (options.recordLimit) expect(count, where).toBeLessThanOrEqual(options.maxRecords);
    return count;
  };

  const acknowledge = async (where: string) => {
    const member = random.pick(members);
    const owned = model.ownedBy(member).filter(() => random.below(3) > 0);
    if (owned.length === 0) return;
    const said = new Map<number, number>();
    const refused = random.below(6) === 0;
    const fails = random.below(5) === 0;
    // A renewal counts although what is said beside it does not.
    const types = refused || fails ? 4 : 5;
    const batches = rangesOf(owned).map(([first, last]) => {
      const each = random.below(2) === 0;
      const chosen = Array.from({ length: each ? last - first + 1 : 1 }, () => random.below(types));
      for (let offset = first; offset <= last; offset += 1) said.set(offset, chosen[each ? offset - first : 0] ?? 1);
      return `${first}-${last} ${chosen.join()}`;
    });
    bench.persister.failWith = fails ? unavailable : undefined;
    // A member that names what is not its own is refused as a whole.
    const foreign = [...model.records].find(
      ([offset, known]) =>
        known.state === 'acquired' && known.owner !== member && offset > (owned[owned.length - 1] ?? 0),
    );
    const named = refused && foreign !== undefined ? [...batches, `${foreign[0]}-${foreign[0]} 1`] : batches;
    bench.persister.held = random.below(3) === 0;
    const answer = bench.acknowledge(member, ...named);
    if (bench.persister.held) {
      await settled();
      // Meanwhile the records are nobody else's, and cannot be spoken of again.
      fetch(`${where}, meanwhile`);
      const isWritten = [...said.values()].every((type) => type !== 4);
      if (named === batches && isWritten)
        expect(await bench.acknowledge(member, ...batches), where).not.toBeUndefined();
      bench.persister.release();
    }
    const failure = await answer;
    if (named !== batches) expect(failure, `${where}: names what belongs to another`).not.toBeUndefined();
    else if (!fails) expect(failure, `${where} ${named.join(' ')}`).toBeUndefined();
    bench.persister.failWith = undefined;
    if (failure !== undefined) return;
    for (const [offset, type] of said) model.say(offset, type);
  };

  for (let step = 0; step < 60; step += 1) {
    const where = `seed ${seed}, step ${step}`;
    switch (random.below(12)) {
      case 0:
      case 1:
        bench.append(...Array.from({ length: 1 + random.below(4) }, () => 1 + random.below(8)));
        break;
      case 2: {
        await bench.time.advance(random.below(700));
        await settled();
        model.expire();
        break;
      }
      case 3: {
        const member = random.pick(members);
        for (const offset of model.ownedBy(member)) {
          const known = model.records.get(offset);
          if (known !== undefined) model.free(offset, known.count);
        }
        expect(await bench.partition.release(member)).toBeUndefined();
        break;
      }
      case 4:
        if (random.below(3) === 0) {
          await bench.restart();
          model.restart();
        }
        break;
      case 5:
      case 6:
      case 7:
        fetch(where);
        break;
      default:
        await acknowledge(where);
    }
    model.check(where);
  }

  // Everything comes to an end.
  for (let round = 0; bench.partition.startOffset < bench.logEndOffset; round += 1) {
    expect(round, `seed ${seed}: it does not end`).toBeLessThan(400);
    for (const member of members) {
      const owned = rangesOf(model.ownedBy(member)).map(([first, last]) => `${first}-${last} 1`);
      if (owned.length === 0) continue;
      const mine = model.ownedBy(member);
      expect(await bench.acknowledge(member, ...owned)).toBeUndefined();
      for (const offset of mine) model.say(offset, 1);
    }
    fetch(`seed ${seed}, end`);
    model.check(`seed ${seed}, end`);
  }
  for (let offset = 0; offset < bench.logEndOffset; offset += 1)
    expect(model.records.get(offset)?.state, `seed ${seed}: ${offset}`).toBe('done');
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

describe('a share partition in random histories', () => {
  it('gives each record to one member at a time, until it is done with, and remembers what was confirmed', async () => {
    for (let seed = 1; seed <= 400; seed += 1) await history(seed);
  });
});
