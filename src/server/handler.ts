import { assert } from '../common/assert.js';
import type { Api } from '../protocol/registry.js';
import { Writer } from '../protocol/writer.js';
import type { RepeatableFetch } from './repeat_terms.js';

/**
 * What a request handler is. One file per API in `server/handlers/`, each exporting a function that takes what it needs
 * (ports and services) and gives back a {@link Handler}; `server/broker.ts` wires them, nothing else knows them all.
 */
export interface RequestContext {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  /** As sent; null from clients that do not name themselves. */
  readonly clientId: string | null;
  readonly connectionId: number;
  /** Address of the peer without port, e.g. `127.0.0.1`. Kafka prints it as `/127.0.0.1`. */
  readonly clientAddress: string;
  readonly clientPort: number;
  /** As ApiVersions told it; `unknown` from clients that did not. */
  readonly clientSoftwareName: string;
  readonly clientSoftwareVersion: string;
  /** The listener the request came in on: Metadata, FindCoordinator and DescribeCluster answer its advertised address. */
  readonly listenerName: string;
  /** `User:ANONYMOUS` until there is authentication. */
  readonly principal: string;
  /** Runs `callback` when the connection closes, at the latest when the broker does. Returns an undo. */
  onConnectionClose(callback: () => void): () => void;
  /**
   * Later requests of this connection are not begun until the returned function is called, once; for Produce, which would overlap
   * otherwise. To be called in the synchronous part of a handler that answers with a promise.
   */
  holdRequests(): () => void;
  /** The answer that the handler is about to return may be given again by the transport. Whether {@link repeatBy} is to say how. */
  mayRepeat(): boolean;
  repeatBy(fetch: RepeatableFetch): void;
  /** What the client calls itself (KIP-511). */
  setSoftware(name: string, version: string): void;
}

/**
 * Answers one request. Either at once, or later: with a promise, or with a {@link LaterResponse} where promises would be felt (an append
 * that waits for its flush); `null` means that no response is sent (Produce with acks=0). Views of request memory (`records` fields) are valid in the synchronous part
 * only, everything else in `request` may be kept. A rejection is a bug: the pipeline logs it and answers
 * UNKNOWN_SERVER_ERROR by closing the connection. Requests of one connection are processed in order, one at a time; only
 * consecutive Produce requests overlap.
 */
export type Handler<Request, Response> = (
  request: Request,
  context: RequestContext,
) => Response | SharedResponse<Response> | null | Promise<Response | null> | LaterResponse<Response>;

/**
 * A response that comes later, told by a plain call: half a dozen promises for each of a hundred thousand requests a second cost more than
 * what the handler does for them. Nothing extends it: V8 looks up the constructor of the parent each time.
 */
export class LaterResponse<Response> {
  private deliver: ((response: Response) => void) | undefined;
  private early: { readonly response: Response } | undefined;

  /** For whoever called the handler, once. Called at once when the response is there already. */
  onResponse(deliver: (response: Response) => void): void {
    assert(this.deliver === undefined, 'a later response has one taker');
    this.deliver = deliver;
    if (this.early !== undefined) deliver(this.early.response);
  }

  /** For the handler, once. */
  respond(response: Response): void {
    if (this.deliver === undefined) this.early = { response };
    else this.deliver(response);
  }
}

/** For who would rather have a promise. */
export function promised<Response>(
  answer: Response | null | LaterResponse<Response>,
): Response | null | Promise<Response> {
  return answer instanceof LaterResponse ? new Promise((resolve) => answer.onResponse(resolve)) : answer;
}

/** An answer that is the same for everybody: encoded once for each version. */
export class SharedResponse<Response> {
  private readonly byVersion: Array<Uint8Array | undefined> = [];

  constructor(readonly response: Response & object) {}

  encoded(api: Api, version: number): Uint8Array {
    const known = this.byVersion[version];
    if (known !== undefined) return known;
    const writer = new Writer();
    api.response.encode(writer, version, this.response);
    const bytes = writer.bytes();
    this.byVersion[version] = bytes;
    return bytes;
  }
}

/** Thrown by a handler that has no other way to tell the client: the pipeline logs the message and closes the connection. */
export class CloseConnection extends Error {
  override readonly name = 'CloseConnection';
}
