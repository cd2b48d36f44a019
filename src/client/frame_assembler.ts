import { MalformedResponseError } from './errors.js';

/**
 * Cuts a stream of chunks into frames (4 bytes of length, then so many bytes). A frame that lies in one chunk is a view of
 * it; a longer one is gathered in memory of its own. Lengths are bounded before memory is taken.
 */
export class FrameAssembler {
  /** The frame being gathered, or undefined while its length is not known. */
  #frame: Buffer | undefined;
  #filled = 0;
  readonly #prefix = Buffer.alloc(4);
  #prefixFilled = 0;

  constructor(
    private readonly maxFrameBytes: number,
    private readonly onFrame: (frame: Buffer) => void,
  ) {}

  /** @throws MalformedResponseError for a negative or too large length */
  push(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let at = 0;
    while (at < bytes.length) {
      if (this.#frame !== undefined) at = this.#fill(this.#frame, bytes, at);
      else at = this.#begin(bytes, at);
    }
  }

  #fill(frame: Buffer, bytes: Buffer, start: number): number {
    const count = Math.min(frame.length - this.#filled, bytes.length - start);
    bytes.copy(frame, this.#filled, start, start + count);
    this.#filled += count;
    if (this.#filled === frame.length) {
      this.#frame = undefined;
      this.onFrame(frame);
    }
    return start + count;
  }

  #begin(bytes: Buffer, start: number): number {
    let at = start;
    while (this.#prefixFilled < 4 && at < bytes.length) this.#prefix[this.#prefixFilled++] = bytes[at++] as number;
    if (this.#prefixFilled < 4) return at;
    this.#prefixFilled = 0;
    const length = this.#prefix.readInt32BE(0);
    if (length < 4 || length > this.maxFrameBytes)
      throw new MalformedResponseError(`response of ${length} bytes; 4 to ${this.maxFrameBytes} are accepted`);
    if (bytes.length - at >= length) {
      this.onFrame(bytes.subarray(at, at + length));
      return at + length;
    }
    this.#frame = Buffer.allocUnsafe(length);
    this.#filled = 0;
    return at;
  }
}
