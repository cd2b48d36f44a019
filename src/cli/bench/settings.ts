import type { Compression } from '../../records/index.js';
import type { LoadMode } from './load/plan.js';

export type FlushMode = 'group' | 'os';

/** One workload: everything that decides what the load is, but not whom it is for. */
export interface WorkloadSettings {
  readonly mode: LoadMode;
  readonly recordBytes: number;
  readonly recordsPerBatch: number;
  readonly partitions: number;
  readonly connections: number;
  readonly depth: number;
  readonly compression: Compression;
  /** As on the wire. */
  readonly acks: 0 | 1 | -1;
  /** Undefined: the broker's own. */
  readonly flush: FlushMode | undefined;
  /** All connections together; null: closed loop. */
  readonly requestsPerSecond: number | null;
  /** Fetch: what one request asks for; undefined: as much as a batch is. */
  readonly fetchBytes: number | undefined;
  /** Fetch: what is written beforehand, about. */
  readonly prefillBytes: number;
}

/** How it is measured. */
export interface MeasuringSettings {
  readonly warmupMs: number;
  readonly measureMs: number;
  readonly rounds: number;
  /** Loading processes. */
  readonly processes: number;
  readonly maxRequests: number | null;
  readonly maxBytes: number;
  readonly drainMs: number;
}

export function sizeText(bytes: number): string {
  if (bytes >= 2 ** 20 && bytes % 2 ** 20 === 0) return `${bytes / 2 ** 20} MiB`;
  return bytes >= 1024 && bytes % 1024 === 0 ? `${bytes / 1024} KiB` : `${bytes} B`;
}

/** `produce 1 KiB, 4 × 4`: connections × requests in flight. */
export function workloadName({ mode, recordBytes, connections, depth, requestsPerSecond }: WorkloadSettings): string {
  const load = requestsPerSecond === null ? `${connections} × ${depth}` : `${Number(requestsPerSecond.toFixed(3))}/s`;
  return `${mode} ${sizeText(recordBytes)}, ${load}`;
}

/** For the report, in words. */
export function settingsOf(
  workload: WorkloadSettings,
  measuring: MeasuringSettings,
  batchBytes: number,
): Readonly<Record<string, string | number>> {
  const { mode, recordsPerBatch, partitions, connections, depth, compression, acks, flush, requestsPerSecond } =
    workload;
  return {
    records: `${sizeText(workload.recordBytes)}, ${recordsPerBatch} a batch of ${batchBytes} B`,
    ...(mode === 'fetch' ? { 'fetch size': sizeText(workload.fetchBytes ?? batchBytes) } : {}),
    partitions,
    connections,
    depth,
    compression,
    ...(mode === 'fetch' ? {} : { acks: acks === -1 ? 'all' : acks }),
    flush: flush ?? 'as the broker is set',
    loop: requestsPerSecond === null ? 'closed' : `open, ${Number(requestsPerSecond.toFixed(3))} requests/s`,
    ...(measuring.maxRequests === null ? {} : { 'at most': `${measuring.maxRequests} requests` }),
    seconds: `${measuring.measureMs / 1000} after ${measuring.warmupMs / 1000} of warm-up`,
  };
}
