import type { Prng } from '../../support/prng.js';
import { type Client, Simulation } from './simulation.js';

const subscriptions: ReadonlyArray<Pick<Client, 'topics' | 'regex'>> = [
  { topics: ['t'], regex: null },
  { topics: ['t', 'u'], regex: null },
  { topics: ['u'], regex: null },
  { topics: ['v', 'w', 'missing'], regex: null },
  { topics: [], regex: '[tu]' },
  { topics: [], regex: '.' },
];

/** What went wrong, or undefined. */
export function playHistory(random: Prng, memberCount: number, steps: number): string | undefined {
  const uniform = random.below(3) > 0;
  // Half of the histories have one subscription for all: only these can be balanced.
  const same = random.below(2) === 0 ? random.pick(subscriptions) : undefined;
  const world = new Simulation(
    random,
    { t: 1 + random.below(24), u: 1 + random.below(8), v: 3, w: 1 },
    { assignmentIntervalMs: random.pick([0, 0, 1_000]) },
  );
  const wish = () => same ?? random.pick(subscriptions);
  const join = () =>
    world.add({
      ...wish(),
      assignor: uniform ? null : random.pick(['uniform', 'range']),
      instanceId: random.below(5) === 0 ? `i${random.below(4)}-${world.clients.length}` : null,
    });
  for (let i = 0; i < memberCount; i += 1) join();
  for (let step = 0; step < steps; step += 1) {
    happen(world, random, wish, join);
    const doubles = world.doubles();
    if (doubles.length > 0) return `two owners after step ${step}: ${doubles.join('; ')}`;
  }
  return checkSettled(world, random, uniform && same !== undefined);
}

function happen(
  world: Simulation,
  random: Prng,
  wish: () => Pick<Client, 'topics' | 'regex'>,
  join: () => Client,
): void {
  const client = random.pick(world.clients);
  const awake = client.sleepsUntilMs <= world.nowMs;
  switch (random.below(24)) {
    case 0:
      if (awake) world.leave(client);
      return;
    case 1:
      client.sleepsUntilMs = world.nowMs + random.pick([500, 5_000, 15_000]);
      return;
    case 2:
      Object.assign(client, wish(), { tellsAll: true });
      return;
    case 3:
      world.advance(random.pick([100, 1_000, 4_000]));
      return;
    case 4:
      // A crash: a static member comes back at once under another id, a dynamic one as somebody else.
      if (client.instanceId !== null && client.joined && random.below(2) === 0) world.leave(client, -2);
      Object.assign(client, { memberId: world.freshId(), epoch: 0, owned: new Map(), joined: false, tellsAll: true });
      return;
    case 5:
      if (world.clients.length < 60) join();
      return;
    case 6:
      if (random.below(8) === 0) grow(world, random.pick(['x', 'y', 'z']), 1 + random.below(5));
      return;
    default:
      if (awake) world.beat(client);
  }
}

/** Partitions of a topic are never taken away. */
function grow({ metadata }: Simulation, name: string, partitions: number): void {
  const before = metadata.current().topicsByName.get(name)?.partitions.length ?? 0;
  metadata.add(name, Math.max(before, partitions));
}

/** Everybody who is left heartbeats until nothing changes: then the group is stable, complete, balanced, and its log says so. */
function checkSettled(world: Simulation, random: Prng, balanced: boolean): string | undefined {
  for (const client of world.clients) client.sleepsUntilMs = 0;
  // Sessions of those that crashed run out meanwhile.
  world.settle(60);
  const { group } = world;
  if (group === undefined) return 'no group';
  if (group.state !== 'Stable') return `not stable but ${group.state}`;
  if (group.size !== world.clients.length) return `${group.size} members of ${world.clients.length} clients`;
  const orphans = world.orphans();
  if (orphans.length > 0) return `without an owner: ${orphans.join(', ')}`;
  const doubles = world.doubles();
  if (doubles.length > 0) return `two owners: ${doubles.join(', ')}`;
  const loads = world.loads();
  if (balanced && Math.max(...loads) - Math.min(...loads) > 1) return `not balanced: ${loads.join(' ')}`;
  const [live, replayed] = [JSON.stringify(world.shown()), JSON.stringify(world.replayed())];
  if (live !== replayed) return `replay differs:\n${live}\n${replayed}`;
  const undone = world.tryAndUndo(world.heartbeatOf(world.add({ topics: ['t', 'u'] })));
  if (JSON.stringify(undone.before) !== JSON.stringify(undone.after)) return 'a decision taken back left something';
  world.clients.pop();
  return balanced ? checkSticky(world, random) : undefined;
}

/** One more member takes no more than its share, and nobody else moves. */
function checkSticky(world: Simulation, random: Prng): string | undefined {
  const before = new Map<string, string>();
  for (const member of world.group?.members() ?? [])
    for (const [topicId, of] of member.assigned)
      for (const partition of of.keys()) before.set(`${topicId}/${partition}`, member.memberId);
  const pattern = world.clients[random.below(world.clients.length)];
  if (pattern === undefined) return undefined;
  const added = world.add({ topics: pattern.topics, regex: pattern.regex });
  world.settle(8);
  for (const member of world.group?.members() ?? []) {
    if (member.memberId === added.memberId) continue;
    for (const [topicId, of] of member.assigned)
      for (const partition of of.keys())
        if (before.get(`${topicId}/${partition}`) !== member.memberId)
          return `${topicId}/${partition} moved from ${before.get(`${topicId}/${partition}`)} to ${member.memberId}`;
  }
  return world.group?.state === 'Stable' ? undefined : 'not stable with one more member';
}
