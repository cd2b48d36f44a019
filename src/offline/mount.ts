import { type OfflinePorts, takeLock } from './offline_directory.js';
import { placeDirectory } from './place.js';
import { readSource } from './source.js';

/** A log directory that is served without being changed. */
export interface Mount {
  /** As it was named. */
  readonly source: string;
  /** Where the broker works: links to the files of the mounted directory, and files of its own. Gone with {@link close}. */
  readonly directory: string;
  readonly nodeId: number;
  readonly notes: readonly string[];
  close(): Promise<void>;
}

/** Groups write into it, so the broker has a copy of its own. */
const groupTopic = '__consumer_offsets';

/**
 * Prepares a log directory for a broker that reads it: a temporary directory of links, and copies of what a broker writes by itself
 * (consumer groups). Its lock, where there is one, is held shared meanwhile: nothing is written for that, and no broker can start on the
 * directory. Cost: one link a file, and a copy of `__consumer_offsets`.
 *
 * @throws OfflineError when a broker runs on the directory, or it is none
 */
export async function openMount(ports: OfflinePorts, source: string): Promise<Mount> {
  const lock = takeLock(ports.locks, source, 'shared');
  let directory: string | undefined;
  const close = async () => {
    if (directory !== undefined) await ports.files.remove(directory);
    lock.release();
  };
  try {
    const read = await readSource(ports, [source]);
    directory = await ports.files.makeTemporaryDirectory('millrace-mount-');
    await placeDirectory(ports, read, directory, (topic) => (topic === groupTopic ? 'copy' : 'link'));
    return { source, directory, nodeId: read.nodeId, notes: read.notes, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Configs of a broker on a mount, over all others. */
export function mountConfigs({ directory, nodeId }: Mount): ReadonlyMap<string, string> {
  return new Map([
    ['log.dirs', directory],
    ['node.id', String(nodeId)],
    ['log.cleaner.enable', 'false'],
    ['auto.create.topics.enable', 'false'],
  ]);
}
