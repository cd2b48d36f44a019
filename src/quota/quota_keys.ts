import type { QuotaEntity } from '../metadata/image.js';

export const PRODUCER_BYTE_RATE = 'producer_byte_rate';
export const CONSUMER_BYTE_RATE = 'consumer_byte_rate';
export const REQUEST_PERCENTAGE = 'request_percentage';
export const CONTROLLER_MUTATION_RATE = 'controller_mutation_rate';
export const CONNECTION_CREATION_RATE = 'connection_creation_rate';

export type QuotaKey =
  | typeof PRODUCER_BYTE_RATE
  | typeof CONSUMER_BYTE_RATE
  | typeof REQUEST_PERCENTAGE
  | typeof CONTROLLER_MUTATION_RATE
  | typeof CONNECTION_CREATION_RATE;

type QuotaType = 'LONG' | 'INT' | 'DOUBLE';

const ofClients: ReadonlyMap<string, QuotaType> = new Map([
  [PRODUCER_BYTE_RATE, 'LONG'],
  [CONSUMER_BYTE_RATE, 'LONG'],
  [REQUEST_PERCENTAGE, 'DOUBLE'],
  [CONTROLLER_MUTATION_RATE, 'DOUBLE'],
]);
const ofAddresses: ReadonlyMap<string, QuotaType> = new Map([[CONNECTION_CREATION_RATE, 'INT']]);

const largest: Readonly<Record<QuotaType, number>> = {
  LONG: 2 ** 63,
  INT: 2 ** 31 - 1,
  DOUBLE: Number.POSITIVE_INFINITY,
};

/** What is wrong with a quota of the entity, in Kafka's words; undefined: nothing. NaN is taken, and limits nothing. */
export function wrongQuota(entity: QuotaEntity, key: string, value: number): string | undefined {
  const type = (entity.ip === undefined ? ofClients : ofAddresses).get(key);
  if (type === undefined) return `Invalid configuration key ${key}`;
  if (value <= 0) return `Quota ${key} must be greater than 0`;
  if (value > largest[type])
    return `Proposed value for ${key} is too large for ${type === 'INT' ? 'an' : 'a'} ${type}.`;
  const integral = type === 'DOUBLE' || Number.isNaN(value) || Math.abs(value % 1) <= 1e-6;
  return integral ? undefined : `${key} cannot be a fractional value.`;
}
