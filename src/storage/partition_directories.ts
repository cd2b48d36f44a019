import { topicPartitionName, type Uuid } from '../common/ids.js';
import type { Random } from '../common/ports/index.js';

// Names of the directories in a log directory, as Kafka gives them: `<topic>-<partition>`, with `.<32 hex digits>-<suffix>` for one
// that is about to be removed (`delete`), belongs to no topic that is known (`stray`), or is being copied here (`future`).

export type DirectorySuffix = 'delete' | 'stray' | 'future';

export interface PartitionDirectory {
  readonly topic: string;
  readonly partition: number;
  /** `<topic>-<partition>` */
  readonly name: string;
  /** Undefined: the log in use. */
  readonly suffix: DirectorySuffix | undefined;
}

const longestName = 255;
const plain = /^(.+)-(\d+)$/;
const suffixed = /^(.+)-(\d+)\.[0-9a-zA-Z_-]+-(delete|stray|future)$/;

/** Undefined for anything that is no directory of a partition. */
export function parsePartitionDirectory(directoryName: string): PartitionDirectory | undefined {
  const match = suffixed.exec(directoryName) ?? plain.exec(directoryName);
  if (match === null) return undefined;
  const [, topic = '', digits = '', suffix] = match;
  const partition = Number(digits);
  return {
    topic,
    partition,
    name: topicPartitionName(topic, partition),
    suffix: suffix as DirectorySuffix | undefined,
  };
}

/** What stands behind the partition's name: `<32 hex digits>-<suffix>`. */
function ending(random: Pick<Random, 'uuid'>, suffix: DirectorySuffix): string {
  return `${Buffer.from(random.uuid(), 'base64url').toString('hex')}-${suffix}`;
}

/** The name of a directory to be; of long topic names the end is cut off, as Kafka does, but for `future`: see {@link futureFits}. */
export function suffixedName(random: Pick<Random, 'uuid'>, name: string, suffix: DirectorySuffix): string {
  const rest = `.${ending(random, suffix)}`;
  return `${suffix === 'future' ? name : name.slice(0, longestName - rest.length)}${rest}`;
}

/** Whether a copy of the partition can have a name (KAFKA-4893). */
export function futureFits(name: string): boolean {
  return name.length + '.'.length + 32 + '-future'.length <= longestName;
}

/** Owner of a partition's directory, by its `partition.metadata`. */
export interface LogOwners {
  /** Undefined: there is no such partition on this broker. */
  topicIdOf(topic: string, partition: number): Uuid | undefined;
  /** A topic that was deleted: what is left of it may go. */
  isDeleted(topicId: Uuid): boolean;
}
