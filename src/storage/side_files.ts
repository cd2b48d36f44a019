import type { FileSystem } from '../common/ports/index.js';

/** Files beside a log's segments as they were read with it, by name; undefined: it is there, and too large for that. */
export type SideFiles = ReadonlyMap<string, Uint8Array | undefined>;

/** From what was read with the log in directory `path`, else from the disk. Undefined when there is none. @throws FileSystemError */
export async function readBeside(
  files: FileSystem,
  path: string,
  name: string,
  beside: SideFiles | undefined,
): Promise<Uint8Array | undefined> {
  if (beside !== undefined && !beside.has(name)) return undefined;
  return beside?.get(name) ?? (await files.readFile(`${path}/${name}`));
}
