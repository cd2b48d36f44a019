import { type Infer, type InferInput, message } from '../message.js';
import { array, bool, int16, int32, int64, string, struct, uint16, uuid } from '../schema.js';

export const ControlRecordTypeSchema = message({
  name: 'ControlRecordTypeSchema',
  key: -1,
  versions: '0',
  flexible: 'none',
  fields: {
    type: int16('0+'),
  },
});
export type ControlRecordTypeSchema = Infer<typeof ControlRecordTypeSchema>;
export type ControlRecordTypeSchemaInput = InferInput<typeof ControlRecordTypeSchema>;

export const DefaultPrincipalData = message({
  name: 'DefaultPrincipalData',
  key: -1,
  versions: '0',
  flexible: '0+',
  fields: {
    type: string('0+'),
    name: string('0+'),
    tokenAuthenticated: bool('0+'),
  },
});
export type DefaultPrincipalData = Infer<typeof DefaultPrincipalData>;
export type DefaultPrincipalDataInput = InferInput<typeof DefaultPrincipalData>;

export const EndTxnMarker = message({
  name: 'EndTxnMarker',
  key: -1,
  versions: '0',
  flexible: 'none',
  fields: {
    coordinatorEpoch: int32('0+'),
  },
});
export type EndTxnMarker = Infer<typeof EndTxnMarker>;
export type EndTxnMarkerInput = InferInput<typeof EndTxnMarker>;

export const KRaftVersionRecord = message({
  name: 'KRaftVersionRecord',
  key: -1,
  versions: '0',
  flexible: '0+',
  fields: {
    version: int16('0+'),
    kRaftVersion: int16('0+'),
  },
});
export type KRaftVersionRecord = Infer<typeof KRaftVersionRecord>;
export type KRaftVersionRecordInput = InferInput<typeof KRaftVersionRecord>;

export const LeaderChangeMessage = message({
  name: 'LeaderChangeMessage',
  key: -1,
  versions: '0-1',
  flexible: '0+',
  fields: {
    version: int16('0+'),
    leaderId: int32('0+'),
    voters: array('0+', {
      voterId: int32('0+'),
      voterDirectoryId: uuid('1+'),
    }),
    grantingVoters: array('0+', {
      voterId: int32('0+'),
      voterDirectoryId: uuid('1+'),
    }),
  },
});
export type LeaderChangeMessage = Infer<typeof LeaderChangeMessage>;
export type LeaderChangeMessageInput = InferInput<typeof LeaderChangeMessage>;

export const SnapshotFooterRecord = message({
  name: 'SnapshotFooterRecord',
  key: -1,
  versions: '0',
  flexible: '0+',
  fields: {
    version: int16('0+'),
  },
});
export type SnapshotFooterRecord = Infer<typeof SnapshotFooterRecord>;
export type SnapshotFooterRecordInput = InferInput<typeof SnapshotFooterRecord>;

export const SnapshotHeaderRecord = message({
  name: 'SnapshotHeaderRecord',
  key: -1,
  versions: '0',
  flexible: '0+',
  fields: {
    version: int16('0+'),
    lastContainedLogTimestamp: int64('0+'),
  },
});
export type SnapshotHeaderRecord = Infer<typeof SnapshotHeaderRecord>;
export type SnapshotHeaderRecordInput = InferInput<typeof SnapshotHeaderRecord>;

export const VotersRecord = message({
  name: 'VotersRecord',
  key: -1,
  versions: '0',
  flexible: '0+',
  fields: {
    version: int16('0+'),
    voters: array('0+', {
      voterId: int32('0+'),
      voterDirectoryId: uuid('0+'),
      endpoints: array('0+', {
        name: string('0+'),
        host: string('0+'),
        port: uint16('0+'),
      }),
      kRaftVersionFeature: struct('0+', {
        minSupportedVersion: int16('0+'),
        maxSupportedVersion: int16('0+'),
      }),
    }),
  },
});
export type VotersRecord = Infer<typeof VotersRecord>;
export type VotersRecordInput = InferInput<typeof VotersRecord>;
