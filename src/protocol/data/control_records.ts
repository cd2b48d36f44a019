import { type Infer, type InferInput, message } from '../message.js';
import { array, bool, int16, int32, int64, string, struct, uint16, uuid } from '../schema.js';

/**
 * Key of a control record, after a two-byte version: 0 abort, 1 commit, 2 leader change, 3 and 4 snapshot header and
 * footer, 5 KRaft version, 6 voters.
 */
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

/** The principal in an Envelope. */
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

/** Value of a commit or abort marker. */
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

/** Finalized level of kraft.version (KIP-853). */
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

/** First record of a leader of the metadata quorum in its epoch (KIP-595). */
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

/** Last record of a snapshot of the metadata log: without it the snapshot is not whole. */
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

/** First record of a snapshot of the metadata log (KIP-630). */
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

/** The voters of the metadata quorum, as a record in its own log (KIP-853). */
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
