import { apiCall, ProtocolError } from '../../../client/index.js';
import { ApiVersionsRequest, ApiVersionsResponse } from '../../../protocol/api/api_versions.js';
import { ProduceRequest, ProduceResponse } from '../../../protocol/api/produce.js';
import type { Lane } from './pacer.js';
import { type Frame, frameOf, type LoadConnection } from './wire.js';

/** Up to 12 topics have names; 13 wants their ids and is the same otherwise. */
export const produceCall = apiCall(ProduceRequest, ProduceResponse, { maxVersion: 12 });
const markerCall = apiCall(ApiVersionsRequest, ApiVersionsResponse, { maxVersion: 0 });

export interface BatchInfo {
  readonly topic: string;
  readonly batch: Uint8Array;
  readonly records: number;
  readonly acks: number;
}

export type Done = (id: number, bytes: number, records: number) => void;

const produceTimeoutMs = 30_000;
/** Requests without an answer are followed by one that has one, at the latest after so many. */
const maxUnmarked = 64;

export function produceFrames(version: number, partitions: readonly number[], info: BatchInfo): readonly Frame[] {
  return partitions.map((index, position) =>
    frameOf(produceCall, version, position + 1, {
      transactionalId: null,
      acks: info.acks,
      timeoutMs: produceTimeoutMs,
      topicData: [{ name: info.topic, topicId: undefined, partitionData: [{ index, records: info.batch }] }],
    }),
  );
}

/** @throws ProtocolError for any error in the answer */
export function checkProduced(
  connection: LoadConnection,
  version: number,
  frame: Buffer,
  correlationId: number | undefined,
): void {
  const response = connection.read(produceCall, version, frame, correlationId);
  for (const topic of response.responses)
    for (const { index, errorCode, errorMessage } of topic.partitionResponses)
      if (errorCode !== 0) throw new ProtocolError(errorCode, `producing to ${topic.name}-${index}`, errorMessage);
}

interface Awaited {
  readonly correlationId: number;
  readonly ids: readonly number[];
}

/**
 * Sends the same batch to its partitions in turn. With acks 0 nothing is answered: at the end of a loop turn an ApiVersions
 * request follows, whose answer says that the broker has handled what was before it.
 */
export class ProduceLane implements Lane {
  readonly #connection: LoadConnection;
  readonly #awaited: Awaited[] = [];
  readonly #marker: Frame;
  #unmarked: number[] = [];
  #next = 0;

  constructor(
    connection: LoadConnection,
    private readonly options: {
      readonly version: number;
      readonly frames: readonly Frame[];
      readonly info: BatchInfo;
      readonly soon: (run: () => void) => void;
      readonly done: Done;
      readonly fail: (error: unknown) => void;
    },
  ) {
    this.#connection = connection;
    this.#marker = frameOf(markerCall, 0, options.frames.length + 1, {});
    connection.listen((frame) => this.#onFrame(frame), options.fail);
  }

  send(id: number): void {
    const { frames, info, soon } = this.options;
    const frame = frames[this.#next % frames.length];
    if (frame === undefined) return;
    this.#next += 1;
    this.#connection.write(frame);
    if (info.acks !== 0) {
      this.#awaited.push({ correlationId: frame.correlationId, ids: [id] });
      return;
    }
    this.#unmarked.push(id);
    if (this.#unmarked.length >= maxUnmarked) this.#mark();
    else if (this.#unmarked.length === 1) soon(() => this.#mark());
  }

  #mark(): void {
    if (this.#unmarked.length === 0) return;
    this.#awaited.push({ correlationId: this.#marker.correlationId, ids: this.#unmarked });
    this.#unmarked = [];
    this.#connection.write(this.#marker);
  }

  #onFrame(frame: Buffer): void {
    const awaited = this.#awaited.shift();
    const { version, info, done } = this.options;
    if (info.acks === 0) this.#connection.read(markerCall, 0, frame, awaited?.correlationId);
    else checkProduced(this.#connection, version, frame, awaited?.correlationId);
    for (const id of awaited?.ids ?? []) done(id, info.batch.length, info.records);
  }
}
