import { CommanderError } from 'commander';
import { describe, expect, test } from 'vitest';
import { describeCluster } from '../../src/cli/commands/cluster/describe.js';
import { alterConfigs } from '../../src/cli/commands/configs/alter.js';
import { describeConfigs } from '../../src/cli/commands/configs/describe.js';
import { consume } from '../../src/cli/commands/consume.js';
import { resetOffsets } from '../../src/cli/commands/groups/reset_offsets.js';
import { describeLogDirs } from '../../src/cli/commands/log_dirs/describe.js';
import { moveReplicas } from '../../src/cli/commands/log_dirs/move.js';
import { produce } from '../../src/cli/commands/produce.js';
import { alterTopic } from '../../src/cli/commands/topics/alter.js';
import { topicConfigs } from '../../src/cli/commands/topics/configs.js';
import { createTopics } from '../../src/cli/commands/topics/create.js';
import { deleteTopics } from '../../src/cli/commands/topics/delete.js';
import { listTopics } from '../../src/cli/commands/topics/list.js';
import { UsageError } from '../../src/cli/exit_codes.js';
import { parsed } from './support/fake_io.js';

describe('topics', () => {
  test('create', async () => {
    expect(
      await parsed(createTopics, 'a', 'b', '-p', '3', '-r', '1', '-c', 'x=1', '-c', 'y=2', '--if-not-exists'),
    ).toEqual({
      names: ['a', 'b'],
      partitions: 3,
      replicationFactor: 1,
      configs: { x: '1', y: '2' },
      ifNotExists: true,
      validateOnly: false,
    });
    expect(await parsed(createTopics, 'a')).toMatchObject({
      partitions: undefined,
      replicationFactor: undefined,
      configs: {},
    });
    await expect(parsed(createTopics)).rejects.toBeInstanceOf(CommanderError);
    await expect(parsed(createTopics, 'a', '-p', '0')).rejects.toBeInstanceOf(CommanderError);
  });

  test('list, delete, configs', async () => {
    expect(await parsed(listTopics, '-i', '-q')).toEqual({ includeInternal: true, namesOnly: true });
    expect(await parsed(deleteTopics, 'a', 'b', '--if-exists')).toEqual({ names: ['a', 'b'], ifExists: true });
    expect(await parsed(topicConfigs, 'a', 'x', 'y', '--changed')).toEqual({
      resource: { type: 'topic', name: 'a' },
      names: ['x', 'y'],
      changedOnly: true,
    });
  });

  test('alter', async () => {
    expect(await parsed(alterTopic, 'a', '-p', '9', '-s', 'x=1', '-u', 'y', '--append', 'z=2')).toEqual({
      name: 'a',
      partitions: 9,
      changes: [
        { operation: 'set', name: 'x', value: '1' },
        { operation: 'delete', name: 'y', value: null },
        { operation: 'append', name: 'z', value: '2' },
      ],
    });
    await expect(parsed(alterTopic, 'a')).rejects.toThrow(/nothing to change/);
    await expect(parsed(alterTopic, 'a', '-s', 'x=1', '-u', 'x')).rejects.toThrow(/x is changed twice/);
  });
});

describe('configs', () => {
  test('resources', async () => {
    expect(await parsed(describeConfigs, 'broker', '1', 'num.partitions')).toMatchObject({
      resource: { type: 'broker', name: '1' },
      names: ['num.partitions'],
    });
    expect(await parsed(alterConfigs, 'broker', 'default', '-s', 'a=b')).toMatchObject({
      resource: { type: 'broker', name: '' },
    });
    await expect(parsed(describeConfigs, 'broker', 'one')).rejects.toBeInstanceOf(UsageError);
    await expect(parsed(describeConfigs, 'planet', 'x')).rejects.toBeInstanceOf(CommanderError);
    await expect(parsed(alterConfigs, 'topic', 't')).rejects.toThrow(/nothing to change/);
  });

  test('cluster describe', async () => {
    expect(await parsed(describeCluster, '--log-dirs')).toEqual({ logDirs: true });
  });

  test('log-dirs', async () => {
    expect(await parsed(describeLogDirs, '-t', 'a', '-t', 'b', '--broker', '2')).toEqual({
      broker: 2,
      topics: ['a', 'b'],
    });
    expect(await parsed(describeLogDirs)).toEqual({ broker: undefined, topics: [] });
    expect(await parsed(moveReplicas, 't', '/disk2', '-p', '0,2-3', '--wait')).toEqual({
      topic: 't',
      path: '/disk2',
      broker: undefined,
      partitions: [0, 2, 3],
      wait: true,
    });
    await expect(parsed(moveReplicas, 't')).rejects.toBeInstanceOf(CommanderError);
  });
});

describe('groups reset-offsets', () => {
  test.each([
    [['--to-earliest'], { kind: 'earliest' }],
    [['--to-latest'], { kind: 'latest' }],
    [['--to-offset', '7'], { kind: 'offset', offset: 7 }],
    [['--shift-by', '-3'], { kind: 'shift', by: -3 }],
    [['--to-time', '2023-11-14T22:13:20Z'], { kind: 'time', timestampMs: 1_700_000_000_000 }],
  ])('%j', async (args, target) => {
    expect(await parsed(resetOffsets, 'g', '-t', 'a', ...args)).toMatchObject({ group: 'g', topics: ['a'], target });
  });

  test('what makes no sense', async () => {
    await expect(parsed(resetOffsets, 'g', '-t', 'a')).rejects.toThrow(/give one of/);
    await expect(parsed(resetOffsets, 'g', '-t', 'a', '--to-latest', '--to-earliest')).rejects.toThrow(/give one of/);
    await expect(parsed(resetOffsets, 'g', '--to-latest')).rejects.toThrow(/--topic or --all-topics/);
    await expect(parsed(resetOffsets, 'g', '-t', 'a', '--all-topics', '--to-latest')).rejects.toThrow(
      /--topic or --all-topics/,
    );
  });
});

describe('produce', () => {
  test('lines by default', async () => {
    expect(await parsed(produce, 't')).toEqual({
      topic: 't',
      file: undefined,
      input: { kind: 'lines', delimiter: '\n', keyDelimiter: undefined },
      emptyIsNull: false,
      key: undefined,
      headers: [],
      partition: undefined,
      compression: 'none',
      acks: 'all',
      createTopic: true,
    });
  });

  test('everything else', async () => {
    expect(
      await parsed(
        produce,
        't',
        '-f',
        'x',
        '-K',
        '\\t',
        '-D',
        '\\0',
        '-Z',
        '-k',
        'key',
        '-H',
        'a=b=c',
        '-H',
        'd=',
        '-p',
        '4',
        '-z',
        'zstd',
        '--acks',
        '1',
        '--no-create',
      ),
    ).toEqual({
      topic: 't',
      file: 'x',
      input: { kind: 'lines', delimiter: '\0', keyDelimiter: '\t' },
      emptyIsNull: true,
      key: 'key',
      headers: [
        ['a', 'b=c'],
        ['d', ''],
      ],
      partition: 4,
      compression: 'zstd',
      acks: 1,
      createTopic: false,
    });
    expect(await parsed(produce, 't', '--chunk-bytes', '64K')).toMatchObject({
      input: { kind: 'chunks', bytes: 65_536 },
    });
    expect(await parsed(produce, 't', '--json')).toMatchObject({ input: { kind: 'json' } });
    expect(await parsed(produce, 't', '--whole')).toMatchObject({ input: { kind: 'whole' } });
  });

  test.each([
    [['--json', '--whole']],
    [['--json', '-K', ':']],
    [['-D', '']],
    [['-H', 'x']],
    [['-z', 'zip']],
    [['--acks', '2']],
  ])('%j makes no sense', async (args) => {
    await expect(parsed(produce, 't', ...args)).rejects.toThrow();
  });
});

describe('consume', () => {
  test.each([
    ['beginning', { kind: 'beginning' }],
    ['end', { kind: 'end' }],
    ['17', { kind: 'offset', offset: 17 }],
    ['-5', { kind: 'tail', count: 5 }],
    ['@1700000000000', { kind: 'time', timestampMs: 1_700_000_000_000 }],
  ])('--offset %s', async (text, from) => {
    expect(await parsed(consume, 't', '-o', text)).toMatchObject({ from });
  });

  test('everything else', async () => {
    expect(
      await parsed(consume, 'a', 'b', '-e', '-c', '10', '-p', '0,2', '-K', '\\t', '--committed', '-f', '%s\\n'),
    ).toEqual({
      topics: ['a', 'b'],
      group: undefined,
      partitions: [0, 2],
      from: { kind: 'beginning' },
      exitAtEnd: true,
      count: 10,
      isolationLevel: 'read_committed',
      format: { format: '%s\\n', keyDelimiter: '\t', delimiter: '\n' },
    });
    expect(await parsed(consume, 't', '-g', 'g')).toMatchObject({ group: 'g', from: { kind: 'stored' } });
  });

  test.each([
    [['-g', 'g', '-p', '0']],
    [['-g', 'g', '-o', '5']],
    [['-o', 'middle']],
    [['-o', '@soon']],
    [['-f', 'yaml']],
    [['-c', '0']],
  ])('%j makes no sense', async (args) => {
    await expect(parsed(consume, 't', ...args)).rejects.toThrow();
  });
});
