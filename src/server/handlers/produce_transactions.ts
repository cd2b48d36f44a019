import type { ProduceRequest } from '../../protocol/api/produce.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { ReplicaManager } from '../../replication/replica_manager.js';
import type { VerifiedPartition, VerifiedWrite } from '../transaction_verifier.js';

const attributesAt = 21;
const producerIdAt = 43;
const producerEpochAt = 51;
const baseSequenceAt = 53;
const batchHeaderBytes = 61;
const transactionalBit = 0x10;

/** From this version on a client knows TRANSACTION_ABORTABLE. */
const abortableVersion = 11;
/** From this version on a write makes the partition part of the transaction. */
const addingVersion = 12;
const topicIdVersion = 13;

/** Whether a batch says that it is part of a transaction; the request then has to name which. */
export function hasTransactionalRecords({ topicData }: ProduceRequest): boolean {
  for (const { partitionData } of topicData)
    for (const { records } of partitionData) if (records !== null && isTransactional(records)) return true;
  return false;
}

function isTransactional(records: Uint8Array): boolean {
  return ((records[attributesAt + 1] ?? 0) & transactionalBit) !== 0;
}

/** What the transaction coordinator is to confirm of a request; undefined: there are no records of a transaction in it. */
export function transactionalWrite(
  request: ProduceRequest,
  version: number,
  replicas: ReplicaManager,
): VerifiedWrite | 'many-producers' | undefined {
  const { transactionalId } = request;
  if (transactionalId === null || !hasTransactionalRecords(request)) return undefined;
  const writes: Array<VerifiedWrite['writes'][number]> = [];
  let producer: { readonly producerId: number; readonly producerEpoch: number } | undefined;
  for (const topic of request.topicData) {
    const name = version >= topicIdVersion ? replicas.nameOf(topic.topicId) : topic.name;
    for (const { index, records } of topic.partitionData) {
      if (records === null || records.length < batchHeaderBytes || !isTransactional(records)) continue;
      const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
      const producerId = Number(view.getBigInt64(producerIdAt));
      const producerEpoch = view.getInt16(producerEpochAt);
      // Such a batch is refused for itself.
      if (producerId < 0 || name === undefined) continue;
      producer ??= { producerId, producerEpoch };
      if (producer.producerId !== producerId || producer.producerEpoch !== producerEpoch) return 'many-producers';
      writes.push({ topic: name, partition: index, baseSequence: view.getInt32(baseSequenceAt) });
    }
  }
  if (producer === undefined) return undefined;
  const support = { adds: version >= addingVersion, knowsAbortable: version >= abortableVersion };
  return { transactionalId, ...producer, support, writes };
}

/** Goes on with a copy of the records: the request's own memory is gone by then. `goOn` is called if that fails. */
export async function afterVerification<T>(
  request: ProduceRequest,
  verifying: Promise<ReadonlyMap<string, VerifiedPartition>>,
  goOn: () => void,
  next: (kept: ProduceRequest, verified: ReadonlyMap<string, VerifiedPartition>) => T | Promise<T>,
): Promise<T> {
  const topicData = request.topicData.map((topic) => ({
    ...topic,
    partitionData: topic.partitionData.map((data) => ({
      ...data,
      records: data.records === null ? null : Uint8Array.prototype.slice.call(data.records),
    })),
  }));
  let verified: ReadonlyMap<string, VerifiedPartition>;
  try {
    verified = await verifying;
  } catch (error) {
    goOn();
    throw error;
  }
  return next({ ...request, topicData }, verified);
}

/** What a producer is told of a partition that could not be verified. */
export function verificationError(
  error: ErrorCode,
  version: number,
): { readonly errorCode: ErrorCode; readonly errorMessage: string | null } {
  switch (error) {
    case ErrorCode.INVALID_TXN_STATE:
      return { errorCode: error, errorMessage: 'Partition was not added to the transaction' };
    case ErrorCode.CONCURRENT_TRANSACTIONS:
      if (version >= addingVersion) return { errorCode: error, errorMessage: null };
      return unable(error);
    case ErrorCode.NETWORK_EXCEPTION:
    case ErrorCode.COORDINATOR_LOAD_IN_PROGRESS:
    case ErrorCode.COORDINATOR_NOT_AVAILABLE:
    case ErrorCode.NOT_COORDINATOR:
      return unable(error);
    default:
      return { errorCode: error, errorMessage: null };
  }
}

/** An error that every client retries, and for which it asks for no metadata. */
function unable(error: ErrorCode) {
  return {
    errorCode: ErrorCode.NOT_ENOUGH_REPLICAS,
    errorMessage: `Unable to verify the partition has been added to the transaction. Underlying error: ${errorName(error)}`,
  };
}

function errorName(error: ErrorCode): string {
  return Object.entries(ErrorCode).find(([, code]) => code === error)?.[0] ?? String(error);
}
