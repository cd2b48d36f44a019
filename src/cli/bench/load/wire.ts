import { FrameAssembler } from '../../../client/frame_assembler.js';
import {
  type ApiCall,
  type ClientEnvironment,
  ConnectionError,
  MalformedResponseError,
} from '../../../client/index.js';
import type { StreamConnection } from '../../../common/ports/index.js';
import { decodeResponseHeader, encodeRequest } from '../../../protocol/frame.js';
import { Reader } from '../../../protocol/reader.js';
import type { Fields, Struct, StructInput } from '../../../protocol/schema.js';
import { Writer } from '../../../protocol/writer.js';
import type { HostAndPort } from '../../values.js';

/** A whole request as it goes out, made once and sent again and again. */
export interface Frame {
  readonly parts: readonly Uint8Array[];
  readonly correlationId: number;
}

const clientId = 'millrace-bench';
const connectTimeoutMs = 10_000;
const maxResponseBytes = 1024 * 1024 * 1024;
const maxResponseElements = 1 << 22;

export function frameOf<Q extends Fields, R extends Fields>(
  call: ApiCall<Q, R>,
  version: number,
  correlationId: number,
  body: StructInput<Q>,
): Frame {
  const writer = new Writer(256);
  encodeRequest(writer, call.api, version, correlationId, clientId, body);
  const parts = writer.toChain().filter((part): part is Uint8Array => part instanceof Uint8Array);
  return { parts, correlationId };
}

/** Frames out, frames in; without what the client's connection does for its callers (timeouts, promises, decoding twice). */
export class LoadConnection {
  readonly #stream: StreamConnection;
  readonly #reader = new Reader();
  #onFrame: (frame: Buffer) => void = () => undefined;
  #onFailure: (error: unknown) => void = () => undefined;
  #closed = false;

  private constructor(
    readonly address: string,
    stream: StreamConnection,
  ) {
    this.#stream = stream;
    const assembler = new FrameAssembler(maxResponseBytes, (frame) => this.#onFrame(frame));
    stream.onData((chunk) => {
      if (this.#closed) return;
      try {
        assembler.push(chunk);
      } catch (error) {
        this.#fail(error);
      }
    });
    stream.onClose((error) =>
      this.#fail(new ConnectionError(`${address} closed the connection in the middle of the load`, { cause: error })),
    );
  }

  /** @throws ConnectionError */
  static async open({ host, port }: HostAndPort, { dialer }: ClientEnvironment): Promise<LoadConnection> {
    try {
      return new LoadConnection(`${host}:${port}`, await dialer.connect({ host, port, timeoutMs: connectTimeoutMs }));
    } catch (error) {
      throw new ConnectionError(error instanceof Error ? error.message : String(error), { cause: error });
    }
  }

  /** `onFailure` is called at most once, and not after {@link close}. What `onFrame` throws is a failure. */
  listen(onFrame: (frame: Buffer) => void, onFailure: (error: unknown) => void): void {
    this.#onFrame = onFrame;
    this.#onFailure = onFailure;
  }

  write({ parts }: Frame): void {
    for (const part of parts) this.#stream.write(part);
  }

  /** The body of an answer, valid until the next one is read. @throws MalformedResponseError, DecodeError */
  read<Q extends Fields, R extends Fields>(
    call: ApiCall<Q, R>,
    version: number,
    frame: Buffer,
    correlationId: number | undefined,
  ): Struct<R> {
    const reader = this.#reader.reset(frame, 0, frame.length, maxResponseElements);
    const found = decodeResponseHeader(reader, call.api, version);
    if (found !== correlationId)
      throw new MalformedResponseError(`${this.address} answered request ${found} where ${correlationId} was next`);
    return call.response.decode(reader, version);
  }

  close(): void {
    this.#closed = true;
    this.#stream.close();
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stream.close();
    this.#onFailure(error);
  }
}
