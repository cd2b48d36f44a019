import { type Infer, type InferInput, message } from '../message.js';
import { array, int16, int32, int64, records, string, struct, uuid } from '../schema.js';

/** Appends one record batch per partition. `records` is a view of the frame. Versions 0-2 are advertised (old librdkafka looks for
 * them) but refused. 13 names topics by id (KIP-516). */
export const ProduceRequest = message({
  name: 'ProduceRequest',
  key: 0,
  versions: '3-13',
  flexible: '9+',
  fields: {
    transactionalId: string('3+', { nullable: '3+', default: null }),
    // 0 no answer at all, 1 the leader's log, -1 all in sync.
    acks: int16('0+'),
    timeoutMs: int32('0+'),
    topicData: array('0+', {
      name: string('0-12', { ignorable: true }),
      topicId: uuid('13+', { ignorable: true }),
      partitionData: array('0+', {
        index: int32('0+'),
        records: records('0+', { nullable: '0+' }),
      }),
    }),
  },
});
export type ProduceRequest = Infer<typeof ProduceRequest>;
export type ProduceRequestInput = InferInput<typeof ProduceRequest>;

/** Per partition: base offset or an error. `currentLeader` and `nodeEndpoints` (KIP-951) save a client one Metadata round trip;
 * `recordErrors` (KIP-467) name the offending records when a batch is refused with INVALID_RECORD. */
export const ProduceResponse = message({
  name: 'ProduceResponse',
  key: 0,
  versions: '3-13',
  flexible: '9+',
  fields: {
    responses: array('0+', {
      name: string('0-12', { ignorable: true }),
      topicId: uuid('13+', { ignorable: true }),
      partitionResponses: array('0+', {
        index: int32('0+'),
        errorCode: int16('0+'),
        baseOffset: int64('0+'),
        // -1 with timestamps of the producer.
        logAppendTimeMs: int64('2+', { default: -1, ignorable: true }),
        logStartOffset: int64('5+', { default: -1, ignorable: true }),
        recordErrors: array(
          '8+',
          {
            batchIndex: int32('8+'),
            batchIndexErrorMessage: string('8+', { nullable: '8+', default: null }),
          },
          { ignorable: true },
        ),
        errorMessage: string('8+', { nullable: '8+', default: null, ignorable: true }),
        currentLeader: struct(
          '10+',
          {
            leaderId: int32('10+', { default: -1 }),
            leaderEpoch: int32('10+', { default: -1 }),
          },
          { tagged: '10+', tag: 0 },
        ),
      }),
    }),
    throttleTimeMs: int32('1+', { ignorable: true }),
    nodeEndpoints: array(
      '10+',
      {
        nodeId: int32('10+'),
        host: string('10+'),
        port: int32('10+'),
        rack: string('10+', { nullable: '10+', default: null }),
      },
      { tagged: '10+', tag: 0 },
    ),
  },
});
export type ProduceResponse = Infer<typeof ProduceResponse>;
export type ProduceResponseInput = InferInput<typeof ProduceResponse>;
