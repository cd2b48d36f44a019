import type { ClientEnvironment } from '../client/index.js';
import type { FileSystem, HttpClient, Programs } from '../common/ports/index.js';
import type { ByteOutput } from '../env/index.js';

/** Everything a command touches of the world around it. */
export interface CliIo {
  readonly input: AsyncIterable<Uint8Array>;
  readonly output: ByteOutput;
  readonly errors: ByteOutput;
  /** Environment variables. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly environment: ClientEnvironment;
  readonly http: HttpClient;
  /** Iterating throws FileSystemError. */
  readonly openFile: (path: string) => AsyncIterable<Uint8Array>;
  readonly files: FileSystem;
  readonly programs: Programs;
  /** Calls `run` at the first signal that asks the process to stop. Returns an undo. */
  readonly onInterrupt: (run: () => void) => () => void;
}
