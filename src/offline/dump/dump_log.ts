import { unreachable } from '../../common/assert.js';
import type { ReadableFile } from '../../common/ports/index.js';
import {
  EndTxnMarker,
  KRaftVersionRecord,
  LeaderChangeMessage,
  SnapshotFooterRecord,
  SnapshotHeaderRecord,
  VotersRecord,
} from '../../protocol/data/control_records.js';
import type { AnyMessage } from '../../protocol/message.js';
import { Reader } from '../../protocol/reader.js';
import { advanceSequence } from '../../records/batch_header.js';
import {
  type ControlType,
  controlTypeOf,
  type DecodedRecord,
  decodeBatch,
  type RecordBatch,
} from '../../records/index.js';
import { BatchWalker, hasGoodCrc } from '../batch_walk.js';
import { nameOf } from '../log_files.js';
import { jsonText, messageJson } from './message_json.js';
import type { DumpNotes } from './notes.js';
import type { RecordDecoder } from './record_decoders.js';

export interface LogDumpOptions {
  readonly deep: boolean;
  /** Undefined: keys and values are not shown. */
  readonly decoder: RecordDecoder | undefined;
  readonly skipRecordMetadata: boolean;
  /** Undefined: the whole file. */
  readonly maxBytes: number | undefined;
}

/** A `.log` file or a snapshot of the metadata log (`.checkpoint`), a line a batch and a line a record. @throws RecordBatchError */
export async function* dumpLog(
  file: ReadableFile,
  options: LogDumpOptions,
  notes: DumpNotes,
): AsyncGenerator<string, void, void> {
  const name = nameOf(file.path);
  yield headline(name);
  const limit = Math.min(file.sizeBytes, options.maxBytes ?? file.sizeBytes);
  const walker = new BatchWalker(file, 0, limit);
  let lastOffset = -1;
  for (let raw = await walker.next(); raw !== undefined; raw = await walker.next()) {
    const batch = decodeBatch(raw.bytes, { checkCrc: false });
    // Magic 0 and 1 were decoded with their checksum looked at.
    const isValid = batch.magic < 2 || hasGoodCrc(raw.bytes);
    let lines = batchLine(batch, raw.position, isValid);
    if (options.deep)
      for (const record of batch.records) {
        if (record.offset !== lastOffset + 1) notes.nonConsecutive(file.path, lastOffset, record.offset);
        lastOffset = record.offset;
        lines += `${recordLine(batch, record, options)}\n`;
      }
    yield lines;
  }
  const trailing = limit - walker.position;
  if (trailing > 0 && options.maxBytes === undefined) yield `Found ${trailing} invalid bytes at the end of ${name}\n`;
}

function headline(name: string): string {
  if (name.endsWith('.log')) return `Log starting offset: ${Number(name.split('.')[0])}\n`;
  if (name === 'bootstrap.checkpoint') return 'KRaft bootstrap snapshot\n';
  const match = /^(\d+)-(\d+)\.checkpoint$/.exec(name);
  return `Snapshot end offset: ${Number(match?.[1])}, epoch: ${Number(match?.[2])}\n`;
}

function batchLine(batch: RecordBatch, position: number, isValid: boolean): string {
  const head =
    batch.magic < 2
      ? `offset: ${batch.lastOffset}`
      : `baseOffset: ${batch.baseOffset} lastOffset: ${batch.lastOffset} count: ${batch.recordCount}` +
        ` baseSequence: ${batch.baseSequence} lastSequence: ${batch.lastSequence} producerId: ${batch.producerId}` +
        ` producerEpoch: ${batch.producerEpoch} partitionLeaderEpoch: ${batch.leaderEpoch}` +
        ` isTransactional: ${batch.isTransactional} isControl: ${batch.isControl}` +
        ` deleteHorizonMs: ${batch.hasDeleteHorizon ? `OptionalLong[${batch.baseTimestampMs}]` : 'OptionalLong.empty'}`;
  return (
    `${head} position: ${position} ${batch.timestampType}: ${batch.maxTimestampMs} size: ${batch.sizeBytes}` +
    ` magic: ${batch.magic} compresscodec: ${batch.compression} crc: ${batch.crc} isvalid: ${isValid}\n`
  );
}

function recordLine(batch: RecordBatch, record: DecodedRecord, options: LogDumpOptions): string {
  const { decoder, skipRecordMetadata } = options;
  let line = skipRecordMetadata ? '' : recordMetadata(batch, record);
  if (decoder === undefined || batch.isControl) return line;
  const { key, value } = decoder(record);
  let prefix = skipRecordMetadata ? '| ' : ' ';
  if (key !== undefined) {
    line += `${prefix}key: ${key}`;
    prefix = ' ';
  }
  return value === undefined ? line : `${line}${prefix}payload: ${value}`;
}

function recordMetadata(batch: RecordBatch, record: DecodedRecord): string {
  const line =
    `| offset: ${record.offset} ${batch.timestampType}: ${record.timestampMs}` +
    ` keySize: ${record.key?.length ?? -1} valueSize: ${record.value?.length ?? -1}`;
  if (batch.magic < 2) return `${line} isValid: true crc: ${batch.crc}`;
  const sequence = batch.baseSequence < 0 ? -1 : advanceSequence(batch.baseSequence, record.offset - batch.baseOffset);
  const keys = record.headers.map(({ key }) => key).join(',');
  const whole = `${line} sequence: ${sequence} headerKeys: [${keys}]`;
  return batch.isControl ? `${whole}${controlText(record)}` : whole;
}

function controlText(record: DecodedRecord): string {
  const type: ControlType | undefined = controlTypeOf(record);
  switch (type) {
    case 'ABORT':
    case 'COMMIT': {
      const marker = controlValue(record, EndTxnMarker) as { readonly coordinatorEpoch: number };
      return ` endTxnMarker: ${type} coordinatorEpoch: ${marker.coordinatorEpoch}`;
    }
    case 'LEADER_CHANGE':
      return ` LeaderChange: ${controlJson(record, LeaderChangeMessage)}`;
    case 'SNAPSHOT_HEADER':
      return ` SnapshotHeader ${controlJson(record, SnapshotHeaderRecord)}`;
    case 'SNAPSHOT_FOOTER':
      return ` SnapshotFooter ${controlJson(record, SnapshotFooterRecord)}`;
    case 'KRAFT_VERSION':
      return ` KRaftVersion ${controlJson(record, KRaftVersionRecord)}`;
    case 'KRAFT_VOTERS':
      return ` KRaftVoters ${controlJson(record, VotersRecord)}`;
    case undefined:
      return ` controlType: UNKNOWN(${Buffer.from(record.key ?? []).readInt16BE(2)})`;
    default:
      return unreachable(type);
  }
}

function versionOf(record: DecodedRecord): number {
  const value = record.value ?? new Uint8Array(0);
  return value.length < 2 ? 0 : Buffer.from(value.buffer, value.byteOffset, value.byteLength).readInt16BE(0);
}

/** End markers have their version before the message, the others of KRaft as its first field. */
function controlValue(record: DecodedRecord, message: AnyMessage): object {
  const reader = new Reader(record.value ?? new Uint8Array(0));
  if (message === EndTxnMarker) reader.int16();
  const version = versionOf(record);
  return message.decode(reader, message.hasVersion(version) ? version : message.maxVersion);
}

function controlJson(record: DecodedRecord, message: AnyMessage): string {
  const version = versionOf(record);
  const known = message.hasVersion(version) ? version : message.maxVersion;
  return jsonText(messageJson(message, known, controlValue(record, message)));
}
