import type { Uuid } from '../common/ids.js';
import { type LogDirectory, LogStoreError, type SegmentedLog } from '../common/ports/index.js';
import {
  type EpochEntry,
  formatPartitionMetadata,
  leaderEpochFile,
  parseEpochs,
  partitionMetadataFile,
} from './checkpoints.js';
import { LeaderEpochCache } from './leader_epochs.js';
import type { LogConfig } from './log_config.js';
import type { LogManagerPorts } from './log_manager_ports.js';
import { PartitionLog } from './partition_log.js';
import { reloadProducers } from './producer_replay.js';
import { ProducerStateManager } from './producer_state.js';
import { readBeside, type SideFiles } from './side_files.js';

export interface LoadOptions {
  readonly ports: LogManagerPorts;
  readonly directory: LogDirectory;
  readonly name: string;
  readonly topic: string;
  readonly partition: number;
  readonly topicId: Uuid;
  readonly config: LogConfig;
  readonly onFlushed: (flushedOffset: number) => void;
  readonly cleanShutdown: boolean;
  /** The directory was there when the broker started: it is recovered on a thread of its own. */
  readonly exists: boolean;
  /** The broker is stopping, or the partition gone: a load that takes long is given up. */
  readonly cancelled: () => boolean;
  readonly recoveryPoint: number;
  /** Below it the log may have been cleaned. */
  readonly gapsBelow: number;
  readonly logStartOffset: number;
}

function quarantined(bytes: number): string {
  return bytes === 0
    ? ''
    : `; ${bytes} bytes of these hold batches behind ones that never reached the disk, and are kept in files named .quarantine`;
}

/** Opens a log and brings back what is known of its producers and epochs: from the files beside it, and from its batches. */
export async function loadPartitionLog(options: LoadOptions): Promise<PartitionLog> {
  const { directory, name, config } = options;
  const log = await directory.openLog(name, {
    segmentBytes: config.segmentBytes,
    indexIntervalBytes: config.indexIntervalBytes,
    segmentIndexBytes: config.segmentIndexBytes,
    recoveryPoint: options.recoveryPoint,
    logStartOffset: options.logStartOffset,
    cleanShutdown: options.cleanShutdown,
    gapsBelow: options.gapsBelow,
    preallocate: config.preallocate ?? false,
    loads: options.exists,
    topicId: options.topicId,
    onFlushed: options.onFlushed,
  });
  try {
    return await complete(options, log);
  } catch (error) {
    await log.close({ sync: false });
    throw error;
  }
}

async function complete(options: LoadOptions, log: SegmentedLog): Promise<PartitionLog> {
  const { ports, directory, name, config } = options;
  const { logger } = ports;
  if (log.recovered.truncatedBytes > 0)
    logger.warn(
      `${name}: a torn tail of ${log.recovered.truncatedBytes} bytes was cut off; the log ends at offset ${log.recovered.truncatedAtOffset}${quarantined(log.recovered.quarantinedBytes)}`,
    );
  const path = `${directory.path}/${name}`;
  const beside = log.takeSideFiles();
  // Before the first record: what lies in a directory without a topic id is nobody's.
  if (!beside.has(partitionMetadataFile))
    await ports.files.writeFileAtomic(`${path}/${partitionMetadataFile}`, formatPartitionMetadata(options.topicId), {
      sync: true,
    });
  const producers = new ProducerStateManager();
  const stored = await readEpochs(options, path, beside);
  const epochs = new LeaderEpochCache(stored);
  epochs.truncateFromEnd(log.logEndOffset);
  const { files } = ports;
  const turn = async (): Promise<void> => {
    if (options.cancelled()) throw new LogStoreError('CLOSED', 'load', name, '', 'it is not wanted any more');
    await new Promise<void>((resolve) => ports.timers.soon(resolve));
  };
  const snapshotOffset = await reloadProducers(
    { log, path, producers, epochs, files, logger, turn, beside },
    log.recovered.transactionsLostFrom,
    log.flushedOffset,
  );
  const loaded = new PartitionLog({
    topic: options.topic,
    partition: options.partition,
    topicId: options.topicId,
    directoryPath: directory.path,
    log,
    store: ports.store,
    producers,
    epochs,
    config,
    files,
    logger,
    random: () => ports.random.float(),
  });
  loaded.snapshotOffset = snapshotOffset;
  // A crash came before the file was written, or cut the log: what the next snapshot lies behind is not replayed again.
  loaded.epochsUnwritten = !isSame(stored, epochs.all);
  loaded.firstTimestampMs = log.segments().at(-1)?.firstTimestampMs ?? -1;
  if (log.flushedOffset < log.logEndOffset) log.requestFlush();
  return loaded;
}

function isSame(stored: readonly EpochEntry[], now: readonly EpochEntry[]): boolean {
  return (
    stored.length === now.length &&
    stored.every(({ epoch, startOffset }, at) => now[at]?.epoch === epoch && now[at]?.startOffset === startOffset)
  );
}

async function readEpochs(options: LoadOptions, path: string, beside: SideFiles) {
  const { ports, name } = options;
  const bytes = await readBeside(ports.files, path, leaderEpochFile, beside);
  if (bytes === undefined) return [];
  const entries = parseEpochs(bytes);
  if (entries === undefined) ports.logger.warn(`${name}: ${leaderEpochFile} is damaged; epochs are read from the log`);
  return entries ?? [];
}
