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
