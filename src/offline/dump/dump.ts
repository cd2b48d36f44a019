import type { FileTools, ReadableFile } from '../../common/ports/index.js';
import { RecordBatchError } from '../../records/index.js';
import { nameOf, parentOf, parseSegmentFileName, segmentFileName } from '../log_files.js';
import { dumpOffsetIndex, dumpProducerSnapshot, dumpTimeIndex, dumpTransactionIndex } from './dump_indexes.js';
import { dumpLog, type LogDumpOptions } from './dump_log.js';
import type { DumpNotes } from './notes.js';

export interface DumpOptions extends LogDumpOptions {
  readonly sanityOnly: boolean;
  readonly verifyOnly: boolean;
}

/** The content of one file in the format of Kafka's DumpLogSegments; what does not fit goes to `notes`. */
export async function* dumpFile(
  tools: FileTools,
  path: string,
  options: DumpOptions,
  notes: DumpNotes,
): AsyncGenerator<string, void, void> {
  yield `Dumping ${path}\n`;
  const suffix = path.slice(path.lastIndexOf('.'));
  if (!['.log', '.checkpoint', '.index', '.timeindex', '.snapshot', '.txnindex'].includes(suffix)) {
    notes.problem(`Ignoring unknown file ${path}`);
    return;
  }
  const file = await tools.openForReading(path);
  if (file === undefined) {
    notes.problem(`${path} does not exist`);
    return;
  }
  try {
    yield* dumpOpened(tools, path, file, suffix, options, notes);
  } catch (error) {
    if (!(error instanceof RecordBatchError)) throw error;
    notes.problem(`${path} is damaged: ${error.message}`);
  } finally {
    await file.close();
  }
}

async function* dumpOpened(
  tools: FileTools,
  path: string,
  file: ReadableFile,
  suffix: string,
  options: DumpOptions,
  notes: DumpNotes,
): AsyncGenerator<string, void, void> {
  if (suffix === '.log' || suffix === '.checkpoint') {
    yield* dumpLog(file, options, notes);
    return;
  }
  const bytes = await file.read(0, file.sizeBytes);
  if (suffix === '.txnindex') {
    yield* dumpTransactionIndex(bytes);
    return;
  }
  if (suffix === '.snapshot') {
    yield* dumpProducerSnapshot(path, bytes, notes);
    return;
  }
  const baseOffset = parseSegmentFileName(nameOf(path))?.baseOffset ?? Number(nameOf(path).split('.')[0]);
  const stem = `${parentOf(path)}/`;
  const log = await tools.openForReading(stem + segmentFileName(baseOffset, '.log'));
  if (log === undefined) {
    notes.problem(`${path} belongs to a segment that is not there`);
    return;
  }
  try {
    const segment = { path, absolutePath: await tools.realPath(path), baseOffset, index: bytes, log };
    if (suffix === '.index') yield* dumpOffsetIndex(segment, options, notes);
    else yield* dumpTimeIndex(segment, await offsetIndexOf(tools, stem, baseOffset), options, notes);
  } finally {
    await log.close();
  }
}

async function offsetIndexOf(tools: FileTools, stem: string, baseOffset: number): Promise<Buffer> {
  const file = await tools.openForReading(stem + segmentFileName(baseOffset, '.index'));
  if (file === undefined) return Buffer.alloc(0);
  try {
    return await file.read(0, file.sizeBytes);
  } finally {
    await file.close();
  }
}
