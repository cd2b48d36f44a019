import type { Command } from 'commander';
import { Option } from 'commander';
import { Producer, type ProducerRecord } from '../../client/index.js';
import { unreachable } from '../../common/assert.js';
import { type Compression, compressions } from '../../records/index.js';
import { addCommand, type CliCommand, type Launch } from '../command.js';
import { InterruptedError, UsageError } from '../exit_codes.js';
import { chunksOf, type InputRecord, jsonRecord, keyedLine, splitAt } from '../input_records.js';
import type { Session } from '../session.js';
import { byteCount, collected, unescaped, wholeNumber } from '../values.js';

export type ProduceInput =
  | { readonly kind: 'lines'; readonly delimiter: string; readonly keyDelimiter: string | undefined }
  | { readonly kind: 'json' }
  | { readonly kind: 'chunks'; readonly bytes: number }
  | { readonly kind: 'whole' };

export interface ProduceOptions {
  readonly topic: string;
  /** Undefined: standard input. */
  readonly file: string | undefined;
  readonly input: ProduceInput;
  readonly emptyIsNull: boolean;
  readonly key: string | undefined;
  readonly headers: ReadonlyArray<readonly [string, string]>;
  readonly partition: number | undefined;
  readonly compression: Compression;
  readonly acks: 'all' | 1 | 0;
  readonly createTopic: boolean;
}

interface Flags {
  readonly file?: string;
  readonly keyDelimiter?: string;
  readonly delimiter: string;
  readonly json?: boolean;
  readonly chunkBytes?: number;
  readonly whole?: boolean;
  readonly tombstones?: boolean;
  readonly key?: string;
  readonly header?: readonly string[];
  readonly partition?: number;
  readonly compression: Compression;
  readonly acks: string;
  readonly create: boolean;
}

/** Below the broker's default limit for a batch (1 MiB) with room for what a batch adds. */
const batchBytes = 512 * 1024;
const maxRequestBytes = 64 * 1024 * 1024;
const wholeLimitBytes = 1024 * 1024 * 1024;

export const produce: CliCommand<ProduceOptions> = {
  name: 'produce',
  define: (command) =>
    command
      .description('write records to a topic: each line of standard input is one, unless told otherwise')
      .argument('<topic>', 'its name; a topic that does not exist is created if the broker allows')
      .option('-f, --file <path>', 'read a file instead of standard input')
      .option('-K, --key-delimiter <text>', 'what stands before it in a line is the key; \\t and \\x01 are understood')
      .option('-D, --delimiter <text>', 'what ends a record', '\\n')
      .option('--json', 'each line is a JSON object with key, value, headers, partition, timestamp')
      .option('--chunk-bytes <size>', 'cut the input into records of so many bytes (such as 64K)', byteCount)
      .option('--whole', 'the whole input is one record')
      .option('-Z, --tombstones', 'an empty value is null: it deletes its key from a compacted topic')
      .option('-k, --key <text>', 'key of every record')
      .option('-H, --header <name=value>', 'a header of every record, may be repeated', collected)
      .option('-p, --partition <number>', 'write to this partition', wholeNumber)
      .addOption(new Option('-z, --compression <codec>', 'of batches').choices(compressions).default('none'))
      .addOption(new Option('--acks <who>', 'who must have the records').choices(['all', '1', '0']).default('all'))
      .option('--no-create', 'fail if the topic does not exist'),
  read: readOptions,
  run: runProduce,
};

export function addProduce(program: Command, launch: Launch): void {
  addCommand(program, produce, launch);
}

function readOptions(command: Command): ProduceOptions {
  const flags = command.opts<Flags>();
  const [topic = ''] = command.args;
  const acks = flags.acks === 'all' ? 'all' : flags.acks === '1' ? 1 : 0;
  return {
    topic,
    file: flags.file,
    input: inputOf(flags),
    emptyIsNull: flags.tombstones ?? false,
    key: flags.key,
    headers: (flags.header ?? []).map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw new UsageError(`--header ${text}: name=value is expected`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
    partition: flags.partition,
    compression: flags.compression,
    acks,
    createTopic: flags.create,
  };
}

function inputOf(flags: Flags): ProduceInput {
  const kinds: ProduceInput[] = [];
  if (flags.json === true) kinds.push({ kind: 'json' });
  if (flags.chunkBytes !== undefined) kinds.push({ kind: 'chunks', bytes: flags.chunkBytes });
  if (flags.whole === true) kinds.push({ kind: 'whole' });
  const [kind] = kinds;
  if (kinds.length > 1) throw new UsageError('give only one of --json, --chunk-bytes and --whole');
  if (kind !== undefined && flags.keyDelimiter !== undefined) throw new UsageError('--key-delimiter is for lines');
  if (kind !== undefined) return kind;
  const delimiter = unescaped(flags.delimiter);
  const keyDelimiter = flags.keyDelimiter === undefined ? undefined : unescaped(flags.keyDelimiter);
  if (delimiter === '' || keyDelimiter === '') throw new UsageError('a delimiter cannot be empty');
  return { kind: 'lines', delimiter, keyDelimiter };
}

async function* readInput(source: AsyncIterable<Uint8Array>, options: ProduceOptions): AsyncGenerator<InputRecord> {
  const { input, emptyIsNull } = options;
  switch (input.kind) {
    case 'lines': {
      const keyDelimiter = input.keyDelimiter === undefined ? undefined : Buffer.from(input.keyDelimiter, 'utf8');
      for await (const line of splitAt(source, Buffer.from(input.delimiter, 'utf8')))
        yield keyedLine(line, keyDelimiter, emptyIsNull);
      return;
    }
    case 'json': {
      let number = 0;
      for await (const line of splitAt(source, Buffer.from('\n'))) {
        number += 1;
        if (line.length > 0) yield jsonRecord(line, number);
      }
      return;
    }
    case 'chunks':
      for await (const value of chunksOf(source, input.bytes)) yield { key: null, value, headers: [] };
      return;
    case 'whole': {
      const parts: Uint8Array[] = [];
      let size = 0;
      for await (const part of source) {
        size += part.length;
        if (size > wholeLimitBytes) throw new UsageError('the input is too large for one record; try --chunk-bytes');
        parts.push(part);
      }
      yield { key: null, value: Buffer.concat(parts), headers: [] };
      return;
    }
    default:
      unreachable(input);
  }
}

async function runProduce(options: ProduceOptions, session: Session): Promise<void> {
  const { cluster, report, io } = session;
  const producer = new Producer(cluster, {
    acks: options.acks,
    compression: options.compression,
    batchBytes,
    maxRequestBytes,
    allowAutoTopicCreation: options.createTopic,
    maxBlockMs: cluster.retryPolicy.timeoutMs,
    deliveryTimeoutMs: Math.max(cluster.retryPolicy.timeoutMs, 1_000),
  });
  if (!options.createTopic) await requireTopic(session, options.topic);
  const totals = { records: 0, bytes: 0 };
  let failure: { readonly error: unknown } | undefined;
  const interruption = interruptible(options.file === undefined ? io.input : io.openFile(options.file), io);
  const key = options.key === undefined ? null : Buffer.from(options.key, 'utf8');
  const headers = options.headers.map(([name, value]) => ({ key: name, value: Buffer.from(value, 'utf8') }));
  let inputFailure: { readonly error: unknown } | undefined;
  try {
    for await (const record of readInput(interruption.source, options)) {
      await producer.room();
      if (failure !== undefined) break;
      producer.send(toRecord(options, record, key, headers)).then(
        () => {
          totals.records += 1;
          totals.bytes += (record.key?.length ?? 0) + (record.value?.length ?? 0);
        },
        (error: unknown) => {
          failure ??= { error };
        },
      );
    }
  } catch (error) {
    // What was read before is written all the same.
    inputFailure = { error };
  }
  try {
    await producer.flush();
  } finally {
    interruption.end();
    producer.abort();
  }
  const complete = failure === undefined && inputFailure === undefined && !interruption.wasInterrupted();
  await report.result({ topic: options.topic, ...totals, complete }, () =>
    report.note(`wrote ${totals.records} record(s), ${totals.bytes} bytes, to ${options.topic}`),
  );
  if (inputFailure !== undefined) throw inputFailure.error;
  if (failure !== undefined) throw failure.error;
  if (interruption.wasInterrupted()) throw new InterruptedError('stopped before the end of the input');
}

async function requireTopic({ admin }: Session, name: string): Promise<void> {
  const [description] = await admin.describeTopics([name]);
  if (description?.error !== undefined) throw description.error;
}

function toRecord(
  options: ProduceOptions,
  record: InputRecord,
  key: Uint8Array | null,
  headers: ProducerRecord['headers'] & object,
): ProducerRecord {
  const partition = record.partition ?? options.partition;
  return {
    topic: options.topic,
    key: record.key ?? key,
    value: record.value,
    headers: [...headers, ...record.headers],
    ...(partition === undefined ? {} : { partition }),
    ...(record.timestampMs === undefined ? {} : { timestampMs: record.timestampMs }),
  };
}

/** The source until it ends or a signal comes, whichever is first. */
function interruptible(
  source: AsyncIterable<Uint8Array>,
  io: Session['io'],
): { readonly source: AsyncIterable<Uint8Array>; readonly end: () => void; readonly wasInterrupted: () => boolean } {
  let interrupted = false;
  let wake: () => void = () => undefined;
  const stopped = new Promise<'stopped'>((resolve) => {
    wake = () => resolve('stopped');
  });
  const undo = io.onInterrupt(() => {
    interrupted = true;
    wake();
  });
  async function* until(): AsyncGenerator<Uint8Array, void, void> {
    const iterator = source[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await Promise.race([iterator.next(), stopped]);
        if (next === 'stopped' || next.done === true) return;
        yield next.value;
      }
    } finally {
      // Not awaited when stopped: a read of a terminal ends only with its next line.
      if (interrupted) void iterator.return?.();
      else await iterator.return?.();
    }
  }
  return { source: until(), end: undo, wasInterrupted: () => interrupted };
}
