import { createReadStream } from 'node:fs';
import { FileSystemError } from '../common/ports/index.js';

/** Nobody reads the output any more (`| head`): there is no point in going on. */
export class OutputClosedError extends Error {
  override readonly name = 'OutputClosedError';
}

/** Bytes or text that go out as fast as the reader takes them. */
export interface ByteOutput {
  /** True for a terminal. */
  readonly isTerminal: boolean;
  /** Resolves when more can be written. @throws OutputClosedError */
  write(data: Uint8Array | string): Promise<void>;
}

class StreamByteOutput implements ByteOutput {
  #stream: NodeJS.WriteStream | undefined;
  #error: Error | undefined;
  #waiting: Array<{ readonly resolve: () => void; readonly reject: (error: Error) => void }> = [];

  constructor(private readonly open: () => NodeJS.WriteStream) {}

  get isTerminal(): boolean {
    return this.open().isTTY === true;
  }

  write(data: Uint8Array | string): Promise<void> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    this.#stream ??= this.#watched();
    if (this.#stream.write(data)) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #watched(): NodeJS.WriteStream {
    const stream = this.open();
    stream.on('drain', () => {
      for (const { resolve } of this.#waiting.splice(0)) resolve();
    });
    stream.on('error', (error) => {
      const failure = new OutputClosedError('the output was closed', { cause: error });
      this.#error = failure;
      for (const { reject } of this.#waiting.splice(0)) reject(failure);
    });
    return stream;
  }
}

export const outputBytes: ByteOutput = new StreamByteOutput(() => process.stdout);
export const errorBytes: ByteOutput = new StreamByteOutput(() => process.stderr);

/** Standard input, opened when it is first iterated and let go when the iteration ends. */
export const inputBytes: AsyncIterable<Uint8Array> = {
  [Symbol.asyncIterator]: () => chunksOf(() => process.stdin, 'standard input'),
};

const fileChunkBytes = 1024 * 1024;

/** Bytes of a file, in pieces. Iterating throws FileSystemError. */
export function fileBytes(path: string): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () => chunksOf(() => createReadStream(path, { highWaterMark: fileChunkBytes }), path),
  };
}

async function* chunksOf(open: () => AsyncIterable<unknown>, path: string): AsyncGenerator<Uint8Array, void, void> {
  try {
    for await (const chunk of open()) if (chunk instanceof Uint8Array) yield chunk;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN';
    throw new FileSystemError('read', path, code, { cause: error });
  }
}
