import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, int16, int32, int64, string } from '../schema.js';

/**
 * Transactions of this coordinator (KIP-664), filtered by state, producer id, age in ms (KIP-994; -1: any) and a
 * pattern of the transactional id.
 */
export const ListTransactionsRequest = message({
  name: 'ListTransactionsRequest',
  key: 66,
  versions: '0-2',
  flexible: '0+',
  fields: {
    stateFilters: arrayOf('0+', 'string'),
    producerIdFilters: arrayOf('0+', 'int64'),
    durationFilter: int64('1+', { default: -1 }),
    transactionalIdPattern: string('2+', { nullable: '2+', default: null }),
  },
});
export type ListTransactionsRequest = Infer<typeof ListTransactionsRequest>;
export type ListTransactionsRequestInput = InferInput<typeof ListTransactionsRequest>;

/** States that the broker does not know are named in `unknownStateFilters` and otherwise ignored. */
export const ListTransactionsResponse = message({
  name: 'ListTransactionsResponse',
  key: 66,
  versions: '0-2',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    unknownStateFilters: arrayOf('0+', 'string'),
    transactionStates: array('0+', {
      transactionalId: string('0+'),
      producerId: int64('0+'),
      transactionState: string('0+'),
    }),
  },
});
export type ListTransactionsResponse = Infer<typeof ListTransactionsResponse>;
export type ListTransactionsResponseInput = InferInput<typeof ListTransactionsResponse>;
