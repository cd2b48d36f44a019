import { type Infer, type InferInput, message } from '../message.js';
import { arrayOf, bool, int16, int32, int64 } from '../schema.js';

/** A broker stays registered, and asks to be unfenced or to shut down in order (KIP-631). */
export const BrokerHeartbeatRequest = message({
  name: 'BrokerHeartbeatRequest',
  key: 63,
  versions: '0-2',
  flexible: '0+',
  fields: {
    brokerId: int32('0+'),
    brokerEpoch: int64('0+', { default: -1 }),
    currentMetadataOffset: int64('0+'),
    wantFence: bool('0+'),
    wantShutDown: bool('0+'),
    offlineLogDirs: arrayOf('1+', 'uuid', { tagged: '1+', tag: 0 }),
    cordonedLogDirs: arrayOf('2+', 'uuid', { nullable: '2+', tagged: '2+', tag: 1, default: null }),
  },
});
export type BrokerHeartbeatRequest = Infer<typeof BrokerHeartbeatRequest>;
export type BrokerHeartbeatRequestInput = InferInput<typeof BrokerHeartbeatRequest>;

export const BrokerHeartbeatResponse = message({
  name: 'BrokerHeartbeatResponse',
  key: 63,
  versions: '0-2',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    isCaughtUp: bool('0+'),
    isFenced: bool('0+', { default: true }),
    shouldShutDown: bool('0+'),
  },
});
export type BrokerHeartbeatResponse = Infer<typeof BrokerHeartbeatResponse>;
export type BrokerHeartbeatResponseInput = InferInput<typeof BrokerHeartbeatResponse>;
