import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, bool, int16, int32, int64, string } from '../schema.js';

/** `topics` null: all of them (KIP-113). CLUSTER_AUTHORIZATION_FAILED for all at once, before version 3 an empty answer. */
export const DescribeLogDirsRequest = message({
  name: 'DescribeLogDirsRequest',
  key: 35,
  versions: '1-5',
  flexible: '2+',
  fields: {
    topics: array(
      '0+',
      {
        topic: string('0+'),
        partitions: arrayOf('0+', 'int32'),
      },
      { nullable: '0+' },
    ),
  },
});
export type DescribeLogDirsRequest = Infer<typeof DescribeLogDirsRequest>;
export type DescribeLogDirsRequestInput = InferInput<typeof DescribeLogDirsRequest>;

/**
 * Sizes in bytes; the directory's own total and usable bytes since KIP-827. KAFKA_STORAGE_ERROR for one that is
 * offline.
 */
export const DescribeLogDirsResponse = message({
  name: 'DescribeLogDirsResponse',
  key: 35,
  versions: '1-5',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('3+', { ignorable: true }),
    results: array('0+', {
      errorCode: int16('0+'),
      logDir: string('0+'),
      topics: array('0+', {
        name: string('0+'),
        partitions: array('0+', {
          partitionIndex: int32('0+'),
          partitionSize: int64('0+'),
          offsetLag: int64('0+'),
          // A copy on its way into this directory.
          isFutureKey: bool('0+'),
        }),
      }),
      totalBytes: int64('4+', { default: -1, ignorable: true }),
      usableBytes: int64('4+', { default: -1, ignorable: true }),
      isCordoned: bool('5+', { ignorable: true }),
    }),
  },
});
export type DescribeLogDirsResponse = Infer<typeof DescribeLogDirsResponse>;
export type DescribeLogDirsResponseInput = InferInput<typeof DescribeLogDirsResponse>;
