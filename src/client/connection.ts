import type { Dialer, StreamConnection, TimerHandle, Timers } from '../common/ports/index.js';
import { ApiVersionsRequest, ApiVersionsResponse } from '../protocol/api/api_versions.js';
import { ErrorCode } from '../protocol/errors.js';
import { decodeResponseHeader, encodeRequest } from '../protocol/frame.js';
import { Reader } from '../protocol/reader.js';
import type { ApiVersionRange } from '../protocol/registry.js';
import type { Fields, Struct, StructInput } from '../protocol/schema.js';
import { Writer } from '../protocol/writer.js';
import { type ApiCall, apiCall, chooseVersion } from './api_call.js';
import { ClientError, ConnectionError, MalformedResponseError, RequestTimeoutError, throwIfError } from './errors.js';
import { FrameAssembler } from './frame_assembler.js';

export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly dialer: Dialer;
  readonly timers: Timers;
  readonly clientId: string | null;
  readonly softwareVersion: string;
  readonly connectTimeoutMs: number;
  /** For requests that do not say how long they may take. */
  readonly requestTimeoutMs: number;
  /** A longer response ends the connection. */
  readonly maxResponseBytes: number;
}

export interface SendOptions {
  /** Default `requestTimeoutMs`. For requests the broker may hold back, add how long. */
  readonly timeoutMs?: number;
  readonly minVersion?: number;
  readonly maxVersion?: number;
}

export interface Answer<R extends Fields> {
  readonly version: number;
  readonly response: Struct<R>;
}

/** A request body, or how to make it for the version that was agreed on. */
export type Body<Q extends Fields> = StructInput<Q> | ((version: number) => StructInput<Q>);

interface PendingRequest {
  readonly timer: TimerHandle;
  /** Throws DecodeError. */
  readonly complete: (frame: Buffer) => void;
  readonly fail: (error: ClientError) => void;
}

/** Elements in one response; Metadata of 100,000 partitions with three replicas each has under a million. */
const maxResponseElements = 1 << 23;

const apiVersionsCall = apiCall(ApiVersionsRequest, ApiVersionsResponse);

/**
 * One TCP connection to a broker. Requests go out in the order of the calls and are answered in that order; many may be in
 * flight. A request that times out ends the connection, as nothing behind it can be answered sooner.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #stream: StreamConnection;
  readonly #pending = new Map<number, PendingRequest>();
  readonly #assembler: FrameAssembler;
  readonly #reader = new Reader();
  readonly #closeHandlers: Array<(error: ClientError) => void> = [];
  #ended: ClientError | undefined;
  #nextCorrelationId = 1;
  #versions: ReadonlyMap<number, ApiVersionRange> = new Map();
  #features: ReadonlyMap<string, number> = new Map();

  private constructor(options: ConnectionOptions, stream: StreamConnection) {
    this.#options = options;
    this.#stream = stream;
    this.#assembler = new FrameAssembler(options.maxResponseBytes, (frame) => this.#onFrame(frame));
    stream.onData((chunk) => this.#onData(chunk));
    stream.onClose((error) =>
      this.#end(new ConnectionError(`${this.address} closed the connection`, { cause: error })),
    );
  }

  /**
   * Connects and agrees on versions (ApiVersions from the newest version down to what the broker has).
   *
   * @throws ConnectionError, RequestTimeoutError, MalformedResponseError, ProtocolError
   */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const { host, port, connectTimeoutMs } = options;
    let stream: StreamConnection;
    try {
      stream = await options.dialer.connect({ host, port, timeoutMs: connectTimeoutMs });
    } catch (error) {
      throw new ConnectionError(error instanceof Error ? error.message : String(error), { cause: error });
    }
    const connection = new Connection(options, stream);
    try {
      await connection.#negotiate();
    } catch (error) {
      connection.close();
      throw error;
    }
    return connection;
  }

  get address(): string {
    return `${this.#options.host}:${this.#options.port}`;
  }

  get isOpen(): boolean {
    return this.#ended === undefined;
  }

  get inFlight(): number {
    return this.#pending.size;
  }

  /** Levels of the cluster's finalized features, e.g. `transaction.version`. */
  get finalizedFeatures(): ReadonlyMap<string, number> {
    return this.#features;
  }

  /** What the broker offers of an API; undefined when nothing. */
  offeredVersions(apiKey: number): ApiVersionRange | undefined {
    return this.#versions.get(apiKey);
  }

  /** @throws UnsupportedVersionError */
  versionFor<Q extends Fields, R extends Fields>(call: ApiCall<Q, R>, limits: SendOptions = {}): number {
    return chooseVersion(call, this.#versions.get(call.api.key), limits);
  }

  /** Called once, when the connection has ended for whatever reason (at once if it already has). */
  onClose(handler: (error: ClientError) => void): void {
    if (this.#ended === undefined) this.#closeHandlers.push(handler);
    else handler(this.#ended);
  }

  /**
   * Sends and waits for the answer. Error codes in the answer are left to the caller.
   *
   * @throws UnsupportedVersionError, EncodeError (nothing was sent); ConnectionError, RequestTimeoutError,
   *   MalformedResponseError (the connection is gone)
   */
  async send<Q extends Fields, R extends Fields>(
    call: ApiCall<Q, R>,
    body: Body<Q>,
    options: SendOptions = {},
  ): Promise<Answer<R>> {
    return this.#exchange(call, this.versionFor(call, options), body, options.timeoutMs);
  }

  /** Sends a request that has no answer (Produce with acks 0). @throws as {@link send} does before sending */
  sendOneWay<Q extends Fields, R extends Fields>(call: ApiCall<Q, R>, body: Body<Q>, options: SendOptions = {}): void {
    if (this.#ended !== undefined) throw this.#ended;
    const version = this.versionFor(call, options);
    this.#write(call, version, body);
  }

  /** Ends the connection; requests in flight fail with `reason`. */
  close(reason: ClientError = new ConnectionError('the connection was closed')): void {
    this.#end(reason);
  }

  async #negotiate(): Promise<void> {
    const { softwareVersion } = this.#options;
    let version = apiVersionsCall.maxVersion;
    for (;;) {
      const body = { clientSoftwareName: 'millrace', clientSoftwareVersion: softwareVersion };
      const { response } = await this.#exchange(apiVersionsCall, version, body, undefined);
      if (response.errorCode === ErrorCode.UNSUPPORTED_VERSION && version > 0) {
        // The answer is in version 0 and names the range of ApiVersions itself.
        const own = response.apiKeys.find((entry) => entry.apiKey === apiVersionsCall.api.key);
        version = Math.max(0, Math.min(version - 1, own?.maxVersion ?? 0));
        continue;
      }
      throwIfError(response.errorCode, `ApiVersions of ${this.address}`);
      this.#versions = new Map(
        response.apiKeys.map((entry) => [entry.apiKey, { min: entry.minVersion, max: entry.maxVersion }]),
      );
      this.#features = new Map(response.finalizedFeatures.map((entry) => [entry.name, entry.maxVersionLevel]));
      return;
    }
  }

  #exchange<Q extends Fields, R extends Fields>(
    call: ApiCall<Q, R>,
    version: number,
    body: Body<Q>,
    timeoutMs = this.#options.requestTimeoutMs,
  ): Promise<Answer<R>> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended);
        return;
      }
      const correlationId = this.#write(call, version, body);
      const timer = this.#options.timers.after(timeoutMs, () =>
        this.#end(
          new RequestTimeoutError(`${this.address} did not answer ${call.api.name} within ${Math.round(timeoutMs)} ms`),
        ),
      );
      this.#pending.set(correlationId, {
        timer,
        complete: (frame) => resolve({ version, response: this.#decode(call, version, frame) }),
        fail: reject,
      });
    });
  }

  #write<Q extends Fields, R extends Fields>(call: ApiCall<Q, R>, version: number, body: Body<Q>): number {
    const correlationId = this.#nextCorrelationId;
    this.#nextCorrelationId = (correlationId + 1) & 0x7fff_ffff;
    // The stream keeps the bytes until they are sent, so each request has a writer of its own.
    const writer = new Writer(256);
    const value = typeof body === 'function' ? body(version) : body;
    encodeRequest(writer, call.api, version, correlationId, this.#options.clientId, value);
    for (const part of writer.toChain()) if (part instanceof Uint8Array) this.#stream.write(part);
    return correlationId;
  }

  #decode<Q extends Fields, R extends Fields>(call: ApiCall<Q, R>, version: number, frame: Buffer): Struct<R> {
    const reader = this.#reader.reset(frame, 0, frame.length, maxResponseElements);
    decodeResponseHeader(reader, call.api, version);
    let bodyVersion = version;
    // A broker that does not know this version of ApiVersions answers in version 0 (KIP-511).
    if (
      call.api.key === apiVersionsCall.api.key &&
      frame.readInt16BE(reader.position) === ErrorCode.UNSUPPORTED_VERSION
    )
      bodyVersion = 0;
    return call.response.decode(reader, bodyVersion);
  }

  #onData(chunk: Uint8Array): void {
    if (this.#ended !== undefined) return;
    try {
      this.#assembler.push(chunk);
    } catch (error) {
      this.#end(
        error instanceof ClientError
          ? error
          : new MalformedResponseError(`${this.address} sent a malformed response`, { cause: error }),
      );
    }
  }

  #onFrame(frame: Buffer): void {
    const correlationId = frame.readInt32BE(0);
    const request = this.#pending.get(correlationId);
    if (request === undefined)
      throw new MalformedResponseError(`${this.address} answered request ${correlationId}, which is not in flight`);
    request.complete(frame);
    this.#pending.delete(correlationId);
    request.timer.cancel();
  }

  #end(reason: ClientError): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#stream.close();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const request of pending) {
      request.timer.cancel();
      request.fail(reason);
    }
    for (const handler of this.#closeHandlers) handler(reason);
  }
}
