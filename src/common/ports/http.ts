/** A tiny HTTP responder for `/metrics`. */
export interface HttpServers {
  /** @throws ListenError */
  serve(
    options: { readonly host: string; readonly port: number },
    respond: (path: string) => Promise<HttpAnswer>,
  ): Promise<{ readonly port: number; close(): Promise<void> }>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Reads small documents over HTTP. */
export interface HttpClient {
  /** @throws HttpError when there is no answer in time */
  get(url: string, options: { readonly timeoutMs: number }): Promise<HttpAnswer>;
}

/** Sends documents over HTTP. */
export interface HttpSender {
  /** The status of the answer. @throws HttpError when there is no answer in time */
  post(
    url: string,
    document: { readonly contentType: string; readonly body: Uint8Array },
    options: { readonly timeoutMs: number },
  ): Promise<number>;
}

export class HttpError extends Error {
  override readonly name = 'HttpError';
  constructor(
    readonly url: string,
    readonly reason: string,
    options?: { readonly cause?: unknown },
  ) {
    super(`${url}: ${reason}`, options);
  }
}
