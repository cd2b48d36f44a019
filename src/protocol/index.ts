/** The Kafka protocol for tools and tests: what `import { protocol } from 'millrace'` gives. The broker imports the files. */
export { ApiKey } from './api_keys.js';
export * from './data/consumer_protocol.js';
export * from './data/control_records.js';
export { ErrorCode, errorName, isRetriable } from './errors.js';
export { beginResponse, decodeRequestHeader, decodeResponseHeader, encodeRequest, finishFrame } from './frame.js';
export type { AnyMessage, Infer, InferInput, Message } from './message.js';
export { DecodeError, Reader } from './reader.js';
export {
  type CoordinatorRecord,
  decodeCoordinatorRecord,
  decodeFramedRecord,
  type FramedRecord,
  groupRecordKinds,
  metadataRecords,
  type RecordKind,
  remoteLogRecords,
  shareRecordKinds,
  transactionRecordKinds,
} from './records/catalog.js';
export { ProducerSnapshot } from './records/storage.js';
export { type Api, advertisedRange, allApis, apiByKey } from './registry.js';
export { EncodeError, Writer } from './writer.js';
