import { describe, expect, test } from 'vitest';
import { describeGroups } from '../../src/cli/commands/groups/describe.js';
import {
  type ResetOffsetsOptions,
  type ResetTarget,
  resetOffsets,
} from '../../src/cli/commands/groups/reset_offsets.js';
import { createTopics } from '../../src/cli/commands/topics/create.js';
import { deleteTopics } from '../../src/cli/commands/topics/delete.js';
import { listTopics } from '../../src/cli/commands/topics/list.js';
import { InterruptedError, NotFoundError, PartialFailure, UsageError } from '../../src/cli/exit_codes.js';
import { failureOf, reportFailure } from '../../src/cli/failures.js';
import { ConnectionError, OperationTimeoutError, ProtocolError } from '../../src/client/index.js';
import { FileSystemError } from '../../src/common/ports/index.js';
import { OutputClosedError } from '../../src/env/index.js';
import { ErrorCode } from '../../src/protocol/errors.js';
import { FakeOutput, session } from './support/fake_io.js';

const partition = {
  partition: 0,
  leaderId: 1,
  leaderEpoch: 0,
  replicas: [1, 2],
  isr: [1],
  offlineReplicas: [],
  errorCode: 0,
};
const topic = (name: string) => ({
  name,
  topicId: 'x',
  isInternal: false,
  partitions: [partition, { ...partition, partition: 1 }],
});

describe('topics list', () => {
  const admin = { listTopics: () => Promise.resolve([topic('orders'), topic('a')]) };

  test('a table for people', async () => {
    const { session: one, io } = session(admin);
    await listTopics.run({ includeInternal: false, namesOnly: false }, one);
    expect(io.output.text).toBe('NAME    PARTITIONS  REPLICAS\norders  2           2\na       2           2\n');
  });

  test('names for pipes', async () => {
    const { session: one, io } = session(admin);
    await listTopics.run({ includeInternal: false, namesOnly: true }, one);
    expect(io.output.text).toBe('orders\na\n');
  });

  test('the fields of JSON', async () => {
    const { session: one, io } = session(admin, 'json');
    await listTopics.run({ includeInternal: false, namesOnly: false }, one);
    expect((JSON.parse(io.output.text) as unknown[])[0]).toEqual({
      name: 'orders',
      topicId: 'x',
      internal: false,
      partitions: 2,
      replicationFactor: 2,
    });
  });
});

describe('things that partly fail', () => {
  const exists = new ProtocolError(ErrorCode.TOPIC_ALREADY_EXISTS, 'topic old');
  const created = { name: 'new', topicId: 'id', numPartitions: 3, replicationFactor: 1, error: undefined };
  const refused = { name: 'old', topicId: undefined, numPartitions: -1, replicationFactor: -1, error: exists };
  const options = {
    names: ['new', 'old'],
    partitions: undefined,
    replicationFactor: undefined,
    configs: {},
    ifNotExists: false,
    validateOnly: false,
  };
  const admin = { createTopics: () => Promise.resolve([created, refused]), awaitTopics: () => Promise.resolve() };

  test('say what succeeded and what did not, and end in a failure', async () => {
    const { session: one, io } = session(admin);
    const failure = await createTopics.run(options, one).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(PartialFailure);
    expect((failure as PartialFailure).exitCode).toBe(1);
    expect(io.output.text).toBe('created topic new with 3 partition(s)\n');
    expect(io.errors.text).toBe('millrace: topic old exists already\n');
  });

  test('are told apart in JSON', async () => {
    const { session: one, io } = session(admin, 'json');
    await expect(createTopics.run(options, one)).rejects.toBeInstanceOf(PartialFailure);
    expect(JSON.parse(io.output.text)).toEqual([
      { name: 'new', ok: true, created: true, topicId: 'id', partitions: 3, replicationFactor: 1 },
      { name: 'old', ok: false, error: 'topic old exists already' },
    ]);
    expect(io.errors.text).toBe('');
  });

  test('--if-not-exists makes it no failure', async () => {
    const { session: one, io } = session(admin);
    await createTopics.run({ ...options, ifNotExists: true }, one);
    expect(io.output.text).toContain('topic old exists already\n');
  });

  test('what does not exist has a status of its own', async () => {
    const missing = { name: 'x', error: new ProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'topic x') };
    const { session: one } = session({ deleteTopics: () => Promise.resolve([missing]) });
    const failure = await deleteTopics.run({ names: ['x'], ifExists: false }, one).catch((error: unknown) => error);
    expect((failure as PartialFailure).exitCode).toBe(3);
    await deleteTopics.run({ names: ['x'], ifExists: true }, one);
  });
});

describe('groups', () => {
  const stable = {
    name: 'g',
    groupId: 'g',
    error: undefined,
    state: 'Stable',
    protocolType: 'consumer',
    protocol: 'range',
    coordinatorId: 1,
    members: [
      {
        memberId: 'm',
        groupInstanceId: null,
        clientId: 'c',
        clientHost: '/h',
        subscribedTopics: ['t'],
        assignedPartitions: [{ topic: 't', partition: 1 }],
      },
    ],
  };
  const admin = {
    describeGroups: () => Promise.resolve([stable]),
    fetchGroupOffsets: () => Promise.resolve([{ topic: 't', partition: 0, offset: 4, leaderEpoch: -1, metadata: '' }]),
    listOffsets: (queries: ReadonlyArray<{ topic: string; partition: number }>) =>
      Promise.resolve(
        queries.map((asked) => ({ asked, value: { offset: 10, timestampMs: -1, leaderEpoch: 0 }, error: undefined })),
      ),
  };

  test('lag of what is committed and of what is assigned', async () => {
    const { session: one, io } = session(admin, 'json');
    await describeGroups.run({ names: ['g'] }, one);
    const [group] = JSON.parse(io.output.text) as ReadonlyArray<{ partitions: unknown }>;
    expect(group?.partitions).toEqual([
      { topic: 't', partition: 0, committedOffset: 4, endOffset: 10, lag: 6, memberId: null },
      { topic: 't', partition: 1, committedOffset: null, endOffset: 10, lag: null, memberId: 'm' },
    ]);
  });

  test('a group that is dead without offsets does not exist', async () => {
    const dead = { ...stable, state: 'Dead', members: [] };
    const listGroups = () => Promise.resolve([]);
    const { session: one } = session({ ...admin, listGroups, describeGroups: () => Promise.resolve([dead]) });
    await expect(describeGroups.run({ names: ['g'] }, one)).rejects.toBeInstanceOf(NotFoundError);
  });

  describe('reset-offsets', () => {
    const altered: unknown[] = [];
    const listed = new Map([
      [-2, 2],
      [-1, 10],
      [500, 7],
      [900, -1],
    ]);
    const resetAdmin = {
      listGroups: () => Promise.resolve([]),
      fetchGroupOffsets: () =>
        Promise.resolve([{ topic: 't', partition: 0, offset: 4, leaderEpoch: -1, metadata: '' }]),
      describeTopics: () =>
        Promise.resolve([{ name: 't', topic: { ...topic('t'), partitions: [partition] }, error: undefined }]),
      listOffsets: (queries: ReadonlyArray<{ timestampMs: number }>) =>
        Promise.resolve(
          queries.map((asked) => ({
            asked: { topic: 't', partition: 0, ...asked },
            value: { offset: listed.get(asked.timestampMs) },
            error: undefined,
          })),
        ),
      alterGroupOffsets: (_: string, offsets: unknown) => {
        altered.push(offsets);
        return Promise.resolve([]);
      },
    };
    const run = async (target: ResetTarget, changes: Partial<ResetOffsetsOptions> = {}) => {
      altered.length = 0;
      const { session: one, io } = session(resetAdmin, 'json');
      await resetOffsets.run({ group: 'g', topics: ['t'], partitions: [], target, dryRun: false, ...changes }, one);
      const { partitions } = JSON.parse(io.output.text) as { partitions: ReadonlyArray<{ from: number; to: number }> };
      return partitions[0];
    };

    test.each([
      [{ kind: 'earliest' }, 2],
      [{ kind: 'latest' }, 10],
      [{ kind: 'offset', offset: 5 }, 5],
      [{ kind: 'offset', offset: 0 }, 2],
      [{ kind: 'offset', offset: 99 }, 10],
      [{ kind: 'shift', by: 3 }, 7],
      [{ kind: 'shift', by: -9 }, 2],
      [{ kind: 'time', timestampMs: 500 }, 7],
      [{ kind: 'time', timestampMs: 900 }, 10],
    ] as ReadonlyArray<readonly [ResetTarget, number]>)('%j', async (target, to) => {
      expect(await run(target)).toMatchObject({ from: 4, to });
      expect(altered).toEqual([[{ topic: 't', partition: 0, offset: to }]]);
    });

    test('--dry-run changes nothing', async () => {
      expect(await run({ kind: 'latest' }, { dryRun: true })).toMatchObject({ to: 10 });
      expect(altered).toEqual([]);
    });

    test('every topic of the group', async () => {
      expect(await run({ kind: 'latest' }, { topics: [] })).toMatchObject({ from: 4, to: 10 });
    });

    test('a partition that is not there', async () => {
      await expect(run({ kind: 'latest' }, { partitions: [5] })).rejects.toThrow(/no partition 5/);
    });
  });
});

describe('exit status', () => {
  test.each([
    [new UsageError('x'), 2],
    [new NotFoundError('x'), 3],
    [new ProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'topic x'), 3],
    [new ProtocolError(ErrorCode.GROUP_ID_NOT_FOUND, 'group x'), 3],
    [new ProtocolError(ErrorCode.INVALID_CONFIG, 'topic x'), 1],
    [new ConnectionError('x'), 4],
    [new OperationTimeoutError('x'), 4],
    [new OperationTimeoutError('x', { cause: new ProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'topic x') }), 3],
    [new FileSystemError('read', 'f', 'ENOENT'), 1],
    [new InterruptedError('x'), 130],
    [new OutputClosedError('x'), 0],
    [new PartialFailure(3), 3],
    [new Error('x'), 1],
  ] as const)('%s ends in %i', (error, code) => expect(failureOf(error).exitCode).toBe(code));

  test('errors are told in the format of the results', async () => {
    const errors = new FakeOutput();
    const missing = new ProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'topic x');
    await reportFailure(missing, 'text', errors);
    await reportFailure(missing, 'json', errors);
    expect(errors.text).toBe(
      'millrace: topic x does not exist\n{"error":{"message":"topic x does not exist","code":"UNKNOWN_TOPIC_OR_PARTITION"}}\n',
    );
  });
});
