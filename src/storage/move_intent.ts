import type { Uuid } from '../common/ids.js';
import type { FileSystem } from '../common/ports/index.js';

/**
 * `millrace-moved-to` in the directory of a partition: this copy is superseded by the one that is named. It is written when the
 * other copy is whole and on the medium, and it is what a move turns on: a restart that finds it goes on with the other copy, one
 * that does not with this one. Kafka ignores the file.
 */
export interface MoveIntent {
  /** `directory.id` of the log directory with the new copy. */
  readonly directoryId: Uuid;
  /** Its name there, until it is renamed to the partition's. */
  readonly future: string;
}

export const moveIntentFile = 'millrace-moved-to';

export function formatMoveIntent({ directoryId, future }: MoveIntent): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify({ version: 0, directoryId, future })}\n`);
}

/** Undefined when there is none. @throws FileSystemError; Error when it cannot be understood */
export async function readMoveIntent(files: FileSystem, logPath: string): Promise<MoveIntent | undefined> {
  const path = `${logPath}/${moveIntentFile}`;
  const bytes = await files.readFile(path);
  if (bytes === undefined) return undefined;
  const text = new TextDecoder().decode(bytes);
  const match = /^\{"version":0,"directoryId":"([A-Za-z0-9_-]{22})","future":"([A-Za-z0-9._-]+)"\}\n$/.exec(text);
  if (match === null)
    throw new Error(`${path} is damaged: it names the directory that has the newer copy of this partition`);
  return { directoryId: match[1] as Uuid, future: match[2] ?? '' };
}
