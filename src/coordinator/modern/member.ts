/** What members of consumer and share groups have in common (KIP-848). Replaced as a whole at each change. */
export interface ModernMember {
  readonly memberId: string;
  /** The group epoch up to which the member has been reconciled; 0 while it joins, below 0 when it is away. */
  readonly memberEpoch: number;
  readonly previousMemberEpoch: number;
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly clientId: string;
  /** As Kafka prints an address: `/127.0.0.1`. */
  readonly clientHost: string;
  readonly subscribedTopicNames: ReadonlySet<string>;
}

const noTopics: ReadonlySet<string> = new Set();

/** A member that has said nothing yet. */
export function newModernMember(memberId: string): ModernMember {
  return {
    memberId,
    memberEpoch: 0,
    previousMemberEpoch: -1,
    instanceId: null,
    rackId: null,
    clientId: '',
    clientHost: '',
    subscribedTopicNames: noTopics,
  };
}

export function sameSet<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const item of a) if (!b.has(item)) return false;
  return true;
}

/**
 * Where a member is on its way to the target assignment.
 *
 * | state | waits for |
 * |---|---|
 * | stable | |
 * | unrevoked | its own heartbeat that no longer reports what it has to give up |
 * | unreleased | other members to give up what it shall get |
 * | unknown | (written by a later version) its rejoining |
 */
export type MemberState = 'stable' | 'unrevoked' | 'unreleased' | 'unknown';

const knownStates = ['stable', 'unrevoked', 'unreleased'] as const;
const unknownCode = 127;

/** How records have a member's state; those of consumer groups begin at 0, those of streams groups at 1. */
export class MemberStateCodes {
  constructor(private readonly first: number) {}

  of(state: MemberState): number {
    return state === 'unknown' ? unknownCode : this.first + knownStates.indexOf(state);
  }

  state(code: number): MemberState {
    return knownStates[code - this.first] ?? 'unknown';
  }
}
