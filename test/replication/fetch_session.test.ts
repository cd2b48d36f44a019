import { describe, expect, it } from 'vitest';
import { type Uuid, ZERO_UUID } from '../../src/common/ids.js';
import { seededRandom } from '../../src/env/random.js';
import { VirtualTime } from '../../src/env/virtual_time.js';
import { ErrorCode } from '../../src/protocol/errors.js';
import {
  type FetchPartition,
  type FetchSession,
  FetchSessionCache,
  mentionInResponse,
  type PartitionOutcome,
  type SessionDecision,
  type SessionRequest,
} from '../../src/replication/fetch_session.js';
import { topicIdOf } from '../coordinator/support/metadata.js';

const evictionMs = 120_000;

function wanted(topic: string, partition: number, more: Partial<FetchPartition> = {}): FetchPartition {
  return {
    topic,
    topicId: ZERO_UUID,
    partition,
    currentLeaderEpoch: -1,
    fetchOffset: 0,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
    maxBytes: 1000,
    ...more,
  };
}

/** `count` partitions of topic t. */
const many = (count: number) => Array.from({ length: count }, (_, partition) => wanted('t', partition));
const forget = (topic: string, partitions: readonly number[], topicId: Uuid = ZERO_UUID) => ({
  topic,
  topicId,
  partitions,
});

class Fixture {
  readonly time = new VirtualTime({ startWallMs: 1 });
  readonly cache: FetchSessionCache;

  constructor(slots = 10) {
    this.cache = new FetchSessionCache(this.time, seededRandom(1), slots);
  }

  begin(sessionId: number, sessionEpoch: number, more: Partial<SessionRequest> = {}): SessionDecision {
    return this.cache.begin({
      sessionId,
      sessionEpoch,
      usesTopicIds: false,
      privileged: false,
      partitions: [],
      forgotten: [],
      ...more,
    });
  }

  /** Opens a session of so many partitions; 0 when there was no room. */
  open(partitions: number, privileged = false): number {
    return idOf(this.begin(0, 0, { partitions: many(partitions), privileged }));
  }

  has(id: number, epoch: number): boolean {
    return this.begin(id, epoch).errorCode === ErrorCode.NONE;
  }
}

function accepted(decision: SessionDecision): Extract<SessionDecision, { isFull: boolean }> {
  if (!('isFull' in decision)) throw new Error(`refused with ${decision.errorCode}`);
  return decision;
}

function idOf(decision: SessionDecision): number {
  return accepted(decision).session?.id ?? 0;
}

function sessionOf(decision: SessionDecision): FetchSession {
  const { session } = accepted(decision);
  if (session === undefined) throw new Error('no session');
  return session;
}

const namesOf = (decision: SessionDecision) =>
  accepted(decision).partitions.map(({ topic, partition, fetchOffset }) => `${topic}-${partition}@${fetchOffset}`);

describe('a fetch session', () => {
  it('begins with a full request and goes on with what changed', () => {
    const fixture = new Fixture();
    const full = fixture.begin(0, 0, { partitions: many(2) });
    expect(accepted(full)).toMatchObject({ isFull: true });
    const id = idOf(full);
    expect(id).toBeGreaterThan(0);
    const second = fixture.begin(id, 1, { partitions: [wanted('t', 1, { fetchOffset: 7 }), wanted('u', 0)] });
    expect(accepted(second).isFull).toBe(false);
    expect(namesOf(second)).toEqual(['t-0@0', 't-1@7', 'u-0@0']);
    const third = fixture.begin(id, 2, { forgotten: [forget('t', [0]), forget('u', [0, 5])] });
    expect(namesOf(third)).toEqual(['t-1@7']);
    expect(fixture.cache.partitionCount).toBe(1);
  });

  it('keeps what was added and forgotten in one request forgotten', () => {
    const fixture = new Fixture();
    const id = fixture.open(1);
    const decision = fixture.begin(id, 1, { partitions: [wanted('u', 0)], forgotten: [forget('u', [0])] });
    expect(namesOf(decision)).toEqual(['t-0@0']);
  });

  it('without sessions takes the request as it is', () => {
    const fixture = new Fixture();
    const decision = fixture.begin(0, -1, { partitions: many(2) });
    expect(accepted(decision)).toMatchObject({ isFull: true, session: undefined });
    expect(fixture.cache.size).toBe(0);
  });

  it('refuses an unknown session and a wrong epoch, and survives the latter', () => {
    const fixture = new Fixture();
    const id = fixture.open(1);
    expect(fixture.begin(id + 1, 1).errorCode).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
    expect(fixture.begin(0, 1).errorCode).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
    const changed = { partitions: [wanted('u', 0)] };
    expect(fixture.begin(id, 2, changed).errorCode).toBe(ErrorCode.INVALID_FETCH_SESSION_EPOCH);
    // What was refused has changed nothing.
    expect(namesOf(fixture.begin(id, 1))).toEqual(['t-0@0']);
    expect(fixture.begin(id, 1).errorCode).toBe(ErrorCode.INVALID_FETCH_SESSION_EPOCH);
    expect(fixture.has(id, 2)).toBe(true);
  });

  it('is closed by the final epoch, and by a new full request that names it', () => {
    const fixture = new Fixture();
    const first = fixture.open(1);
    expect(idOf(fixture.begin(first, -1, { partitions: many(1) }))).toBe(0);
    expect(fixture.begin(first, 1).errorCode).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
    const second = fixture.open(1);
    const third = idOf(fixture.begin(second, 0, { partitions: many(1) }));
    expect(third).not.toBe(second);
    expect(fixture.begin(second, 1).errorCode).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
    expect(fixture.has(third, 1)).toBe(true);
    expect(fixture.cache.size).toBe(1);
  });

  it('is closed when its last partition is forgotten', () => {
    const fixture = new Fixture();
    const id = fixture.open(2);
    const decision = fixture.begin(id, 1, { forgotten: [forget('t', [0, 1])] });
    expect(accepted(decision)).toMatchObject({ isFull: true, session: undefined, partitions: [] });
    expect(fixture.begin(id, 2).errorCode).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
    expect(fixture.cache.size).toBe(0);
  });

  it('goes from the largest epoch to 1', () => {
    const fixture = new Fixture();
    const session = sessionOf(fixture.begin(0, 0, { partitions: many(1) }));
    session.nextEpoch = 0x7fff_ffff;
    expect(fixture.has(session.id, 0x7fff_ffff)).toBe(true);
    expect(fixture.has(session.id, 1)).toBe(true);
    expect(fixture.has(session.id, 2)).toBe(true);
  });

  it('of names takes no ids, and the other way round', () => {
    const fixture = new Fixture();
    const byName = fixture.open(1);
    expect(fixture.begin(byName, 1, { usesTopicIds: true }).errorCode).toBe(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR);
    expect(fixture.has(byName, 1)).toBe(true);
    const topicId = topicIdOf('t');
    const partitions = [wanted('', 0, { topicId })];
    const byId = idOf(fixture.begin(0, 0, { usesTopicIds: true, partitions }));
    expect(fixture.begin(byId, 1, { usesTopicIds: false }).errorCode).toBe(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR);
    const next = fixture.begin(byId, 1, {
      usesTopicIds: true,
      partitions: [wanted('', 0, { topicId, fetchOffset: 9 }), wanted('', 0, { topicId: topicIdOf('u') })],
    });
    expect(accepted(next).partitions.map((one) => one.fetchOffset)).toEqual([9, 0]);
    const forgotten = [forget('', [0], topicId)];
    expect(accepted(fixture.begin(byId, 2, { usesTopicIds: true, forgotten })).partitions).toHaveLength(1);
  });
});

describe('slots of fetch sessions', () => {
  it('without a free one the client goes on without a session', () => {
    const fixture = new Fixture(2);
    expect(fixture.open(1)).toBeGreaterThan(0);
    expect(fixture.open(1)).toBeGreaterThan(0);
    expect(fixture.open(100)).toBe(0);
    expect(fixture.cache.size).toBe(2);
    expect(fixture.cache.evictions).toBe(0);
    expect(new Fixture(0).open(1)).toBe(0);
  });

  it('the longest unused session gives way once it was unused for more than two minutes', async () => {
    const fixture = new Fixture(2);
    const first = fixture.open(5);
    const second = fixture.open(5);
    await fixture.time.advance(1000);
    expect(fixture.has(first, 1)).toBe(true);
    await fixture.time.advance(evictionMs - 1000);
    expect(fixture.open(1)).toBe(0);
    await fixture.time.advance(1);
    const third = fixture.open(1);
    expect(third).toBeGreaterThan(0);
    expect(fixture.begin(second, 1).errorCode).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
    expect(fixture.has(first, 2)).toBe(true);
    expect(fixture.cache.evictions).toBe(1);
  });

  it('a session in use that is not new gives way to a larger one only', async () => {
    const fixture = new Fixture(2);
    const large = fixture.open(8);
    const small = fixture.open(3);
    await fixture.time.advance(evictionMs);
    // Both were used lately, but not more than two minutes after they began.
    expect(fixture.has(large, 1) && fixture.has(small, 1)).toBe(true);
    expect(fixture.open(100)).toBe(0);
    await fixture.time.advance(1);
    expect(fixture.has(large, 2) && fixture.has(small, 2)).toBe(true);
    expect(fixture.open(3)).toBe(0);
    const newcomer = fixture.open(4);
    expect(newcomer).toBeGreaterThan(0);
    expect(fixture.begin(small, 3).errorCode).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
    expect(fixture.has(large, 3)).toBe(true);
    // The newcomer is protected for its first two minutes, the large one is not.
    expect(fixture.open(8)).toBe(0);
    expect(fixture.open(9)).toBeGreaterThan(0);
    expect(fixture.begin(large, 4).errorCode).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
    expect(fixture.has(newcomer, 1)).toBe(true);
  });

  it("a follower's takes the place of any consumer's, even a new and larger one", async () => {
    const fixture = new Fixture(2);
    const large = fixture.open(50);
    const small = fixture.open(20);
    const follower = fixture.open(1, true);
    expect(follower).toBeGreaterThan(0);
    expect(fixture.begin(small, 1).errorCode).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
    expect(fixture.open(1, true)).toBeGreaterThan(0);
    expect(fixture.begin(large, 1).errorCode).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
    // Only followers are left: new ones do not give way to each other, and never to consumers that use them.
    expect(fixture.open(100, true)).toBe(0);
    await fixture.time.advance(evictionMs);
    expect(fixture.has(follower, 1)).toBe(true);
    await fixture.time.advance(1);
    expect(fixture.has(follower, 2)).toBe(true);
    const consumer = fixture.open(1000);
    // The other follower was stale; the one in use stays.
    expect(consumer).toBeGreaterThan(0);
    expect(fixture.open(1000)).toBe(0);
    expect(fixture.has(follower, 3)).toBe(true);
    expect(fixture.open(2, true)).toBeGreaterThan(0);
    expect(fixture.begin(consumer, 1).errorCode).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
    expect(fixture.open(2, true)).toBeGreaterThan(0);
    expect(fixture.begin(follower, 4).errorCode).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
  });
});

describe('what an incremental response mentions', () => {
  const quiet: PartitionOutcome = {
    errorCode: ErrorCode.NONE,
    highWatermark: 10,
    lastStableOffset: 10,
    logStartOffset: 0,
    sizeBytes: 0,
    diverging: false,
  };
  const begun = (partitions: number) => {
    const fixture = new Fixture();
    const session = sessionOf(fixture.begin(0, 0, { partitions: many(partitions) }));
    for (const one of many(partitions)) mentionInResponse(session, one, quiet);
    return { fixture, session };
  };

  it.each<[string, Partial<PartitionOutcome>]>([
    ['records', { sizeBytes: 100 }],
    ['a new high watermark', { highWatermark: 11 }],
    ['a new last stable offset', { lastStableOffset: 9 }],
    ['a new log start offset', { logStartOffset: 1 }],
    ['a diverging epoch', { diverging: true }],
    ['an error', { errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER, highWatermark: -1, logStartOffset: -1 }],
  ])('%s', (_, change) => {
    const { session } = begun(1);
    const [partition = wanted('t', 0)] = many(1);
    expect(mentionInResponse(session, partition, quiet)).toBe(false);
    expect(mentionInResponse(session, partition, { ...quiet, ...change })).toBe(true);
  });

  it('an error as long as it lasts, and its end', () => {
    const { session } = begun(1);
    const partition = wanted('t', 0);
    // The same numbers as before, so that only the error itself is news.
    const failed = { ...quiet, errorCode: ErrorCode.KAFKA_STORAGE_ERROR };
    expect(mentionInResponse(session, partition, failed)).toBe(true);
    expect(mentionInResponse(session, partition, failed)).toBe(true);
    expect(mentionInResponse(session, partition, quiet)).toBe(true);
    expect(mentionInResponse(session, partition, quiet)).toBe(false);
  });

  it('nothing of a partition that was forgotten meanwhile', () => {
    const { fixture, session } = begun(2);
    fixture.begin(session.id, 1, { forgotten: [forget('t', [0])] });
    expect(mentionInResponse(session, wanted('t', 0), { ...quiet, sizeBytes: 5 })).toBe(false);
    expect(session.partitions.size).toBe(1);
  });

  it('puts those that gave records behind the others', () => {
    const { fixture, session } = begun(4);
    const fed = { ...quiet, sizeBytes: 5 };
    mentionInResponse(session, wanted('t', 0), fed);
    mentionInResponse(session, wanted('t', 1), quiet);
    mentionInResponse(session, wanted('t', 2), fed);
    expect(namesOf(fixture.begin(session.id, 1))).toEqual(['t-1@0', 't-3@0', 't-0@0', 't-2@0']);
  });
});
