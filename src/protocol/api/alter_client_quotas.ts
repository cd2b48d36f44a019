import { type Infer, type InferInput, message } from '../message.js';
import { array, bool, float64, int16, int32, string } from '../schema.js';

/** Sets or removes quotas of users, clients and addresses (KIP-546). A null entity name is the default of its type. */
export const AlterClientQuotasRequest = message({
  name: 'AlterClientQuotasRequest',
  key: 49,
  versions: '0-1',
  flexible: '1+',
  fields: {
    entries: array('0+', {
      entity: array('0+', {
        entityType: string('0+'),
        entityName: string('0+', { nullable: '0+' }),
      }),
      ops: array('0+', {
        key: string('0+'),
        value: float64('0+'),
        remove: bool('0+'),
      }),
    }),
    validateOnly: bool('0+'),
  },
});
export type AlterClientQuotasRequest = Infer<typeof AlterClientQuotasRequest>;
export type AlterClientQuotasRequestInput = InferInput<typeof AlterClientQuotasRequest>;

export const AlterClientQuotasResponse = message({
  name: 'AlterClientQuotasResponse',
  key: 49,
  versions: '0-1',
  flexible: '1+',
  fields: {
    throttleTimeMs: int32('0+'),
    entries: array('0+', {
      errorCode: int16('0+'),
      errorMessage: string('0+', { nullable: '0+' }),
      entity: array('0+', {
        entityType: string('0+'),
        entityName: string('0+', { nullable: '0+' }),
      }),
    }),
  },
});
export type AlterClientQuotasResponse = Infer<typeof AlterClientQuotasResponse>;
export type AlterClientQuotasResponseInput = InferInput<typeof AlterClientQuotasResponse>;
