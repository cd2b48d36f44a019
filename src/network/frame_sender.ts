import type { ResponseFrame, ResponseLink } from '../common/ports/index.js';
import { loadAddon } from '../storage/native.js';
import type { NativeAddon } from '../storage/native_addon.js';

/** Server, connection, length, links, more, may be repeated. */
const frameNumbers = 6;

/** The addon's call that sends a response, and the buffer that it sends from. */
export class FrameSender {
  private readonly block: Float64Array;
  /** What the block has room for, behind the numbers of the frame. */
  private readonly maxLinks: number;
  private output: Uint8Array | undefined;

  constructor(private readonly addon: NativeAddon) {
    this.block = addon.block;
    this.maxLinks = Math.floor((addon.block.length - frameNumbers) / 2);
  }

  /** False, and nothing happened, when the frame is none for this path: links to memory, or too many. */
  send(server: number, slot: number, frame: ResponseFrame, more: boolean, mayRepeat: boolean): boolean {
    const { block } = this;
    const { buffer, length, links, linkCount } = frame;
    if (linkCount > this.maxLinks) return false;
    for (let i = 0; i < linkCount; i += 1) {
      const { at, part } = links[i] as ResponseLink;
      if (part instanceof Uint8Array) return false;
      block[frameNumbers + 2 * i] = at;
      block[frameNumbers + 1 + 2 * i] = part.regionId;
    }
    if (buffer !== this.output) {
      this.output = buffer;
      this.addon.setOutput(buffer);
    }
    block[0] = server;
    block[1] = slot;
    block[2] = length;
    block[3] = linkCount;
    block[4] = more ? 1 : 0;
    block[5] = mayRepeat ? 1 : 0;
    this.addon.sendFrame();
    return true;
  }
}

let shared: FrameSender | undefined;

/** One for all transports of a thread: the addon holds one buffer. */
export function frameSender(): FrameSender {
  shared ??= new FrameSender(loadAddon());
  return shared;
}
