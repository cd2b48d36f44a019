import type { FileSystem } from '../common/ports/index.js';
import type { Logger } from '../telemetry/logger.js';
import { cleanerFile, highWatermarkFile, logStartOffsetFile, parseOffsets, recoveryPointFile } from './checkpoints.js';

/** What each file is good for, as its loss is told. */
const withoutOffsets: Readonly<Record<string, string>> = {
  [recoveryPointFile]: 'logs are verified from their beginning',
  [logStartOffsetFile]: 'records that DeleteRecords took from the beginning of a segment may be seen again',
  [cleanerFile]: 'compacted logs are cleaned once more from their beginning',
  [highWatermarkFile]: 'it is written again soon',
};

/** The offsets of a checkpoint file in a log directory. Undefined when it is not there, or says nothing, which is logged. */
export async function readOffsets(
  ports: { readonly files: FileSystem; readonly logger: Logger },
  directory: string,
  file: keyof typeof withoutOffsets & string,
): Promise<Map<string, number> | undefined> {
  const path = `${directory}/${file}`;
  const bytes = await ports.files.readFile(path);
  if (bytes === undefined) return undefined;
  const offsets = bytes.length === 0 ? undefined : parseOffsets(bytes);
  if (offsets !== undefined) return offsets;
  const why = bytes.length === 0 ? 'empty, as a crash or a Kafka with nothing to say leaves it,' : 'damaged';
  ports.logger.warn(`${path} is ${why} and ignored: ${withoutOffsets[file]}`);
  return undefined;
}
