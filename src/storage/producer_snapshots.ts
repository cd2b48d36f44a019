import type { FileSystem } from '../common/ports/index.js';
import type { Logger } from '../telemetry/logger.js';
import { decodeProducerSnapshot } from './producer_snapshot.js';
import type { ProducerStateManager } from './producer_state.js';
import { readBeside, type SideFiles } from './side_files.js';

/**
 * The `.snapshot` files beside a log: each says what was known of producers when the log ended at its offset. One is taken when a
 * segment begins and goes with the segment; another one at a clean stop, which the next start replaces. Nothing waits for the medium
 * here: a file that a crash left damaged is recognised, and an older one does.
 */
export class ProducerSnapshots {
  private constructor(
    private readonly files: FileSystem,
    private readonly logger: Logger,
    private readonly beside: SideFiles | undefined,
    private readonly path: string,
    private readonly name: string,
    private offsets: number[],
  ) {}

  /** `path` is the log's directory. Removes the files that belong to no segment, but for one behind the last segment's beginning. */
  static async open(
    ports: { readonly files: FileSystem; readonly logger: Logger; readonly beside: SideFiles | undefined },
    path: string,
    name: string,
    segmentBases: readonly number[],
  ): Promise<ProducerSnapshots> {
    const { beside } = ports;
    const names = beside?.keys() ?? ((await ports.files.listDirectory(path)) ?? []).map(({ name: file }) => file);
    const found = [...names]
      .map((file) => /^(\d{20})\.snapshot$/.exec(file)?.[1])
      .filter((text) => text !== undefined)
      .map(Number)
      .sort((a, b) => a - b);
    const snapshots = new ProducerSnapshots(ports.files, ports.logger, beside, path, name, found);
    const bases = new Set(segmentBases);
    const last = Math.max(...segmentBases);
    const strays = found.filter((offset) => !bases.has(offset));
    for (const offset of strays) if (offset < last || offset !== strays.at(-1)) await snapshots.remove(offset);
    return snapshots;
  }

  /**
   * Brings back the state of the newest usable snapshot in [from, to] and returns its offset; undefined when there is none. Snapshots
   * outside of the log, which ends at `logEndOffset`, and unusable ones are removed.
   */
  async restore(
    producers: ProducerStateManager,
    from: number,
    to: number,
    logEndOffset: number,
  ): Promise<number | undefined> {
    for (const offset of [...this.offsets].reverse()) {
      if (offset > to && offset <= logEndOffset) continue;
      const isInside = offset >= from && offset <= logEndOffset;
      const bytes = isInside ? await readBeside(this.files, this.path, nameOf(offset), this.beside) : undefined;
      const entries = bytes === undefined ? undefined : decodeProducerSnapshot(bytes);
      if (entries === undefined) {
        this.logger.warn(`${this.name}: the producer snapshot at ${offset} is not usable and is removed`);
        await this.remove(offset);
        continue;
      }
      producers.restore(entries);
      return offset;
    }
    return undefined;
  }

  private async remove(offset: number): Promise<void> {
    this.offsets = this.offsets.filter((known) => known !== offset);
    await this.files.remove(this.fileOf(offset));
  }

  private fileOf(offset: number): string {
    return `${this.path}/${nameOf(offset)}`;
  }
}

function nameOf(offset: number): string {
  return `${String(offset).padStart(20, '0')}.snapshot`;
}
