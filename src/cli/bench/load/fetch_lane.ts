import { apiCall, ClientError, ProtocolError } from '../../../client/index.js';
import { FetchRequest, FetchResponse } from '../../../protocol/api/fetch.js';
import { decodeBatchHeader } from '../../../records/index.js';
import type { Lane } from './pacer.js';
import type { Done } from './produce_lane.js';
import { type Frame, frameOf, type LoadConnection } from './wire.js';

export const fetchCall = apiCall(FetchRequest, FetchResponse, { maxVersion: 12 });

export interface Position {
  readonly partition: number;
  readonly fetchOffset: number;
}

export function fetchFrame(
  version: number,
  correlationId: number,
  topic: string,
  positions: readonly Position[],
  limits: { readonly maxWaitMs: number; readonly maxBytes: number; readonly partitionMaxBytes: number },
): Frame {
  const { maxWaitMs, maxBytes, partitionMaxBytes } = limits;
  return frameOf(fetchCall, version, correlationId, {
    maxWaitMs,
    minBytes: 1,
    maxBytes,
    isolationLevel: 0,
    sessionId: 0,
    topics: [
      {
        topic,
        topicId: undefined,
        partitions: positions.map(({ partition, fetchOffset }) => ({ partition, fetchOffset, partitionMaxBytes })),
      },
    ],
    forgottenTopicsData: [],
    rackId: '',
  });
}

export interface FetchedPartition {
  readonly partition: number;
  readonly records: Uint8Array;
}

/** @throws ProtocolError for any error in the answer */
export function readFetched(
  connection: LoadConnection,
  version: number,
  frame: Buffer,
  correlationId: number | undefined,
): readonly FetchedPartition[] {
  const response = connection.read(fetchCall, version, frame, correlationId);
  if (response.errorCode !== 0) throw new ProtocolError(response.errorCode, 'fetching');
  return response.responses.flatMap(({ topic, partitions }) =>
    partitions.map(({ partitionIndex, errorCode, records }) => {
      if (errorCode !== 0) throw new ProtocolError(errorCode, `fetching from ${topic}-${partitionIndex}`);
      return { partition: partitionIndex, records: records ?? new Uint8Array(0) };
    }),
  );
}

export interface WholeBatch {
  readonly sizeBytes: number;
  readonly records: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
}

/** The batches that are there whole; a broker may cut off the last one at the size asked for. CRCs are not looked at. */
export function wholeBatches(records: Uint8Array): readonly WholeBatch[] {
  const view = Buffer.from(records.buffer, records.byteOffset, records.byteLength);
  const found: WholeBatch[] = [];
  for (let at = 0; view.length - at >= 12; ) {
    const sizeBytes = 12 + view.readInt32BE(at + 8);
    if (sizeBytes > view.length - at) break;
    const { recordCount, baseOffset, lastOffset } = decodeBatchHeader(records, at);
    found.push({ sizeBytes, records: recordCount, baseOffset, lastOffset });
    at += sizeBytes;
  }
  return found;
}

/** Fetches what lies in the log, at known offsets in turn. An answer without a whole batch is a failure. */
export class FetchLane implements Lane {
  readonly #awaited: Array<{ readonly correlationId: number; readonly id: number }> = [];
  #next = 0;

  constructor(
    private readonly connection: LoadConnection,
    private readonly options: {
      readonly version: number;
      readonly frames: readonly Frame[];
      readonly done: Done;
      readonly fail: (error: unknown) => void;
    },
  ) {
    connection.listen((frame) => this.#onFrame(frame), options.fail);
  }

  send(id: number): void {
    const { frames } = this.options;
    const frame = frames[this.#next % frames.length];
    if (frame === undefined) return;
    this.#next += 1;
    this.#awaited.push({ correlationId: frame.correlationId, id });
    this.connection.write(frame);
  }

  #onFrame(frame: Buffer): void {
    const awaited = this.#awaited.shift();
    const fetched = readFetched(this.connection, this.options.version, frame, awaited?.correlationId);
    let bytes = 0;
    let records = 0;
    for (const partition of fetched) {
      bytes += partition.records.length;
      for (const batch of wholeBatches(partition.records)) records += batch.records;
    }
    if (records === 0)
      throw new ClientError(`${this.connection.address} answered a fetch of what is there with nothing`);
    if (awaited !== undefined) this.options.done(awaited.id, bytes, records);
  }
}
