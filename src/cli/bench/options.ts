import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Compression, compressions } from '../../records/index.js';
import { UsageError } from '../exit_codes.js';
import { byteCount, duration, positiveInteger } from '../values.js';
import type { LoadMode } from './load/plan.js';
import type { FlushMode, MeasuringSettings, WorkloadSettings } from './settings.js';

/** Bounds of what can be asked for, so that a slip of the finger does not take the machine down. */
const bounds = {
  recordBytes: 1 << 20,
  batchBytes: 16 << 20,
  partitions: 1000,
  connections: 1000,
  depth: 1000,
  processes: 16,
  rounds: 100,
  sizes: 16,
  measureMs: 3_600_000,
  /** Of what may be on its way to the loading processes at once. */
  inFlightBytes: 2 ** 30,
  prefillBytes: 64 * 2 ** 30,
} as const;

const defaultBatchBytes = 16 * 1024;
const drainMs = 30_000;

interface Flags {
  readonly recordBytes: readonly number[];
  readonly batchBytes?: number;
  readonly recordsPerBatch?: number;
  readonly partitions: number;
  readonly connections: number;
  readonly depth?: number;
  readonly compression: Compression;
  readonly acks: '0' | '1' | 'all';
  readonly flush?: FlushMode;
  readonly rate?: number;
  readonly recordRate?: number;
  readonly fetchBytes?: number;
  readonly prefillBytes: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly rounds: number;
  readonly requests?: number;
  readonly maxBytes: number;
  readonly processes: number;
}

function upTo(limit: number, parse: (text: string) => number = positiveInteger) {
  return (text: string): number => {
    const value = parse(text);
    if (value > limit) throw new InvalidArgumentError(`at most ${limit} is possible`);
    return value;
  };
}

function sizes(text: string): readonly number[] {
  const found = text.split(',').map(upTo(bounds.recordBytes, byteCount));
  if (found.length > bounds.sizes) throw new InvalidArgumentError(`at most ${bounds.sizes} sizes are possible`);
  return [...new Set(found)];
}

function rate(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value <= 0 || value > 10_000_000)
    throw new InvalidArgumentError('a number above 0, at most 10000000, is expected');
  return value;
}

/** Whole or broken seconds, or a duration such as 500ms. */
function secondsMs(text: string): number {
  return upTo(bounds.measureMs, (one) => duration(/^\d+(\.\d+)?$/.test(one) ? `${one}s` : one))(text);
}

/** Options of everything that loads a broker. */
export function withLoadOptions(command: Command): Command {
  return command
    .option(
      '--record-bytes <size,...>',
      'size of a record, 1 to 1M; several make a workload each',
      sizes,
      Object.freeze([1024]),
    )
    .option(
      '--batch-bytes <size>',
      'records of about this size together make a batch (default: 16K)',
      upTo(bounds.batchBytes, byteCount),
    )
    .option('--records-per-batch <count>', 'instead of --batch-bytes', positiveInteger)
    .option('--partitions <count>', `1 to ${bounds.partitions}`, upTo(bounds.partitions), 1)
    .option('--connections <count>', `1 to ${bounds.connections}`, upTo(bounds.connections), 4)
    .option(
      '--depth <count>',
      'requests in flight on each connection (default: 4 for produce, else 1; 100 with a rate)',
      upTo(bounds.depth),
    )
    .addOption(new Option('--compression <codec>', 'of batches').choices(compressions).default('none'))
    .addOption(new Option('--acks <who>', 'who must have the records').choices(['all', '1', '0']).default('all'))
    .addOption(
      new Option(
        '--flush <mode>',
        "group: acknowledged after a sync; os: after the page cache (default: the broker's; os where brokers are compared)",
      ).choices(['group', 'os']),
    )
    .option('--rate <requests>', 'open loop: requests a second, latency from when each was due', rate)
    .option('--record-rate <records>', 'open loop: the same in records a second', rate)
    .option(
      '--fetch-bytes <size>',
      'what one fetch asks for (default: one batch)',
      upTo(bounds.inFlightBytes, byteCount),
    )
    .option('--prefill-bytes <size>', 'written before fetches', upTo(bounds.prefillBytes, byteCount), 64 * 2 ** 20)
    .option('--seconds <seconds>', 'measured time of a round', secondsMs, 5000)
    .option('--warmup-seconds <seconds>', 'before it, not measured', secondsMs, 1000)
    .option('--rounds <count>', `1 to ${bounds.rounds}`, upTo(bounds.rounds), 3)
    .option('--requests <count>', 'end a round after so many', positiveInteger)
    .option('--max-bytes <size>', 'end a round after so many bytes of batches', byteCount, 8 * 2 ** 30)
    .option('--processes <count>', 'loading processes, which share the connections', upTo(bounds.processes), 1);
}

export interface LoadOptions {
  readonly workloads: readonly WorkloadSettings[];
  readonly measuring: MeasuringSettings;
}

/** @throws UsageError */
export function readLoadOptions(command: Command, modes: readonly LoadMode[]): LoadOptions {
  const flags = command.opts<Flags>();
  if (flags.batchBytes !== undefined && flags.recordsPerBatch !== undefined)
    throw new UsageError('--batch-bytes and --records-per-batch say the same thing: give one of them');
  if (flags.rate !== undefined && flags.recordRate !== undefined)
    throw new UsageError('--rate and --record-rate say the same thing: give one of them');
  const workloads = modes.flatMap((mode) =>
    flags.recordBytes.map((recordBytes) => workloadOf(flags, mode, recordBytes)),
  );
  return {
    workloads,
    measuring: {
      warmupMs: flags.warmupSeconds,
      measureMs: flags.seconds,
      rounds: flags.rounds,
      processes: flags.processes,
      maxRequests: flags.requests ?? null,
      maxBytes: flags.maxBytes,
      drainMs,
    },
  };
}

function workloadOf(flags: Flags, mode: LoadMode, recordBytes: number): WorkloadSettings {
  const recordsPerBatch =
    flags.recordsPerBatch ?? Math.max(1, Math.floor((flags.batchBytes ?? defaultBatchBytes) / recordBytes));
  const batchBytes = recordsPerBatch * recordBytes;
  if (batchBytes > bounds.batchBytes)
    throw new UsageError(
      `${recordsPerBatch} records of ${recordBytes} bytes are more than the ${bounds.batchBytes >> 20} MiB that a batch may be`,
    );
  const requestsPerSecond = flags.rate ?? (flags.recordRate === undefined ? null : flags.recordRate / recordsPerBatch);
  const depth = flags.depth ?? (requestsPerSecond !== null ? 100 : mode === 'produce' ? 4 : 1);
  const { connections, partitions } = flags;
  if (mode === 'end-to-end' && connections > partitions)
    throw new UsageError(
      `end-to-end gives each connection partitions of its own: --partitions ${connections} or more is needed for ${connections} connections`,
    );
  const fetchBytes = flags.fetchBytes ?? batchBytes;
  const inFlight = connections * depth * (mode === 'fetch' ? fetchBytes : batchBytes);
  // In an open loop the depth is a limit that is reached only when the broker falls behind.
  if (requestsPerSecond === null && inFlight > bounds.inFlightBytes)
    throw new UsageError(
      `${connections} connections with ${depth} requests of ${Math.round(inFlight / connections / depth)} bytes in flight are more than 1 GiB: lower one of them`,
    );
  return {
    mode,
    recordBytes,
    recordsPerBatch,
    partitions,
    connections,
    depth: requestsPerSecond === null ? depth : boundedDepth(depth, inFlight),
    compression: flags.compression,
    acks: flags.acks === 'all' ? -1 : flags.acks === '1' ? 1 : 0,
    flush: flags.flush,
    requestsPerSecond,
    fetchBytes: flags.fetchBytes,
    prefillBytes: flags.prefillBytes,
  };
}

function boundedDepth(depth: number, inFlightBytes: number): number {
  return inFlightBytes <= bounds.inFlightBytes
    ? depth
    : Math.max(1, Math.floor((depth * bounds.inFlightBytes) / inFlightBytes));
}
