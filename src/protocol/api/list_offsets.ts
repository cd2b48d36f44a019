import { type Infer, type InferInput, message } from '../message.js';
import { array, int8, int16, int32, int64, string } from '../schema.js';

/** Offsets by timestamp. Special ones: -1 latest, -2 earliest, -3 largest timestamp (KIP-734), -4 earliest local, -5 latest tiered
 * (KIP-405, KIP-1005), -6 earliest pending upload (KIP-1023). */
export const ListOffsetsRequest = message({
  name: 'ListOffsetsRequest',
  key: 2,
  versions: '1-11',
  flexible: '6+',
  fields: {
    // -1: a client.
    replicaId: int32('0+'),
    // 0 read uncommitted, 1 read committed.
    isolationLevel: int8('2+'),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        currentLeaderEpoch: int32('4+', { default: -1, ignorable: true }),
        timestamp: int64('0+'),
      }),
    }),
    timeoutMs: int32('10+', { ignorable: true }),
  },
});
export type ListOffsetsRequest = Infer<typeof ListOffsetsRequest>;
export type ListOffsetsRequestInput = InferInput<typeof ListOffsetsRequest>;

/**
 * Offset and timestamp -1: nothing that late. OFFSET_NOT_AVAILABLE from a leader that has not caught up with its high
 * watermark.
 */
export const ListOffsetsResponse = message({
  name: 'ListOffsetsResponse',
  key: 2,
  versions: '1-11',
  flexible: '6+',
  fields: {
    throttleTimeMs: int32('2+', { ignorable: true }),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
        timestamp: int64('1+', { default: -1 }),
        offset: int64('1+', { default: -1 }),
        leaderEpoch: int32('4+', { default: -1 }),
      }),
    }),
  },
});
export type ListOffsetsResponse = Infer<typeof ListOffsetsResponse>;
export type ListOffsetsResponseInput = InferInput<typeof ListOffsetsResponse>;
