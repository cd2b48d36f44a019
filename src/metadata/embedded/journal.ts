import { crc32c } from '../../common/crc32c.js';
import { type AppendFile, type FileSystem, isNoSpace } from '../../common/ports/index.js';
import { MetadataStoreError } from '../store.js';

/**
 * An append-only file of frames: uint32 length, uint32 CRC-32C of the payload, payload (UTF-8), which is one change or several, a
 * line each. A frame is synced before the next one is written, so that a torn frame at the end is what a crash leaves, and is cut off;
 * damage before the end means that acknowledged changes are lost, and is refused.
 */
const frameBytes = 8;
const maxFrameBytes = 64 * 1024 * 1024;
/** A group of changes that is larger is written in several frames; one change is at most 900 KiB. */
const groupBytes = 8 * 1024 * 1024;
export const journalMagic = 'millrace-metadata 1\n';

export interface OpenedJournal {
  readonly journal: Journal;
  readonly frames: readonly string[];
  readonly truncatedBytes: number;
}

export class Journal {
  private constructor(
    private readonly files: FileSystem,
    readonly path: string,
    private file: AppendFile,
  ) {}

  get sizeBytes(): number {
    return this.file.sizeBytes;
  }

  /** @throws MetadataStoreError `CORRUPT`; FileSystemError */
  static async open(files: FileSystem, path: string): Promise<OpenedJournal> {
    const existing = await files.readFile(path);
    const file = await files.openAppendFile(path);
    // Also when it is there: who made it may have died before its name was on the medium.
    await files.syncDirectory(path.slice(0, path.lastIndexOf('/')) || '/');
    const journal = new Journal(files, path, file);
    // Power was cut while it was made: too short, or as long as its first line and never written. Nothing was answered from it.
    const unwritten = existing?.length === journalMagic.length && existing.every((byte) => byte === 0);
    if (existing === undefined || existing.length < journalMagic.length || unwritten) {
      if (file.sizeBytes > 0) await file.truncate(0);
      await file.append(Buffer.from(journalMagic));
      await file.sync();
      return { journal, frames: [], truncatedBytes: existing?.length ?? 0 };
    }
    let parsed: ReturnType<typeof parse>;
    try {
      parsed = parse(path, Buffer.from(existing.buffer, existing.byteOffset, existing.length));
    } catch (error) {
      await file.close();
      throw error;
    }
    const { frames, goodBytes } = parsed;
    if (goodBytes < existing.length) {
      await file.truncate(goodBytes);
      await file.sync();
    }
    return { journal, frames, truncatedBytes: existing.length - goodBytes };
  }

  /**
   * On the medium when it resolves. A write that found no room ({@link isNoSpace}) has changed nothing and may be done again; a
   * failed sync may not.
   * Payloads have no line breaks.
   */
  async append(payloads: readonly string[]): Promise<void> {
    for (let from = 0; from < payloads.length; ) {
      let to = from;
      for (let size = 0; to < payloads.length && size < groupBytes; to += 1) size += payloads[to]?.length ?? 0;
      await this.file.append(frame(payloads.slice(from, to).join('\n')));
      await this.file.sync();
      from = to;
    }
  }

  /** Replaces everything by `payloads` in one step. False when there is no room for it: the journal is as it was. */
  async rewrite(payloads: readonly string[]): Promise<boolean> {
    const bytes = Buffer.concat([Buffer.from(journalMagic), ...payloads.map(frame)]);
    try {
      await this.files.writeFileAtomic(this.path, bytes, { sync: true });
    } catch (error) {
      // The old file still has the name: it was the new one that could not be written.
      if (isNoSpace(error)) return false;
      throw error;
    }
    await this.file.close();
    this.file = await this.files.openAppendFile(this.path);
    return true;
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

function frame(payload: string): Buffer {
  const size = Buffer.byteLength(payload);
  const bytes = Buffer.allocUnsafe(frameBytes + size);
  bytes.write(payload, frameBytes, 'utf8');
  bytes.writeUInt32BE(size, 0);
  bytes.writeUInt32BE(crc32c(bytes.subarray(frameBytes)), 4);
  return bytes;
}

function parse(path: string, bytes: Buffer): { frames: string[]; goodBytes: number } {
  if (bytes.toString('latin1', 0, journalMagic.length) !== journalMagic)
    throw new MetadataStoreError(
      'CORRUPT',
      `${path} is not a metadata journal of this version; restore it from a backup`,
    );
  const frames: string[] = [];
  let at = journalMagic.length;
  while (at < bytes.length) {
    const size = at + frameBytes <= bytes.length ? bytes.readUInt32BE(at) : maxFrameBytes + 1;
    const end = at + frameBytes + size;
    // Zeros, which a crash leaves where nothing was written, would be an empty frame with a right CRC.
    const whole = size > 0 && size <= maxFrameBytes && end <= bytes.length;
    if (!whole || crc32c(bytes.subarray(at + frameBytes, end)) !== bytes.readUInt32BE(at + 4)) {
      if (validFrameBehind(bytes, at + 1))
        throw new MetadataStoreError(
          'CORRUPT',
          `${path} is damaged at byte ${at}, with valid changes behind it: restore it from a backup, or remove the bytes from there on to lose these changes`,
        );
      break;
    }
    frames.push(...bytes.toString('utf8', at + frameBytes, end).split('\n'));
    at = end;
  }
  return { frames, goodBytes: at };
}

function validFrameBehind(bytes: Buffer, from: number): boolean {
  for (let at = from; at + frameBytes < bytes.length; at += 1) {
    const size = bytes.readUInt32BE(at);
    const end = at + frameBytes + size;
    if (size === 0 || size > maxFrameBytes || end > bytes.length) continue;
    if (crc32c(bytes.subarray(at + frameBytes, end)) === bytes.readUInt32BE(at + 4)) return true;
  }
  return false;
}
