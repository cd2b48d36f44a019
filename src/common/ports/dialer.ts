/** Outgoing stream connections (client, inter-broker). Servers use `ServerTransport`. */
export interface Dialer {
  /** @throws DialError when no connection comes about within `timeoutMs`. */
  connect(options: {
    readonly host: string;
    readonly port: number;
    readonly timeoutMs: number;
  }): Promise<StreamConnection>;
}

export interface StreamConnection {
  /** Bytes go out in the order of the calls. The array must not change afterwards. */
  write(bytes: Uint8Array): void;
  /** Called with each chunk received; the chunk is the callee's to keep. Set once, before the first await. */
  onData(handler: (chunk: Uint8Array) => void): void;
  /** Called exactly once, with the error that ended the connection or undefined for an orderly end. */
  onClose(handler: (error: Error | undefined) => void): void;
  close(): void;
}

export class DialError extends Error {
  override readonly name = 'DialError';
  constructor(
    readonly host: string,
    readonly port: number,
    /** POSIX name (`ECONNREFUSED`, `ENOTFOUND`, `ETIMEDOUT`). */
    readonly code: string,
    options?: { readonly cause?: unknown },
  ) {
    super(`cannot connect to ${host}:${port}: ${code}`, options);
  }
}
