import type { TimerHandle, Timers } from '../common/ports/index.js';
import { ClientClosedError } from './errors.js';

/** Waits that end early, with ClientClosedError, when the client is closed. */
export class Sleeper {
  readonly #waiting = new Map<TimerHandle, (error: ClientClosedError) => void>();
  #closed = false;

  constructor(private readonly timers: Timers) {}

  sleep(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new ClientClosedError('the client is closed'));
        return;
      }
      const handle = this.timers.after(ms, () => {
        this.#waiting.delete(handle);
        resolve();
      });
      this.#waiting.set(handle, reject);
    });
  }

  close(): void {
    this.#closed = true;
    for (const [handle, reject] of this.#waiting) {
      handle.cancel();
      reject(new ClientClosedError('the client was closed'));
    }
    this.#waiting.clear();
  }
}
