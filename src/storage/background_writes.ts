import type { FileSystem } from '../common/ports/index.js';
import type { Logger } from '../telemetry/logger.js';

export interface BackgroundWrite {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly sync: boolean;
  /** Asked when its turn has come; absent: always. */
  readonly isWanted?: () => boolean;
  readonly written: () => void;
}

/** Where the files are, in a directory that may be renamed at any time. */
export interface FilesPlace {
  readonly directoryPath: string;
  readonly name: string;
}

/**
 * Small files beside a log, each of which can be made anew from it: written one after the other, so that a later state never loses to an
 * earlier one. A write that fails is warned of, and the next one goes on.
 */
export class BackgroundWrites {
  private last: Promise<void> = Promise.resolve();

  constructor(
    private readonly place: FilesPlace,
    private readonly files: Pick<FileSystem, 'writeFileAtomic'>,
    private readonly logger: Logger,
  ) {}

  /** Resolves when everything that was asked for by now is written, or has failed. */
  get settled(): Promise<void> {
    return this.last;
  }

  add({ file, bytes, sync, isWanted, written }: BackgroundWrite): void {
    const write = async (): Promise<void> => {
      if (isWanted?.() === false) return;
      const { directoryPath, name } = this.place;
      try {
        await this.files.writeFileAtomic(`${directoryPath}/${name}/${file}`, bytes, { sync });
        written();
      } catch (error) {
        // The directory was renamed under it.
        if (this.place.name === name) throw error;
        await write();
      }
    };
    this.last = this.last.then(write).catch((error: unknown) => {
      this.logger.warn(`${file} of ${this.place.name} could not be written; it will be made anew from the log`, {
        error,
      });
    });
  }
}
