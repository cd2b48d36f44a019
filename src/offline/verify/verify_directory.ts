import {
  cleanerFile,
  cleanShutdownFile,
  highWatermarkFile,
  logStartOffsetFile,
  metaPropertiesFile,
  parseMetaProperties,
  parseOffsets,
  recoveryPointFile,
} from '../../storage/checkpoints.js';
import { parsePartitionName } from '../log_files.js';
import type { OfflineDirectory, OfflinePorts } from '../offline_directory.js';
import { type Finding, Findings } from './findings.js';
import { type PartitionSummary, verifyPartition } from './verify_partition.js';

export interface Verification {
  readonly directory: string;
  readonly cleanShutdown: boolean;
  readonly partitions: readonly PartitionSummary[];
  readonly findings: readonly Finding[];
}

/** What a log directory has beside its partitions; `millrace-` files are the broker's own. */
const knownFiles: ReadonlySet<string> = new Set([
  metaPropertiesFile,
  recoveryPointFile,
  logStartOffsetFile,
  highWatermarkFile,
  cleanerFile,
  cleanShutdownFile,
  '.lock',
  'bootstrap.checkpoint',
]);

/** Looks at everything in the directory and says what is not as it should be. Changes nothing. */
export async function verifyDirectory(
  ports: OfflinePorts,
  directory: OfflineDirectory,
  onPartition: (name: string) => Promise<void> = () => Promise.resolve(),
): Promise<Verification> {
  const findings = new Findings();
  const { logDirectory } = directory;
  const cleanShutdown = (await ports.tools.stat(`${logDirectory}/${cleanShutdownFile}`)) !== undefined;
  if (directory.whole) await verifyTop(ports, logDirectory, findings);
  const gapsFrom = await unexplainedGaps(ports, logDirectory, cleanShutdown);
  const partitions: PartitionSummary[] = [];
  for (const name of directory.partitions) {
    await onPartition(name);
    const path = `${logDirectory}/${name}`;
    partitions.push(await verifyPartition({ ports, path, name, cleanShutdown, gapsFrom: gapsFrom(name), findings }));
  }
  await verifyCheckpoints(ports, directory, partitions, cleanShutdown, findings);
  return { directory: directory.path, cleanShutdown, partitions, findings: findings.all };
}

/**
 * From where on no offset of a partition may be missing. Cleaning leaves gaps up to its own checkpoint; after a crash that may be behind, and
 * what is above the recovery point was not cleaned. Undefined where no checkpoint says how far the gaps go.
 */
async function unexplainedGaps(
  { files }: OfflinePorts,
  logDirectory: string,
  cleanShutdown: boolean,
): Promise<(name: string) => number | undefined> {
  const read = async (file: string) => {
    const bytes = await files.readFile(`${logDirectory}/${file}`);
    return bytes === undefined ? undefined : parseOffsets(bytes);
  };
  const recovered = await read(recoveryPointFile);
  const cleaned = await read(cleanerFile);
  return (name) => {
    if (recovered === undefined) return undefined;
    const cleanedTo = cleaned?.get(name) ?? 0;
    return cleanShutdown ? cleanedTo : Math.max(recovered.get(name) ?? 0, cleanedTo);
  };
}

async function verifyTop({ files }: OfflinePorts, logDirectory: string, findings: Findings): Promise<void> {
  const meta = await files.readFile(`${logDirectory}/${metaPropertiesFile}`);
  if (meta === undefined) findings.add(metaPropertiesFile, 'missing-file', `${metaPropertiesFile} is missing`);
  else if (parseMetaProperties(meta) === undefined)
    findings.add(metaPropertiesFile, 'meta-properties', 'it cannot be read, or is not of version 1');
  for (const { name, kind } of (await files.listDirectory(logDirectory)) ?? []) {
    if (kind === 'directory') {
      if (/-(delete|stray|future)$/.test(name)) findings.add(name, 'leftover', 'a log that was being deleted or moved');
      else if (parsePartitionName(name) === undefined)
        findings.add(name, 'unknown-file', 'no directory of a partition');
    } else if (name.endsWith('.tmp')) findings.add(name, 'leftover', 'left over from work that was interrupted');
    else if (!knownFiles.has(name) && !name.startsWith('millrace-'))
      findings.add(name, 'unknown-file', 'no file that a log directory has');
  }
}

async function verifyCheckpoints(
  { files }: OfflinePorts,
  { logDirectory, whole }: OfflineDirectory,
  partitions: readonly PartitionSummary[],
  cleanShutdown: boolean,
  findings: Findings,
): Promise<void> {
  const known = new Map(partitions.map((summary) => [summary.partition, summary]));
  for (const [file, what, upper] of checkpoints) {
    const bytes = await files.readFile(`${logDirectory}/${file}`);
    // Kafka makes the files before it has anything to write.
    if (bytes === undefined || bytes.length === 0) continue;
    const offsets = parseOffsets(bytes);
    if (offsets === undefined) {
      findings.add(file, 'checkpoint', 'it cannot be read');
      continue;
    }
    for (const [name, offset] of offsets) {
      const log = known.get(name);
      if (log === undefined) {
        if (whole) findings.add(file, 'checkpoint', `${name} has an entry and no directory`);
        continue;
      }
      const end = upper(log);
      if (file === recoveryPointFile && cleanShutdown && offset < end) {
        const text = `${name}: after an orderly stop the recovery point is the log's end ${end}, not ${offset}`;
        findings.add(file, 'checkpoint-range', text, { offset });
      }
      if (offset > end || (file === logStartOffsetFile && offset < log.firstOffset))
        findings.add(
          file,
          'checkpoint-range',
          `${name}: the ${what} ${offset} is outside of ${log.firstOffset} to ${end}`,
          { offset },
        );
    }
  }
}

type Upper = (log: PartitionSummary) => number;
const logEnd: Upper = ({ logEndOffset }) => logEndOffset;
const checkpoints: ReadonlyArray<readonly [file: string, what: string, upper: Upper]> = [
  [recoveryPointFile, 'recovery point', logEnd],
  [logStartOffsetFile, 'log start offset', logEnd],
  [highWatermarkFile, 'high watermark', logEnd],
  [cleanerFile, "cleaner's offset", ({ activeBaseOffset }) => activeBaseOffset],
];
