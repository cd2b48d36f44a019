import { type Infer, type InferInput, message } from '../message.js';
import { array, bool, float64, int8, int16, int32, string } from '../schema.js';

/** Quotas that match all components; `strict`: entities that have no other component (KIP-546). */
export const DescribeClientQuotasRequest = message({
  name: 'DescribeClientQuotasRequest',
  key: 48,
  versions: '0-1',
  flexible: '1+',
  fields: {
    components: array('0+', {
      entityType: string('0+'),
      // 0 this name, 1 the default, 2 any name.
      matchType: int8('0+'),
      match: string('0+', { nullable: '0+' }),
    }),
    strict: bool('0+'),
  },
});
export type DescribeClientQuotasRequest = Infer<typeof DescribeClientQuotasRequest>;
export type DescribeClientQuotasRequestInput = InferInput<typeof DescribeClientQuotasRequest>;

export const DescribeClientQuotasResponse = message({
  name: 'DescribeClientQuotasResponse',
  key: 48,
  versions: '0-1',
  flexible: '1+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+' }),
    entries: array(
      '0+',
      {
        entity: array('0+', {
          entityType: string('0+'),
          entityName: string('0+', { nullable: '0+' }),
        }),
        values: array('0+', {
          key: string('0+'),
          value: float64('0+'),
        }),
      },
      { nullable: '0+' },
    ),
  },
});
export type DescribeClientQuotasResponse = Infer<typeof DescribeClientQuotasResponse>;
export type DescribeClientQuotasResponseInput = InferInput<typeof DescribeClientQuotasResponse>;
