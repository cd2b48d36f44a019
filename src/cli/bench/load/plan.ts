import type { Compression } from '../../../records/index.js';
import type { HostAndPort } from '../../values.js';

export type LoadMode = 'produce' | 'fetch' | 'end-to-end';

/** What one loading process does to one broker in one round. Plain data: it travels as JSON. */
export interface LoadPlan {
  readonly mode: LoadMode;
  readonly bootstrapServers: readonly HostAndPort[];
  readonly topic: string;
  readonly partitions: number;
  readonly recordBytes: number;
  readonly recordsPerBatch: number;
  readonly compression: Compression;
  /** As on the wire: 0, 1 or -1. */
  readonly acks: number;
  /** Connections of all processes together, and which of them are this one's. */
  readonly connections: number;
  readonly firstConnection: number;
  readonly ownConnections: number;
  /** Requests in flight for each connection: as many as possible in a closed loop, at most so many in an open one. */
  readonly depth: number;
  /** Requests a second of this process in an open loop; null: closed loop. */
  readonly requestsPerSecond: number | null;
  readonly warmupMs: number;
  readonly measureMs: number;
  /** Ends the round early. */
  readonly maxRequests: number | null;
  readonly maxBytes: number;
  /** How long answers are awaited after the last request. */
  readonly drainMs: number;
  /** For fetch: what lies in each partition, and how much one request asks for. */
  readonly batchesPerPartition: number;
  readonly fetchBytes: number;
}

/** What came of it. */
export interface LoadResult {
  /** Answered within the measured time. */
  readonly requests: number;
  readonly records: number;
  /** Record batches as on the wire. */
  readonly bytes: number;
  /** Measured time. */
  readonly seconds: number;
  /** Not answered when the wait for answers was over; their age counts as their latency. */
  readonly unanswered: number;
  /** HdrHistogram V2 of what was sent within the measured time, µs. */
  readonly latencies: string;
}

/** What a loading process says, a JSON document a line. */
export type LoadEvent =
  | { readonly event: 'ready' }
  | { readonly event: 'measuring' }
  | { readonly event: 'measured' }
  | { readonly event: 'result'; readonly result: LoadResult }
  | { readonly event: 'failed'; readonly exitCode: number; readonly message: string };
