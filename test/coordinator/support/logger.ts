import type { ShardLogger } from '../../../src/coordinator/runtime/shard.js';

/** Keeps what was logged. */
export class TestLogger implements ShardLogger {
  readonly lines: string[] = [];
  readonly info = (message: string): void => void this.lines.push(`info ${message}`);
  readonly warn = (message: string): void => void this.lines.push(`warn ${message}`);
  readonly error = (message: string): void => void this.lines.push(`error ${message}`);
}
