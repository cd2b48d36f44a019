import type { Clock, CloseReason, ResponseFrame } from '../common/ports/index.js';
import type { ConnectionContext, RequestPipeline, ResponseCallback } from '../network/request_channel.js';
import { ApiVersionsResponse } from '../protocol/api/api_versions.js';
import type { FetchResponseInput } from '../protocol/api/fetch.js';
import { ApiKey } from '../protocol/api_keys.js';
import { ErrorCode } from '../protocol/errors.js';
import { beginResponse, type DecodedHeader, decodeRequestHeader, finishFrame } from '../protocol/frame.js';
import { DecodeError, Reader } from '../protocol/reader.js';
import { type Api, apiByKey } from '../protocol/registry.js';
import { Writer } from '../protocol/writer.js';
import type { Logger } from '../telemetry/logger.js';
import { closeAdvice, MessageLimiter } from './close_advice.js';
import { CloseConnection, type Handler, LaterResponse, type RequestContext, SharedResponse } from './handler.js';
import { advertisedApis } from './handlers/api_versions.js';
import { type RepeatableFetch, repeatTerms } from './repeat_terms.js';
import type { Throttle, Usage } from './throttle.js';
import { unsupportedResponse } from './unsupported.js';

type AnyHandler = (request: unknown, context: RequestContext) => unknown;

/** Requests of one API. */
export interface ApiTotals {
  requests: number;
  errors: number;
  /** From the turn of the event loop that a request came in to its response; one that is answered in that turn counts with all of it. */
  totalMs: number;
}

interface Route {
  readonly handler: AnyHandler;
  readonly totals: ApiTotals;
  /** Answered in this turn. */
  answeredNow: number;
}

/** A buffer that grew beyond this for one response is not kept. */
const keptWriterBytes = 1024 * 1024;
const writerBytes = 64 * 1024;

/**
 * From frames to handlers and back: header, version check, decoding, the handler, encoding. Requests of unknown APIs and versions
 * are answered as Kafka does, and the log says who sent them.
 */
export class Pipeline implements RequestPipeline {
  readonly totals = new Map<number, ApiTotals>();
  /** By API key. */
  private readonly routes: Array<Route | undefined> = [];
  /** Routes with requests answered in this turn: the first `busyCount`. To cut an array's length takes longer than the rest of a turn's end. */
  private readonly busyRoutes: Route[] = [];
  private busyCount = 0;
  /** When this turn's first request came; negative: none has come. */
  private turnStartedMs = -1;
  private readonly reader = new Reader();
  private writer = new Writer(writerBytes);
  private readonly limiter: MessageLimiter;
  /** Undefined until the broker has one. */
  throttle: Throttle | undefined;
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
    const totals: ApiTotals = { requests: 0, errors: 0, totalMs: 0 };
    this.totals.set(apiKey, totals);
    while (this.routes.length <= apiKey) this.routes.push(undefined);
    this.routes[apiKey] = {
      handler: (request, context) => handler(request as Request, context),
      totals,
      answeredNow: 0,
    };
  }

  /** Puts `wrap` around every handler that is registered by now. */
  wrapAll(wrap: (api: Api, handler: AnyHandler) => AnyHandler): void {
    for (const key of this.totals.keys()) {
      const [api, route] = [apiByKey(key), this.routes[key]];
      if (api !== undefined && route !== undefined) this.routes[key] = { ...route, handler: wrap(api, route.handler) };
    }
  }

  /** The APIs that are there. */
  *apis(): IterableIterator<Api> {
    for (const key of this.totals.keys()) {
      const api = apiByKey(key);
      if (api !== undefined) yield api;
    }
  }

  /** Until then requests wait: the broker listens, but is still loading. */
  open(): void {
    this.ready = true;
    for (const run of this.held.splice(0)) run();
    this.onTurnEnd();
  }

  process(
    connection: ConnectionContext,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): ResponseFrame | null | undefined {
    if (this.ready) return this.handle(connection, bytes, start, end);
    const copy = Uint8Array.prototype.slice.call(bytes, start, end);
    const done = connection.defer();
    this.held.push(() => {
      try {
        const frame = this.handle(connection, copy, 0, copy.length, done);
        if (frame !== undefined) done(frame);
      } catch (error) {
        this.onError(connection, error);
        connection.close('invalid-request');
      }
    });
    return undefined;
  }

  private handle(
    connection: ConnectionContext,
    bytes: Uint8Array,
    start: number,
    end: number,
    deferred?: ResponseCallback,
  ): ResponseFrame | null | undefined {
    const isMeasured = this.throttle?.active === true;
    const beganMs = isMeasured ? this.clock.monotonicMs() : 0;
    const reader = this.reader.reset(bytes, start, end);
    const header = decodeRequestHeader(reader);
    const { api, apiKey, apiVersion } = header;
    const route = apiKey >= 0 ? this.routes[apiKey] : undefined;
    if (api === undefined || route === undefined || !header.versionKnown || !supports(api, apiVersion))
      return this.refuse(connection, header, reader);
    const bodyAt = reader.position;
    const request: unknown = api.request.decode(reader, apiVersion);
    // Bytes behind the request are ignored, as in Kafka: @platformatic/kafka sends some.
    if (apiKey === ApiKey.Fetch) countFor(connection, header.clientId ?? '');
    if (this.turnStartedMs < 0) this.turnStartedMs = this.clock.monotonicMs();
    route.totals.requests += 1;
    const context = new Context(header, connection);
    const answer: unknown = route.handler(request, context);
    const usage = isMeasured ? { requestBytes: end - start, spentMs: this.clock.monotonicMs() - beganMs } : undefined;
    if (answer instanceof LaterResponse) {
      this.answerWhenTold(connection, route, header, answer, deferred ?? connection.defer(), usage);
      return undefined;
    }
    if (answer instanceof Promise) {
      this.answerLater(connection, route, header, answer, deferred ?? connection.defer(), usage);
      return undefined;
    }
    if (route.answeredNow === 0) this.busyRoutes[this.busyCount++] = route;
    route.answeredNow += 1;
    const frame = this.finish(connection, api, header, answer, usage);
    if (context.repeatable !== undefined) {
      const terms = repeatTerms(
        api,
        apiVersion,
        { bytes, start, bodyAt, end },
        context.repeatable,
        answer as FetchResponseInput,
      );
      if (terms !== undefined) connection.repeat(terms);
    }
    return frame;
  }

  /** The answer's frame; above a quota it says how long the client is not listened to. */
  private finish(
    connection: ConnectionContext,
    api: Api,
    header: DecodedHeader,
    answer: unknown,
    usage: Usage | undefined,
  ): ResponseFrame | null {
    if (usage === undefined || this.throttle === undefined) return this.encode(api, header, answer);
    const encodedFromMs = this.clock.monotonicMs();
    const frame = this.encode(api, header, answer);
    const spentMs = usage.spentMs + this.clock.monotonicMs() - encodedFromMs;
    const body = answer instanceof SharedResponse ? (answer.response as object) : (answer as object | null);
    const ownMs = body !== null && 'throttleTimeMs' in body ? Number(body.throttleTimeMs) : 0;
    const throttleMs = this.throttle.judge(connection, api.key, header.clientId, { ...usage, spentMs }, frame, ownMs);
    if (throttleMs === 0 || frame === null || body === null) return frame;
    // What the first frame links to goes into this one.
    return this.encode(api, header, { ...body, throttleTimeMs: throttleMs });
  }

  private answerWhenTold(
    connection: ConnectionContext,
    { totals }: Route,
    header: DecodedHeader,
    answer: LaterResponse<unknown>,
    done: ResponseCallback,
    usage: Usage | undefined,
  ): void {
    const startedMs = this.turnStartedMs;
    this.inFlight += 1;
    answer.onResponse((response) => {
      this.inFlight -= 1;
      totals.totalMs += this.clock.monotonicMs() - startedMs;
      try {
        done(header.api === undefined ? null : this.finish(connection, header.api, header, response, usage));
      } catch (error) {
        this.onError(connection, error);
        connection.close('invalid-request');
      }
    });
  }

  private answerLater(
    connection: ConnectionContext,
    { totals }: Route,
    header: DecodedHeader,
    answer: Promise<unknown>,
    done: ResponseCallback,
    usage: Usage | undefined,
  ): void {
    const { api } = header;
    const startedMs = this.turnStartedMs;
    this.inFlight += 1;
    answer
      .then((response) => {
        totals.totalMs += this.clock.monotonicMs() - startedMs;
        done(api === undefined ? null : this.finish(connection, api, header, response, usage));
      })
      .catch((error: unknown) => {
        this.onError(connection, error);
        connection.close('invalid-request');
      })
      .finally(() => {
        this.inFlight -= 1;
      });
  }

  onTurnEnd(): void {
    if (this.turnStartedMs < 0) return;
    if (this.busyCount > 0) {
      const tookMs = this.clock.monotonicMs() - this.turnStartedMs;
      for (let i = 0; i < this.busyCount; i += 1) {
        const route = this.busyRoutes[i] as Route;
        route.totals.totalMs += route.answeredNow * tookMs;
        route.answeredNow = 0;
      }
      this.busyCount = 0;
    }
    this.turnStartedMs = -1;
  }

  /** The response in the writer: used up before the next one is encoded. */
  private encode(api: Api, header: DecodedHeader, response: unknown): ResponseFrame | null {
    if (response === null) return null;
    if (this.writer.capacity > keptWriterBytes) this.writer = new Writer(writerBytes);
    const writer = this.writer.reset();
    beginResponse(writer, api, header.apiVersion, header.correlationId);
    if (response instanceof SharedResponse) writer.raw(response.encoded(api, header.apiVersion));
    else api.response.encode(writer, header.apiVersion, response as object);
    finishFrame(writer);
    return writer;
  }

  /** Unknown APIs close the connection, as in Kafka; APIs that are still to come answer UNSUPPORTED_VERSION. */
  private refuse(connection: ConnectionContext, header: DecodedHeader, reader: Reader): ResponseFrame | null {
    const { api, apiKey, apiVersion } = header;
    if (apiKey === ApiKey.ApiVersions && api !== undefined) {
      // A client of the future: told in the one shape that every client reads which versions there are.
      const writer = this.writer.reset();
      beginResponse(writer, api, 0, header.correlationId);
      const own = advertisedApis(this.apis()).filter((entry) => entry.apiKey === ApiKey.ApiVersions);
      ApiVersionsResponse.encode(writer, 0, { errorCode: ErrorCode.UNSUPPORTED_VERSION, apiKeys: own });
      finishFrame(writer);
      return writer;
    }
    const who = `${connection.remoteAddress}:${connection.remotePort}${header.clientId === null ? '' : ` (client id ${header.clientId})`}`;
    if (api === undefined)
      throw new CloseConnection(
        `${who} sent a request with API key ${apiKey}, which does not exist: it is no Kafka client, or a newer one`,
      );
    if (this.totals.has(apiKey)) {
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
    return this.encode(api, header, response);
  }

  onOpen(connection: ConnectionContext): void {
    this.throttle?.onOpen(connection);
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
  repeatable: RepeatableFetch | undefined;
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
  get clientPort(): number {
    return this.connection.remotePort;
  }
  get clientSoftwareName(): string {
    return this.connection.clientSoftwareName;
  }
  get clientSoftwareVersion(): string {
    return this.connection.clientSoftwareVersion;
  }
  get listenerName(): string {
    return this.connection.listenerName;
  }
  get principal(): string {
    return this.connection.principal;
  }
  holdRequests(): () => void {
    return this.connection.holdRequests();
  }
  mayRepeat(): boolean {
    return this.connection.mayRepeat();
  }
  repeatBy(fetch: RepeatableFetch): void {
    this.repeatable = fetch;
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
