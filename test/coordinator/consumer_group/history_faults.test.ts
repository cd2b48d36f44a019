import { afterEach, describe, expect, it, vi } from 'vitest';
import { ConsumerGroup } from '../../../src/coordinator/consumer_group/group.js';
import { uniformAssignor } from '../../../src/coordinator/consumer_group/uniform_assignor.js';
import type { GroupCommand } from '../../../src/coordinator/group/commands.js';
import type { Assignment } from '../../../src/coordinator/modern/assignment.js';
import type { Assignor, AssignorInput } from '../../../src/coordinator/modern/assignor.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { Prng } from '../../support/prng.js';
import { playHistory } from './random_history.js';
import { type Client, Simulation } from './simulation.js';

// What the histories check is broken here on purpose, one rule at a time: each check has to notice.

function failures(World: typeof Simulation = Simulation): string[] {
  return Array.from({ length: 40 }, (_, i) => playHistory(new Prng(1 + i), 8, World).failure ?? []).flat();
}

function withAssignor(assign: Assignor): typeof Simulation {
  return class extends Simulation {
    constructor(...[random, topics, rules]: ConstructorParameters<typeof Simulation>) {
      super(random, topics, { ...rules, assignors: [{ name: 'faulty', assign }] });
    }
  };
}

/** Partition after partition to member after member, beginning with another one for each number of members. */
function dealt({ members, partitionCount }: AssignorInput): ReadonlyMap<string, Assignment> {
  const targets = members.map(() => new Map<Assignment extends ReadonlyMap<infer K, unknown> ? K : never, number[]>());
  let turn = members.length;
  for (const topicId of new Set(members.flatMap(({ topicIds }) => [...topicIds])))
    for (let partition = 0; partition < partitionCount(topicId); partition += 1, turn += 1) {
      const target = targets[turn % members.length];
      target?.set(topicId, [...(target.get(topicId) ?? []), partition]);
    }
  return new Map(members.map(({ memberId }, i) => [memberId, targets[i] ?? new Map()]));
}

function isComplete({ members, partitionCount }: AssignorInput): boolean {
  const topicIds = new Set(members.flatMap((member) => [...member.topicIds]));
  const assigned = members.flatMap((member) => [...member.assigned.values()].flat()).length;
  return assigned >= [...topicIds].reduce((sum, topicId) => sum + partitionCount(topicId), 0);
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a history notices', () => {
  it('nothing when nothing is broken', () => {
    expect(failures()).toEqual([]);
  });

  it('a partition given to a member while another one has it', () => {
    vi.spyOn(ConsumerGroup.prototype, 'ownerEpoch').mockReturnValue(-1);
    expect(failures()).toContainEqual(expect.stringMatching(/^two owners: /));
  });

  it('a client that keeps what it says it has given up', () => {
    class Hoarding extends Simulation {
      override heartbeatOf(client: Client): GroupCommand {
        return super.heartbeatOf({ ...client, owned: [] });
      }

      override beat(client: Client): ErrorCode {
        const before = client.owned;
        const code = super.beat(client);
        const now = new Set(client.owned.map(({ topicId }) => topicId));
        client.owned = [...before.filter(({ topicId }) => !now.has(topicId)), ...client.owned];
        return code;
      }
    }
    expect(failures(Hoarding)).toContainEqual(expect.stringMatching(/^two clients have it: /));
  });

  it('a client that has something else than the group says', () => {
    class Forgetful extends Simulation {
      override beat(client: Client): ErrorCode {
        const code = super.beat(client);
        client.owned = client.owned.slice(1);
        return code;
      }
    }
    expect(failures(Forgetful)).toContainEqual(expect.stringMatching(/ has .*, the group says /));
  });

  it('a partition that is assigned to nobody', () => {
    const world = withAssignor((input) => {
      const without = (assignment: Assignment): Assignment =>
        new Map([...assignment].map(([topicId, of]) => [topicId, of.filter((partition) => partition > 0)]));
      return new Map([...uniformAssignor(input)].map(([memberId, assignment]) => [memberId, without(assignment)]));
    });
    expect(failures(world)).toContainEqual(expect.stringMatching(/^without an owner: /));
  });

  it('partitions of a member that left that nobody gets', () => {
    let before = 0;
    const world = withAssignor((input) => {
      const left = input.members.length < before;
      before = input.members.length;
      return left
        ? new Map(input.members.map(({ memberId, assigned }) => [memberId, assigned]))
        : uniformAssignor(input);
    });
    expect(failures(world)).toContainEqual(expect.stringMatching(/^without an owner when /));
  });

  it('members that have more than others', () => {
    const world = withAssignor(({ members, partitionCount }) => {
      const taken = new Set<string>();
      return new Map(
        members.map(({ memberId, topicIds }) => {
          const free = [...topicIds].filter((topicId) => !taken.has(topicId));
          for (const topicId of free) taken.add(topicId);
          return [memberId, new Map(free.map((id) => [id, Array.from({ length: partitionCount(id) }, (_, i) => i)]))];
        }),
      );
    });
    const found = failures(world);
    expect(found).toContainEqual(expect.stringMatching(/^not balanced: [\d ]+$/));
    expect(found).toContainEqual(expect.stringMatching(/^not balanced: .* has \d+ partitions, some of /));
  });

  it('partitions that move when a member joins', () => {
    expect(failures(withAssignor(dealt))).toContainEqual(expect.stringMatching(/ moved from .* joined$/));
  });

  it('partitions that move when a member leaves', () => {
    const world = withAssignor((input) => (isComplete(input) ? uniformAssignor(input) : dealt(input)));
    expect(failures(world)).toContainEqual(expect.stringMatching(/ moved from .* left$/));
  });
});

describe('a history notices, when all should be quiet,', () => {
  it('members that wait for ever', () => {
    vi.spyOn(ConsumerGroup.prototype, 'ownerEpoch').mockReturnValue(1);
    expect(failures()).toContainEqual('not stable but Reconciling');
  });

  it('members that are still there though they crashed', () => {
    class Timeless extends Simulation {
      override advance(durationMs: number): void {
        this.nowMs += durationMs;
      }
    }
    expect(failures(Timeless)).toContainEqual(expect.stringMatching(/^\d+ members of \d+ clients$/));
  });

  it('members that do not take part', () => {
    class Absent extends Simulation {
      override beat(client: Client): ErrorCode {
        return this.clients.indexOf(client) < 4 ? ErrorCode.NONE : super.beat(client);
      }
    }
    expect(failures(Absent)).toContainEqual(expect.stringMatching(/^never more than \d members of 8 at once$/));
  });

  it('a group that one more member keeps busy', () => {
    class Slow extends Simulation {
      override settle(rounds: number): void {
        super.settle(rounds === 8 ? 1 : rounds);
      }
    }
    expect(failures(Slow)).toContainEqual('not stable with one more member');
  });

  it('a log that says something else', () => {
    class Changed extends Simulation {
      override replayed() {
        const { decode } = this.machine;
        this.machine.decode = (record, producer) => {
          const decoded = decode(record, producer);
          if (decoded?.kind !== 'consumer-member-current' || decoded.value === undefined) return decoded;
          return { ...decoded, value: { ...decoded.value, previousMemberEpoch: -7 } };
        };
        return super.replayed();
      }
    }
    expect(failures(Changed)).toContainEqual(expect.stringMatching(/^replay differs/));
  });

  it('a decision that is not taken back whole', () => {
    const { changeHead } = ConsumerGroup.prototype;
    vi.spyOn(ConsumerGroup.prototype, 'changeHead').mockImplementation(function (this: ConsumerGroup, change) {
      changeHead.call(this, change);
    });
    expect(failures()).toContainEqual('a decision taken back left something');
  });
});
