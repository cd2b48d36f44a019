import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, bool, int8, int16, int32, int64, string } from '../schema.js';

/**
 * The transaction coordinator ends a transaction in the partitions a broker leads: one commit or abort marker each.
 */
export const WriteTxnMarkersRequest = message({
  name: 'WriteTxnMarkersRequest',
  key: 27,
  versions: '1-2',
  flexible: '1+',
  fields: {
    markers: array('0+', {
      producerId: int64('0+'),
      producerEpoch: int16('0+'),
      // True: commit.
      transactionResult: bool('0+'),
      topics: array('0+', {
        name: string('0+'),
        partitionIndexes: arrayOf('0+', 'int32'),
      }),
      coordinatorEpoch: int32('0+'),
      transactionVersion: int8('2+', { ignorable: true }),
    }),
  },
});
export type WriteTxnMarkersRequest = Infer<typeof WriteTxnMarkersRequest>;
export type WriteTxnMarkersRequestInput = InferInput<typeof WriteTxnMarkersRequest>;

export const WriteTxnMarkersResponse = message({
  name: 'WriteTxnMarkersResponse',
  key: 27,
  versions: '1-2',
  flexible: '1+',
  fields: {
    markers: array('0+', {
      producerId: int64('0+'),
      topics: array('0+', {
        name: string('0+'),
        partitions: array('0+', {
          partitionIndex: int32('0+'),
          errorCode: int16('0+'),
        }),
      }),
    }),
  },
});
export type WriteTxnMarkersResponse = Infer<typeof WriteTxnMarkersResponse>;
export type WriteTxnMarkersResponseInput = InferInput<typeof WriteTxnMarkersResponse>;
