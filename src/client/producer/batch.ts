import { type Compression, encodeBatch, type RecordInput, resequenceBatch } from '../../records/index.js';
import type { ClientError } from '../errors.js';
import type { RecordMetadata } from './types.js';

export interface ProducerIdentity {
  readonly producerId: number;
  readonly producerEpoch: number;
}

interface Waiting {
  readonly record: RecordInput;
  readonly resolve: (metadata: RecordMetadata) => void;
  readonly reject: (error: ClientError) => void;
}

/** What an empty batch takes. */
const headerBytes = 61;

/** Records of one partition that travel together. Encoded when first sent; a retry sends the same bytes. */
export class ProducerBatch {
  readonly #waiting: Waiting[] = [];
  #sizeBound = headerBytes;
  #encoded: Buffer | undefined;
  #baseSequence = -1;
  /** Times it was sent. */
  attempts = 0;

  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly createdAtMs: number,
  ) {}

  get recordCount(): number {
    return this.#waiting.length;
  }

  /** At most so many bytes before compression. */
  get sizeBound(): number {
    return this.#sizeBound;
  }

  /** What its records count for in the producer's buffer. */
  get recordBytes(): number {
    return this.#sizeBound - headerBytes;
  }

  /** -1 until it was sent by an idempotent producer. */
  get baseSequence(): number {
    return this.#baseSequence;
  }

  get wasSent(): boolean {
    return this.attempts > 0;
  }

  add(waiting: Waiting, recordBytes: number): void {
    this.#waiting.push(waiting);
    this.#sizeBound += recordBytes;
  }

  /** Encodes it once; `identity` undefined: not idempotent. */
  encode(
    options: { readonly compression: Compression; readonly compressionLevel: number | undefined },
    identity: (ProducerIdentity & { readonly baseSequence: number }) | undefined,
  ): void {
    this.#baseSequence = identity?.baseSequence ?? -1;
    this.#encoded = encodeBatch({
      records: this.#waiting.map((one) => one.record),
      compression: options.compression,
      ...(options.compressionLevel === undefined ? {} : { compressionLevel: options.compressionLevel }),
      ...identity,
    });
  }

  /** Gives it a new place in the sequence of a new epoch. */
  resequence(identity: ProducerIdentity & { readonly baseSequence: number }): void {
    this.#baseSequence = identity.baseSequence;
    // Not in place: the old bytes may still lie in a socket's queue.
    if (this.#encoded !== undefined) this.#encoded = resequenceBatch(Buffer.from(this.#encoded), identity);
  }

  get bytes(): Buffer | undefined {
    return this.#encoded;
  }

  /** `baseOffset` -1: not told. `logAppendTimeMs` -1: the records keep their timestamps. */
  succeed(baseOffset: number, logAppendTimeMs: number): void {
    for (const [index, { record, resolve }] of this.#waiting.entries())
      resolve({
        topic: this.topic,
        partition: this.partition,
        offset: baseOffset < 0 ? -1 : baseOffset + index,
        timestampMs: logAppendTimeMs >= 0 ? logAppendTimeMs : record.timestampMs,
      });
    this.#release();
  }

  /** `recordErrors`: messages for single records of the batch, by index. */
  fail(error: ClientError, errorFor?: (index: number) => ClientError | undefined): void {
    for (const [index, { reject }] of this.#waiting.entries()) reject(errorFor?.(index) ?? error);
    this.#release();
  }

  #release(): void {
    this.#waiting.length = 0;
    this.#encoded = undefined;
  }
}
