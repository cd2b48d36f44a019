import type { Prng } from '../../support/prng.js';
import type { Simulation } from './simulation.js';

/** What a history's members have in common: everybody the assignor of the broker, or one subscription. */
export interface InCommon {
  readonly uniform: boolean;
  readonly same: boolean;
}

/** Everybody who is left heartbeats until nothing changes: then the group is stable, complete, balanced, and its log says so. */
export function checkSettled(world: Simulation, random: Prng, { uniform, same }: InCommon): string | undefined {
  for (const client of world.clients) client.sleepsUntilMs = 0;
  // Sessions of those that crashed run out meanwhile.
  world.settle(60);
  const { group } = world;
  if (group === undefined) return 'no group';
  if (group.state !== 'Stable') return `not stable but ${group.state}`;
  if (group.size !== world.clients.length) return `${group.size} members of ${world.clients.length} clients`;
  const failure = world.twoOwners() ?? world.otherView();
  if (failure !== undefined) return failure;
  const orphans = world.orphans();
  if (orphans.length > 0) return `without an owner: ${orphans.join(', ')}`;
  const loads = world.loads();
  if (uniform && same && Math.max(...loads) - Math.min(...loads) > 1) return `not balanced: ${loads.join(' ')}`;
  const unbalanced = uniform ? world.unbalanced() : undefined;
  if (unbalanced !== undefined) return unbalanced;
  const live = JSON.stringify(world.shown());
  const replayed = JSON.stringify(world.replayed());
  if (live !== replayed) return `replay differs:\n${live}\n${replayed}`;
  world.tryAndUndo(world.heartbeatOf(world.add({ topics: ['t', 'u'] })));
  if (JSON.stringify(world.shown()) !== live) return 'a decision taken back left something';
  world.clients.pop();
  if (!uniform || !same) return undefined;
  return checkStickyJoin(world, random) ?? checkStickyLeave(world, random);
}

/** One more member takes no more than its share, and nobody else moves. */
function checkStickyJoin(world: Simulation, random: Prng): string | undefined {
  const before = owners(world);
  const pattern = random.pick(world.clients);
  const added = world.add({ topics: pattern.topics, regex: pattern.regex });
  world.settle(8);
  for (const [partition, memberId] of owners(world))
    if (memberId !== added.memberId && before.get(partition) !== memberId)
      return `${partition} moved from ${before.get(partition)} to ${memberId} when ${added.memberId} joined`;
  return world.group?.state === 'Stable' ? undefined : 'not stable with one more member';
}

/** The others get what one that leaves had, and keep what they have. */
function checkStickyLeave(world: Simulation, random: Prng): string | undefined {
  const leaving = random.pick(world.clients);
  const before = owners(world);
  world.leave(leaving);
  world.clients.splice(world.clients.indexOf(leaving), 1);
  world.settle(8);
  const after = owners(world);
  for (const [partition, memberId] of before)
    if (memberId !== leaving.memberId && after.get(partition) !== memberId)
      return `${partition} moved from ${memberId} to ${after.get(partition)} when ${leaving.memberId} left`;
  if (world.clients.length === 0) return undefined;
  if (world.orphans().length > 0)
    return `without an owner when ${leaving.memberId} left: ${world.orphans().join(', ')}`;
  return world.group?.state === 'Stable' ? undefined : 'not stable with one member less';
}

function owners(world: Simulation): ReadonlyMap<string, string> {
  const owners = new Map<string, string>();
  for (const { memberId, assigned } of world.group?.members() ?? [])
    for (const [topicId, of] of assigned)
      for (const partition of of.keys()) owners.set(`${topicId}/${partition}`, memberId);
  return owners;
}
