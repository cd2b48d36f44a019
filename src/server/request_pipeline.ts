import type { Clock, CloseReason } from '../common/ports/index.js';
import type { ConnectionContext, RequestPipeline, ResponseCallback } from '../network/request_channel.js';
import { ApiVersionsResponse } from '../protocol/api/api_versions.js';
import { ApiKey } from '../protocol/api_keys.js';
import { ErrorCode } from '../protocol/errors.js';
import { beginResponse, type DecodedHeader, decodeRequestHeader, finishFrame } from '../protocol/frame.js';
import { DecodeError, Reader } from '../protocol/reader.js';
import { type Api, apiByKey } from '../protocol/registry.js';
import { Writer } from '../protocol/writer.js';
import type { Logger } from '../telemetry/logger.js';
import { closeAdvice, MessageLimiter } from './close_advice.js';
import { CloseConnection, type Handler, type RequestContext } from './handler.js';
import { advertisedApis } from './handlers/api_versions.js';
import { unsupportedResponse } from './unsupported.js';

type AnyHandler = (request: unknown, context: RequestContext) => unknown;

/** Requests of one API. */
export interface ApiTotals {
  requests: number;
  errors: number;
  totalMs: number;
}

/** A buffer that grew beyond this for one response is not kept. */
const keptWriterBytes = 1024 * 1024;

/**
 * From frames to handlers and back: header, version check, decoding, the handler, encoding. Requests of unknown APIs and versions
 * are answered as Kafka does, and the log says who sent them.
 */
export class Pipeline implements RequestPipeline {
  readonly totals = new Map<number, ApiTotals>();
  private readonly handlers = new Map<number, AnyHandler>();
  private readonly reader = new Reader();
  private writer = new Writer(64 * 1024);
  private readonly limiter: MessageLimiter;
  private ready = false;
  private held: Array<() => void> = [];
  /** Responses that are not written yet. */
  inFlight = 0;

  constructor(
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly settings: { readonly maxFrameBytes: number },
  ) {
    this.limiter = new MessageLimiter(clock);
  }

  register<Request, Response>(apiKey: number, handler: Handler<Request, Response>): void {
    // The decoder of the same API makes what the handler takes: the registry pairs them by key.
    this.handlers.set(apiKey, (request, context) => handler(request as Request, context));
    this.totals.set(apiKey, { requests: 0, errors: 0, totalMs: 0 });
  }

  /** The APIs that are there. */
  *apis(): IterableIterator<Api> {
    for (const key of this.handlers.keys()) {
      const api = apiByKey(key);
      if (api !== undefined) yield api;
    }
  }

  /** Until then requests wait: the broker listens, but is still loading. */
  open(): void {
    this.ready = true;
    for (const run of this.held.splice(0)) run();
  }

  process(connection: ConnectionContext, bytes: Uint8Array, start: number, end: number, done: ResponseCallback): void {
    if (!this.ready) {
      const copy = Uint8Array.prototype.slice.call(bytes, start, end);
      this.held.push(() => {
        try {
          this.handle(connection, copy, 0, copy.length, done);
        } catch (error) {
          this.onError(connection, error);
          connection.close('invalid-request');
        }
      });
      return;
    }
    this.handle(connection, bytes, start, end, done);
  }

  private handle(
    connection: ConnectionContext,
    bytes: Uint8Array,
    start: number,
    end: number,
    done: ResponseCallback,
  ): void {
    const reader = this.reader.reset(bytes, start, end);
    const header = decodeRequestHeader(reader);
    const { api, apiVersion } = header;
    const handler = this.handlers.get(header.apiKey);
    if (api === undefined || handler === undefined || !header.versionKnown || !supports(api, apiVersion)) {
      this.refuse(connection, header, reader, done);
      return;
    }
    const request: unknown = api.request.decode(reader, apiVersion);
    if (header.apiKey === ApiKey.Fetch) countFor(connection, header.clientId ?? '');
    // Bytes behind the request are ignored, as in Kafka: @platformatic/kafka sends some.
    const context = new Context(header, connection);
    const startedMs = this.clock.monotonicMs();
    const totals = this.totals.get(header.apiKey);
    if (totals !== undefined) totals.requests += 1;
    const respond = (response: unknown) => {
      if (totals !== undefined) totals.totalMs += this.clock.monotonicMs() - startedMs;
      if (response === null) done(null);
      else this.respond(api, header, response as object, done);
    };
    const answer: unknown = handler(request, context);
    if (!(answer instanceof Promise)) {
      respond(answer);
      return;
    }
    this.inFlight += 1;
    answer
      .then(respond)
      .catch((error: unknown) => {
        this.onError(connection, error);
        connection.close('invalid-request');
      })
      .finally(() => {
        this.inFlight -= 1;
      });
  }

  private respond(api: Api, header: DecodedHeader, response: object, done: ResponseCallback): void {
    const writer = this.writer.reset();
    beginResponse(writer, api, header.apiVersion, header.correlationId);
    api.response.encode(writer, header.apiVersion, response);
    finishFrame(writer);
    done(writer.toChain());
    if (writer.capacity > keptWriterBytes) this.writer = new Writer(64 * 1024);
  }

  /** Unknown APIs close the connection, as in Kafka; APIs that are still to come answer UNSUPPORTED_VERSION. */
  private refuse(connection: ConnectionContext, header: DecodedHeader, reader: Reader, done: ResponseCallback): void {
    const { api, apiKey, apiVersion } = header;
    if (apiKey === ApiKey.ApiVersions && api !== undefined) {
      // A client of the future: told in the one shape that every client reads which versions there are.
      const writer = this.writer.reset();
      beginResponse(writer, api, 0, header.correlationId);
      const own = advertisedApis(this.apis()).filter((entry) => entry.apiKey === ApiKey.ApiVersions);
      ApiVersionsResponse.encode(writer, 0, { errorCode: ErrorCode.UNSUPPORTED_VERSION, apiKeys: own });
      finishFrame(writer);
      done(writer.toChain());
      return;
    }
    const who = `${connection.remoteAddress}:${connection.remotePort}${header.clientId === null ? '' : ` (client id ${header.clientId})`}`;
    if (api === undefined)
      throw new CloseConnection(
        `${who} sent a request with API key ${apiKey}, which does not exist: it is no Kafka client, or a newer one`,
      );
    if (this.handlers.has(apiKey)) {
      const { minVersion, maxVersion } = api.request;
      const remedy = apiVersion < minVersion ? 'upgrade that client' : 'it should have asked ApiVersions first';
      throw new CloseConnection(
        `${who} sent ${api.name} version ${apiVersion}, but versions ${minVersion} to ${maxVersion} are supported: ${remedy}`,
      );
    }
    const response = header.versionKnown ? unsupportedResponse(api, apiVersion, reader) : undefined;
    const text = `${who} sent ${api.name}, which this version of Millrace does not offer`;
    if (response === undefined) throw new CloseConnection(text);
    this.say(`unsupported ${api.name}`, 'info', text);
    this.respond(api, header, response, done);
  }

  onOpen(connection: ConnectionContext): void {
    this.logger.trace('connection opened', { address: connection.remoteAddress, port: connection.remotePort });
  }

  onClose(connection: ConnectionContext, reason: CloseReason): void {
    const { level, message } = closeAdvice(reason, connection, this.settings);
    this.say(reason, level, message);
  }

  onError(connection: ConnectionContext, error: unknown): void {
    const who = `${connection.remoteAddress}:${connection.remotePort}`;
    if (error instanceof CloseConnection) this.say('refused', 'warn', error.message);
    else if (error instanceof DecodeError)
      this.say('undecodable', 'warn', `${who} sent a request that could not be read: ${error.message}`);
    else this.logger.error(`a request of ${who} failed inside the broker; its connection is closed`, { error });
  }

  private say(key: string, level: 'debug' | 'info' | 'warn', message: string): void {
    if (level === 'debug') {
      this.logger.debug(message);
      return;
    }
    const leftOut = this.limiter.admit(key);
    if (leftOut === undefined) return;
    this.logger[level](leftOut === 0 ? message : `${message} (and ${leftOut} more like it before)`);
  }
}

/** Connections rarely change their client id. */
function countFor(connection: ConnectionContext, clientId: string): void {
  if (connection.clientId !== clientId) connection.nameClient(clientId);
}

function supports(api: Api, version: number): boolean {
  const { minVersion, maxVersion, latestVersionUnstable } = api.request;
  return version >= minVersion && version <= (latestVersionUnstable ? maxVersion - 1 : maxVersion);
}

class Context implements RequestContext {
  constructor(
    private readonly header: DecodedHeader,
    private readonly connection: ConnectionContext,
  ) {}
  get apiKey(): number {
    return this.header.apiKey;
  }
  get apiVersion(): number {
    return this.header.apiVersion;
  }
  get correlationId(): number {
    return this.header.correlationId;
  }
  get clientId(): string | null {
    return this.header.clientId;
  }
  get connectionId(): number {
    return this.connection.id;
  }
  get clientAddress(): string {
    return this.connection.remoteAddress;
  }
  get listenerName(): string {
    return this.connection.listenerName;
  }
  get principal(): string {
    return this.connection.principal;
  }
  setSoftware(name: string, version: string): void {
    this.connection.clientSoftwareName = name;
    this.connection.clientSoftwareVersion = version;
  }
  onConnectionClose(callback: () => void): () => void {
    const once = () => callback();
    this.connection.closeCallbacks.add(once);
    return () => this.connection.closeCallbacks.delete(once);
  }
}
