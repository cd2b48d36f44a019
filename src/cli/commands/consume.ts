import { type Command, Option } from 'commander';
import { Consumer, type ConsumerRecord, type IsolationLevel, offsetSpec } from '../../client/index.js';
import { unreachable } from '../../common/assert.js';
import { type TopicPartition, topicPartitionName } from '../../common/ids.js';
import { addCommand, type CliCommand, type Launch } from '../command.js';
import { NotFoundError, UsageError } from '../exit_codes.js';
import { type FormatOptions, formatHelp, recordFormatter } from '../record_format.js';
import type { Session } from '../session.js';
import { partitionList, pointInTime, positiveInteger, unescaped } from '../values.js';

export type StartAt =
  | { readonly kind: 'stored' }
  | { readonly kind: 'beginning' }
  | { readonly kind: 'end' }
  | { readonly kind: 'offset'; readonly offset: number }
  /** So many records before the end. */
  | { readonly kind: 'tail'; readonly count: number }
  | { readonly kind: 'time'; readonly timestampMs: number };

export interface ConsumeOptions {
  readonly topics: readonly string[];
  /** Read as a member of it. */
  readonly group: string | undefined;
  /** Empty: all. */
  readonly partitions: readonly number[];
  readonly from: StartAt;
  /** Stop where the partitions ended when reading began. */
  readonly exitAtEnd: boolean;
  /** Undefined: no limit. */
  readonly count: number | undefined;
  readonly isolationLevel: IsolationLevel;
  readonly format: FormatOptions;
}

interface Flags {
  readonly group?: string;
  readonly partition?: readonly number[];
  readonly offset?: string;
  readonly exit?: boolean;
  readonly count?: number;
  readonly keyDelimiter?: string;
  readonly delimiter: string;
  readonly committed?: boolean;
  readonly format: string;
}

const pollMs = 500;
/** Written to the output at once; more records than that in a batch go in several pieces. */
const outputBytes = 1024 * 1024;

/** Fewer, larger fetches than the client's default: the output takes what it can anyway. */
const maxPartitionBytes = 8 * 1024 * 1024;

export const consume: CliCommand<ConsumeOptions> = {
  name: 'consume',
  define: (command) =>
    command
      .description('read records of topics and print them, until stopped unless told otherwise')
      .argument('<topic...>', 'names')
      .option('-g, --group <name>', 'read as a member of a group, and commit what was printed')
      .option('-p, --partition <list>', 'only these partitions: 0,2 or 0-3', partitionList)
      .option(
        '-o, --offset <where>',
        'beginning, end, an offset, -<n> for the last n records of each partition, or @<time> (default: beginning; in a group where it left off)',
      )
      .option('-e, --exit', 'stop at the end of what is there now')
      .option('-c, --count <n>', 'stop after so many records', positiveInteger)
      .option('-K, --key-delimiter <text>', 'print the key and this before the value')
      .option('-D, --delimiter <text>', 'what is printed after each record', '\\n')
      .option('--committed', 'leave out records of transactions that are open or were aborted')
      .addOption(
        new Option('-f, --format <format>', 'text, json, hex, raw or a format string, see below').default('text'),
      )
      .addHelpText('after', formatHelp),
  read: readOptions,
  run: runConsume,
};

export function addConsume(program: Command, launch: Launch): void {
  addCommand(program, consume, launch);
}

function readOptions(command: Command): ConsumeOptions {
  const flags = command.opts<Flags>();
  const partitions = flags.partition ?? [];
  const from = flags.offset === undefined ? undefined : startAt(flags.offset);
  if (flags.group !== undefined && partitions.length > 0)
    throw new UsageError('--partition and --group exclude each other: a group shares out the partitions');
  if (flags.group !== undefined && from !== undefined && from.kind !== 'beginning' && from.kind !== 'end')
    throw new UsageError('in a group --offset is beginning or end, for partitions without a committed offset');
  const format: FormatOptions = {
    format: flags.format,
    keyDelimiter: flags.keyDelimiter === undefined ? undefined : unescaped(flags.keyDelimiter),
    delimiter: unescaped(flags.delimiter),
  };
  recordFormatter(format);
  return {
    topics: command.args,
    group: flags.group,
    partitions,
    from: from ?? (flags.group === undefined ? { kind: 'beginning' } : { kind: 'stored' }),
    exitAtEnd: flags.exit ?? false,
    count: flags.count,
    isolationLevel: flags.committed === true ? 'read_committed' : 'read_uncommitted',
    format,
  };
}

function startAt(text: string): StartAt {
  if (text === 'beginning' || text === 'end') return { kind: text };
  if (/^\d+$/.test(text)) return { kind: 'offset', offset: Number(text) };
  if (/^-\d+$/.test(text)) return { kind: 'tail', count: Number(text.slice(1)) };
  if (text.startsWith('@')) {
    try {
      return { kind: 'time', timestampMs: pointInTime(text.slice(1)) };
    } catch (error) {
      throw new UsageError(`--offset ${text}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new UsageError(`--offset ${text}: beginning, end, an offset, -<n> or @<time> is expected`);
}

async function runConsume(options: ConsumeOptions, session: Session): Promise<void> {
  const partitions = await choosePartitions(options, session);
  const consumer = new Consumer(session.cluster, {
    autoOffsetReset: options.from.kind === 'end' ? 'latest' : 'earliest',
    isolationLevel: options.isolationLevel,
    enableAutoCommit: true,
    maxPartitionBytes,
    ...(options.group === undefined ? {} : { groupId: options.group }),
  });
  let stopped = false;
  const undo = session.io.onInterrupt(() => {
    stopped = true;
    consumer.wakeUp();
  });
  try {
    if (options.group === undefined) await begin(consumer, partitions, options.from);
    else consumer.subscribe(options.topics);
    const ends = options.exitAtEnd ? await consumer.endOffsets(partitions) : undefined;
    await printRecords(consumer, options, session, ends, () => stopped);
  } finally {
    undo();
    await consumer.close();
  }
}

/** @throws ProtocolError, NotFoundError for a topic or partition that does not exist */
async function choosePartitions(options: ConsumeOptions, { admin }: Session): Promise<readonly TopicPartition[]> {
  const found: TopicPartition[] = [];
  for (const { name, topic, error } of await admin.describeTopics(options.topics)) {
    if (topic === undefined) throw error ?? new NotFoundError(`topic ${name} does not exist`);
    const missing = options.partitions.find((one) => topic.partitions[one] === undefined);
    if (missing !== undefined) throw new NotFoundError(`topic ${name} has no partition ${missing}`);
    for (const { partition } of topic.partitions)
      if (options.partitions.length === 0 || options.partitions.includes(partition))
        found.push({ topic: name, partition });
  }
  return found;
}

async function begin(consumer: Consumer, partitions: readonly TopicPartition[], from: StartAt): Promise<void> {
  consumer.assign(partitions);
  switch (from.kind) {
    case 'stored':
    case 'beginning':
    case 'end':
      return;
    case 'offset':
      for (const one of partitions) consumer.seek(one, from.offset);
      return;
    case 'time':
      return consumer.seekToTime(partitions, from.timestampMs);
    case 'tail': {
      const starts = await consumer.beginningOffsets(partitions);
      for (const [name, end] of await consumer.offsetsForTime(partitions, offsetSpec.latest)) {
        const one = partitions.find((at) => topicPartitionName(at.topic, at.partition) === name);
        if (one !== undefined) consumer.seek(one, Math.max(starts.get(name) ?? 0, end - from.count));
      }
      return;
    }
    default:
      return unreachable(from);
  }
}

async function printRecords(
  consumer: Consumer,
  options: ConsumeOptions,
  { report, io }: Session,
  ends: ReadonlyMap<string, number> | undefined,
  isStopped: () => boolean,
): Promise<void> {
  const format = recordFormatter(options.format);
  const progress = new EndOfPartitions(consumer, ends);
  let left = options.count ?? Number.POSITIVE_INFINITY;
  let printed = 0;
  // With an end in sight the first look only finds out where reading begins: there may be nothing to wait for.
  let waitMs = ends === undefined ? pollMs : 0;
  while (!isStopped() && left > 0 && !progress.isReached()) {
    const records = await consumer.poll({ timeoutMs: waitMs, maxRecords: Math.min(1_000, left) });
    waitMs = pollMs;
    const wanted = records.filter((record) => progress.isBeforeEnd(record));
    let pieces: Uint8Array[] = [];
    let bytes = 0;
    for (const record of wanted) {
      const piece = format(record);
      pieces.push(piece);
      bytes += piece.length;
      if (bytes < outputBytes) continue;
      await io.output.write(Buffer.concat(pieces));
      pieces = [];
      bytes = 0;
    }
    if (bytes > 0) await io.output.write(Buffer.concat(pieces));
    left -= wanted.length;
    printed += wanted.length;
  }
  if (options.exitAtEnd && io.errors.isTerminal && !report.isJson) await report.note(`read ${printed} record(s)`);
}

/** Whether the partitions have been read up to where they ended at the start. */
class EndOfPartitions {
  constructor(
    private readonly consumer: Consumer,
    private readonly ends: ReadonlyMap<string, number> | undefined,
  ) {}

  isBeforeEnd({ topic, partition, offset }: ConsumerRecord): boolean {
    const end = this.ends?.get(topicPartitionName(topic, partition));
    return end === undefined || offset < end;
  }

  /** Of the partitions this consumer has; a member of a group has none before its first assignment. */
  isReached(): boolean {
    if (this.ends === undefined) return false;
    const assigned = this.consumer.assignment();
    return (
      assigned.length > 0 &&
      assigned.every((one) => {
        const position = this.consumer.position(one);
        return (
          position !== undefined && position >= (this.ends?.get(topicPartitionName(one.topic, one.partition)) ?? 0)
        );
      })
    );
  }
}
