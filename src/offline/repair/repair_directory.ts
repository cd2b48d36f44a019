import {
  cleanerFile,
  cleanShutdownFile,
  formatOffsets,
  highWatermarkFile,
  leaderEpochFile,
  logStartOffsetFile,
  parseOffsets,
  recoveryPointFile,
} from '../../storage/checkpoints.js';
import { type OfflineDirectory, OfflineError, type OfflinePorts } from '../offline_directory.js';
import { claimEmpty } from '../place.js';
import { unusedQuarantine } from '../quarantine.js';
import { verifyDirectory } from '../verify/verify_directory.js';
import { type Gap, type Loss, type PartitionRepair, repairPartition } from './repair_partition.js';

export interface RepairReport {
  readonly directory: string;
  /** Null: in place. */
  readonly output: string | null;
  readonly losses: readonly Loss[];
  readonly gaps: readonly Gap[];
  readonly rebuilt: readonly string[];
  readonly dropped: readonly string[];
  /** What stays wrong, a sentence each. */
  readonly remaining: readonly string[];
}

export const reportFile = 'millrace-repair.json';

const checkpoints = [recoveryPointFile, logStartOffsetFile, highWatermarkFile, cleanerFile];
/** Repair has nothing to make them from. */
const beyondRepair: ReadonlySet<string> = new Set([
  'meta-properties',
  'partition-metadata',
  'unreadable-records',
  'epoch-order',
]);

/**
 * Makes a sound directory of a damaged one: in `output`, which must be empty, or in place when that is undefined. Records are only ever taken
 * away, and the bytes that go are kept beside the segment.
 *
 * @throws OfflineError, FileSystemError
 */
export async function repairDirectory(
  ports: OfflinePorts,
  directory: OfflineDirectory,
  output: string | undefined,
): Promise<RepairReport> {
  if (output !== undefined) await claimEmpty(ports, output);
  const { findings } = await verifyDirectory(ports, directory);
  const { logDirectory, whole } = directory;
  const top = output ?? logDirectory;
  const repaired: PartitionRepair[] = [];
  for (const name of directory.partitions) {
    const own = findings.filter(({ file }) => file === name || file.startsWith(`${name}/`));
    const context = { ports, name, from: `${logDirectory}/${name}`, to: `${top}/${name}`, findings: own };
    if (output === undefined && own.length === 0) continue;
    repaired.push(await repairPartition(context));
  }
  const stale = await dropStaleSnapshots(ports, { ...directory, logDirectory: top }, repaired, output === undefined);
  const report: RepairReport = {
    directory: directory.path,
    output: output ?? null,
    losses: repaired.flatMap(({ losses }) => losses),
    gaps: repaired.flatMap(({ gaps }) => gaps),
    rebuilt: repaired.flatMap(({ rebuilt }) => rebuilt),
    dropped: [...repaired.flatMap(({ dropped }) => dropped), ...stale],
    remaining: findings
      .filter(({ kind, file }) => beyondRepair.has(kind) && !file.endsWith(leaderEpochFile))
      .map(({ file, message }) => `${file}: ${message}`),
  };
  if (whole) await repairTop(ports, logDirectory, top, repaired, findings.length > 0);
  if (findings.length > 0)
    await ports.files.writeFileAtomic(`${top}/${reportFile}`, Buffer.from(`${JSON.stringify(report, null, 2)}\n`), {
      sync: true,
    });
  return report;
}

/** Producer snapshots that speak of batches which are not there any more: a broker makes them anew. */
async function dropStaleSnapshots(
  ports: OfflinePorts,
  directory: OfflineDirectory,
  repaired: readonly PartitionRepair[],
  inPlace: boolean,
): Promise<string[]> {
  const changed = repaired.filter(({ losses }) => losses.length > 0).map(({ partition }) => partition);
  const { findings } = await verifyDirectory(ports, { ...directory, whole: false, partitions: changed });
  const stale = new Set(findings.filter(({ kind }) => /^snapshot/.test(kind)).map(({ file }) => file));
  for (const file of stale) {
    const path = `${directory.logDirectory}/${file}`;
    if (inPlace) await ports.files.rename(path, await unusedQuarantine(ports.tools, path));
    else await ports.files.remove(path);
  }
  return [...stale];
}

/**
 * Checkpoints within their logs; without the marker of an orderly stop when anything was wrong, so that the broker looks again. Where offsets
 * are missing the recovery point is the log's end: above it a start would take what lies behind them out of the log.
 */
async function repairTop(
  { files, tools }: OfflinePorts,
  from: string,
  to: string,
  repaired: readonly PartitionRepair[],
  changed: boolean,
): Promise<void> {
  const logs = new Map(repaired.map((one) => [one.partition, one]));
  const ends = repaired.flatMap(
    ({ partition, losses, gaps, logEndOffset }): Array<[string, number]> =>
      losses.length + gaps.length > 0 ? [[partition, logEndOffset]] : [],
  );
  if (ends.length > 0 && (await tools.stat(`${from}/${recoveryPointFile}`)) === undefined)
    await files.writeFileAtomic(`${to}/${recoveryPointFile}`, formatOffsets(new Map(ends)), { sync: true });
  for (const { name, kind } of (await files.listDirectory(from)) ?? []) {
    if (kind !== 'file' || name === '.lock' || name.endsWith('.tmp') || name === reportFile) continue;
    if (checkpoints.includes(name)) {
      const bytes = await files.readFile(`${from}/${name}`);
      const offsets = bytes === undefined ? undefined : parseOffsets(bytes);
      const clamped = [...(offsets ?? [])].map(([partition, offset]): [string, number] => {
        const log = logs.get(partition);
        if (log === undefined) return [partition, offset];
        return [partition, Math.min(Math.max(offset, log.firstOffset), log.logEndOffset)];
      });
      const known = new Map(from === to ? clamped : clamped.filter(([partition]) => logs.has(partition)));
      if (name === recoveryPointFile) for (const [partition, end] of ends) known.set(partition, end);
      await files.writeFileAtomic(`${to}/${name}`, formatOffsets(known), { sync: true });
    } else if (name === cleanShutdownFile && changed) {
      if (from === to) await files.remove(`${to}/${name}`);
    } else if (from !== to) await tools.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
  await files.syncDirectory(to);
}

/** @throws OfflineError */
export function requireSeparate(directory: OfflineDirectory, output: string): void {
  if (output === directory.logDirectory || output.startsWith(`${directory.logDirectory}/`))
    throw new OfflineError(
      `${output} is inside of ${directory.logDirectory}: name another directory, or use --in-place`,
    );
}
