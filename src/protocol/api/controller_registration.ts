import { type Infer, type InferInput, message } from '../message.js';
import { array, bool, int16, int32, string, uint16, uuid } from '../schema.js';

/** A controller tells the active one its endpoints and features (KIP-919). */
export const ControllerRegistrationRequest = message({
  name: 'ControllerRegistrationRequest',
  key: 70,
  versions: '0',
  flexible: '0+',
  fields: {
    controllerId: int32('0+'),
    incarnationId: uuid('0+'),
    zkMigrationReady: bool('0+'),
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
  },
});
export type ControllerRegistrationRequest = Infer<typeof ControllerRegistrationRequest>;
export type ControllerRegistrationRequestInput = InferInput<typeof ControllerRegistrationRequest>;

export const ControllerRegistrationResponse = message({
  name: 'ControllerRegistrationResponse',
  key: 70,
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+' }),
  },
});
export type ControllerRegistrationResponse = Infer<typeof ControllerRegistrationResponse>;
export type ControllerRegistrationResponseInput = InferInput<typeof ControllerRegistrationResponse>;
