import type { Uuid } from '../common/ids.js';
import { type LogDirectory, LogStoreError } from '../common/ports/index.js';
import { leaderEpochFile, parseEpochs } from './checkpoints.js';
import { LeaderEpochCache } from './leader_epochs.js';
import type { LogConfig } from './log_config.js';
import type { LogManagerPorts } from './log_manager_ports.js';
import { PartitionLog } from './partition_log.js';
import { decodeProducerSnapshot } from './producer_snapshot.js';
import { ProducerStateManager } from './producer_state.js';

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
  /** The broker is stopping: a load that takes long is given up. */
  readonly cancelled: () => boolean;
  readonly recoveryPoint: number;
  readonly logStartOffset: number;
}

/** Headers read and replayed in one turn of the event loop. */
const batchesPerScan = 512;

function quarantined(bytes: number): string {
  return bytes === 0
    ? ''
    : `; ${bytes} bytes of these hold batches behind ones that never reached the disk, and are kept in files named .quarantine`;
}

/** Opens a log and brings back what is known of its producers and epochs: from the files beside it, and from its batches. */
export async function loadPartitionLog(options: LoadOptions): Promise<PartitionLog> {
  const { ports, directory, name, config } = options;
  const { logger } = ports;
  const log = await directory.openLog(name, {
    segmentBytes: config.segmentBytes,
    indexIntervalBytes: config.indexIntervalBytes,
    segmentIndexBytes: config.segmentIndexBytes,
    recoveryPoint: options.recoveryPoint,
    logStartOffset: options.logStartOffset,
    cleanShutdown: options.cleanShutdown,
    mayHaveGaps: config.compact,
    preallocate: config.preallocate ?? false,
    loads: options.exists,
    onFlushed: options.onFlushed,
  });
  if (log.recovered.truncatedBytes > 0)
    logger.warn(
      `${name}: a torn tail of ${log.recovered.truncatedBytes} bytes was cut off; the log ends at offset ${log.recovered.truncatedAtOffset}${quarantined(log.recovered.quarantinedBytes)}`,
    );
  const path = `${directory.path}/${name}`;
  const producers = new ProducerStateManager();
  const epochs = new LeaderEpochCache(await readEpochs(options, path));
  epochs.truncateFromEnd(log.logEndOffset);
  let offset = await restoreSnapshot(options, path, producers, log.logStartOffset, log.logEndOffset);
  while (offset < log.logEndOffset) {
    if (options.cancelled()) {
      await log.close({ sync: false });
      throw new LogStoreError('CLOSED', 'load', name, '', 'the broker is stopping');
    }
    const batches = log.scanBatches(offset, batchesPerScan);
    if (batches.length === 0) break;
    for (const batch of batches) {
      epochs.assign(batch.leaderEpoch, batch.baseOffset);
      producers.update(batch, batch.maxTimestampMs);
      offset = batch.baseOffset + batch.lastOffsetDelta + 1;
    }
    await new Promise<void>((resolve) => ports.timers.soon(resolve));
  }
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
    files: ports.files,
    logger,
    random: () => ports.random.float(),
  });
  loaded.firstTimestampMs = log.segments().at(-1)?.firstTimestampMs ?? -1;
  if (log.flushedOffset < log.logEndOffset) log.requestFlush();
  return loaded;
}

async function readEpochs({ ports, name }: LoadOptions, path: string) {
  const bytes = await ports.files.readFile(`${path}/${leaderEpochFile}`);
  if (bytes === undefined) return [];
  const entries = parseEpochs(bytes);
  if (entries === undefined) ports.logger.warn(`${name}: ${leaderEpochFile} is damaged; epochs are read from the log`);
  return entries ?? [];
}

/** The newest producer snapshot within the log. Returns the offset from which batches are to be replayed. */
async function restoreSnapshot(
  { ports, name }: LoadOptions,
  path: string,
  producers: ProducerStateManager,
  logStartOffset: number,
  logEndOffset: number,
): Promise<number> {
  const files = (await ports.files.listDirectory(path)) ?? [];
  const offsets = files
    .map((entry) => /^(\d{20})\.snapshot$/.exec(entry.name)?.[1])
    .filter((text) => text !== undefined)
    .map(Number)
    .sort((a, b) => b - a);
  for (const offset of offsets) {
    const file = `${path}/${String(offset).padStart(20, '0')}.snapshot`;
    const bytes = offset <= logEndOffset && offset >= logStartOffset ? await ports.files.readFile(file) : undefined;
    const entries = bytes === undefined ? undefined : decodeProducerSnapshot(bytes);
    if (entries === undefined) {
      ports.logger.warn(`${name}: the producer snapshot at ${offset} is not usable and is removed`);
      await ports.files.remove(file);
      continue;
    }
    for (const entry of entries) producers.restore(entry);
    return offset;
  }
  return logStartOffset;
}
