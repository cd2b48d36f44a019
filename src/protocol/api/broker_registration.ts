import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, bool, int16, int32, int64, string, uint16, uuid } from '../schema.js';

/**
 * A broker registers with the controller and gets its epoch (KIP-631). DUPLICATE_BROKER_REGISTRATION while another
 * incarnation with this id is alive.
 */
export const BrokerRegistrationRequest = message({
  name: 'BrokerRegistrationRequest',
  key: 62,
  versions: '0-4',
  flexible: '0+',
  fields: {
    brokerId: int32('0+'),
    clusterId: string('0+'),
    incarnationId: uuid('0+'),
    listeners: array('0+', {
      name: string('0+'),
      host: string('0+'),
      port: uint16('0+'),
      securityProtocol: int16('0+'),
    }),
    features: array('0+', {
      name: string('0+'),
      minSupportedVersion: int16('0+'),
      maxSupportedVersion: int16('0+'),
    }),
    rack: string('0+', { nullable: '0+' }),
    isMigratingZkBroker: bool('1+'),
    logDirs: arrayOf('2+', 'uuid', { ignorable: true }),
    previousBrokerEpoch: int64('3+', { default: -1, ignorable: true }),
  },
});
export type BrokerRegistrationRequest = Infer<typeof BrokerRegistrationRequest>;
export type BrokerRegistrationRequestInput = InferInput<typeof BrokerRegistrationRequest>;

export const BrokerRegistrationResponse = message({
  name: 'BrokerRegistrationResponse',
  key: 62,
  versions: '0-4',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    brokerEpoch: int64('0+', { default: -1 }),
  },
});
export type BrokerRegistrationResponse = Infer<typeof BrokerRegistrationResponse>;
export type BrokerRegistrationResponseInput = InferInput<typeof BrokerRegistrationResponse>;
