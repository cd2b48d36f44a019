import { connect, type Socket } from 'node:net';
import { DialError, type Dialer, type StreamConnection } from '../common/ports/index.js';

/** TCP connections of `node:net`: no Nagle delay, keep-alive on. */
export const nodeDialer: Dialer = {
  connect: ({ host, port, timeoutMs }) =>
    new Promise((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true, keepAlive: true });
      const timeout = setTimeout(() => fail('ETIMEDOUT', undefined), timeoutMs);
      const fail = (code: string, cause: unknown): void => {
        clearTimeout(timeout);
        socket.destroy();
        reject(new DialError(host, port, code, { cause }));
      };
      const onError = (error: NodeJS.ErrnoException): void => fail(error.code ?? 'UNKNOWN', error);
      socket.once('error', onError);
      socket.once('connect', () => {
        clearTimeout(timeout);
        socket.off('error', onError);
        resolve(new SocketConnection(socket));
      });
    }),
};

class SocketConnection implements StreamConnection {
  #error: Error | undefined;
  #onClose: ((error: Error | undefined) => void) | undefined;

  constructor(private readonly socket: Socket) {
    socket.on('error', (error) => {
      this.#error ??= error;
    });
    socket.on('close', () => this.#onClose?.(this.#error));
  }

  write(bytes: Uint8Array): void {
    if (!this.socket.destroyed) this.socket.write(bytes);
  }

  onData(handler: (chunk: Uint8Array) => void): void {
    this.socket.on('data', handler);
  }

  onClose(handler: (error: Error | undefined) => void): void {
    this.#onClose = handler;
  }

  close(): void {
    this.socket.destroySoon();
  }
}
