import type { Prng } from '../../support/prng.js';
import { checkSettled } from './settled.js';
import { type Client, nothing, Simulation, type Subscription } from './simulation.js';

const subscriptions: readonly Subscription[] = [
  { topics: ['t'], regex: null },
  { topics: ['t', 'u'], regex: null },
  { topics: ['u'], regex: null },
  { topics: ['v', 'w', 'missing'], regex: null },
  { topics: [], regex: '[tu]' },
  { topics: [], regex: '.' },
];

const kinds = ['joins', 'leaves', 'stalls', 'changes', 'crashes', 'growths', 'beats'] as const;
type Kind = (typeof kinds)[number];

/** What members do in every history, as often as it takes until each has been done. */
const inEvery: readonly Kind[] = ['leaves', 'stalls', 'changes', 'crashes'];

export interface Played {
  /** What went wrong, if anything did. */
  readonly failure: string | undefined;
  /** What the members did. */
  readonly did: Readonly<Record<Kind, number>>;
  readonly mostMembers: number;
}

/** The life of a group of `memberCount` members, all of them in it at once at some time, and some more. */
export function playHistory(random: Prng, memberCount: number, World: typeof Simulation = Simulation): Played {
  const history = new History(random, memberCount, World);
  return { failure: history.play(), did: history.did, mostMembers: history.mostMembers };
}

class History {
  readonly did = Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<Kind, number>;
  mostMembers = 0;
  private readonly world: Simulation;
  private readonly uniform: boolean;
  /** Half of the histories have one subscription for all: only these can be balanced. */
  private readonly same: Subscription | undefined;
  /** Whose turn it is yet, so that nobody is left out. */
  private turns: Client[] = [];

  constructor(
    private readonly random: Prng,
    private readonly memberCount: number,
    World: typeof Simulation,
  ) {
    this.uniform = random.below(3) > 0;
    this.same = random.below(2) === 0 ? random.pick(subscriptions) : undefined;
    this.world = new World(
      random,
      { t: 1 + random.below(24), u: 1 + random.below(8), v: 3, w: 1 },
      { assignmentIntervalMs: random.pick([0, 0, 1_000]) },
    );
    for (let i = 0; i < memberCount; i += 1) this.add();
  }

  play(): string | undefined {
    const { world, random, memberCount } = this;
    const steps = memberCount * 6 + 20;
    const gathering = random.below(steps);
    for (let step = 0; step < steps || inEvery.some((kind) => this.did[kind] === 0); step += 1) {
      const failure = step === gathering ? this.gather() : this.happen();
      if (failure !== undefined) return `${failure} (step ${step})`;
    }
    if (this.mostMembers < memberCount) return `never more than ${this.mostMembers} members of ${memberCount} at once`;
    return checkSettled(world, random, { uniform: this.uniform, same: this.same !== undefined });
  }

  private wish(): Subscription {
    return this.same ?? this.random.pick(subscriptions);
  }

  private add(): void {
    const { world, random } = this;
    world.add({
      ...this.wish(),
      assignor: this.uniform ? null : random.pick(['uniform', 'range']),
      instanceId: random.below(5) === 0 ? `i${random.below(4)}-${world.clients.length}` : null,
    });
  }

  /** One of any, or one of those that had fewer turns than others. */
  private next(): Client {
    const { random, world } = this;
    if (random.below(2) === 0) return random.pick(world.clients);
    if (this.turns.length === 0) this.turns = [...world.clients];
    const [client] = this.turns.splice(random.below(this.turns.length), 1);
    return client ?? random.pick(world.clients);
  }

  /** Everybody who is not asleep for good joins, or says that it is there, at one time. */
  private gather(): string | undefined {
    for (const client of this.world.clients) {
      client.sleepsUntilMs = 0;
      const failure = this.beat(client);
      if (failure !== undefined) return failure;
    }
    // Those that the group does not know any more are told so, unless that gets lost, and join anew.
    for (let round = 0; round < 8 && (this.world.group?.size ?? 0) < this.world.clients.length; round += 1)
      for (const client of this.world.clients) {
        const isThere = this.world.group?.member(client.memberId) !== undefined;
        const failure = isThere ? undefined : this.beat(client);
        if (failure !== undefined) return failure;
      }
    return undefined;
  }

  private beat(client: Client): string | undefined {
    const { world, did } = this;
    const wasThere = world.group?.member(client.memberId) !== undefined;
    world.beat(client);
    did.beats += 1;
    if (!wasThere && world.group?.member(client.memberId) !== undefined) did.joins += 1;
    this.mostMembers = Math.max(this.mostMembers, world.group?.size ?? 0);
    return world.twoOwners();
  }

  private happen(): string | undefined {
    const { world, random, did } = this;
    const client = this.next();
    const awake = client.sleepsUntilMs <= world.nowMs;
    switch (random.below(24)) {
      case 0:
        if (!awake) return undefined;
        if (client.joined) did.leaves += 1;
        world.leave(client);
        break;
      case 1:
        client.sleepsUntilMs = world.nowMs + random.pick([500, 5_000, 15_000]);
        if (client.joined) did.stalls += 1;
        break;
      case 2:
        Object.assign(client, this.wish(), { tellsAll: true });
        did.changes += 1;
        break;
      case 3:
        world.advance(random.pick([100, 1_000, 4_000]));
        break;
      case 4:
        // A crash: a static member comes back at once under another id, a dynamic one as somebody else.
        if (client.joined) did.crashes += 1;
        if (client.instanceId !== null && client.joined && random.below(2) === 0) world.leave(client, -2);
        Object.assign(client, { memberId: world.freshId(), epoch: 0, owned: nothing, joined: false, tellsAll: true });
        break;
      case 5:
        if (world.clients.length < this.memberCount + 10) this.add();
        break;
      case 6:
        if (random.below(8) > 0) break;
        grow(world, random.pick(['x', 'y', 'z']), 1 + random.below(5));
        did.growths += 1;
        break;
      default:
        return awake ? this.beat(client) : undefined;
    }
    return world.twoOwners();
  }
}

/** Partitions of a topic are never taken away. */
function grow({ metadata }: Simulation, name: string, partitions: number): void {
  const before = metadata.current().topicsByName.get(name)?.partitions.length ?? 0;
  metadata.add(name, Math.max(before, partitions));
}
