import { message } from '../message.js';
import type { MessageSpec } from '../schema.js';

// What ZooKeeper's controller told its brokers. Kafka 4.0 removed these APIs with ZooKeeper. No version is left, but their
// keys stay taken: a very old broker that still calls is named in the log and not taken for garbage.

function removed(name: string, key: number) {
  const spec: MessageSpec<Record<never, never>> = { name, key, versions: 'none', flexible: 'none', fields: {} };
  return message(spec);
}

export const LeaderAndIsrRequest = removed('LeaderAndIsrRequest', 4);
export const LeaderAndIsrResponse = removed('LeaderAndIsrResponse', 4);
export const StopReplicaRequest = removed('StopReplicaRequest', 5);
export const StopReplicaResponse = removed('StopReplicaResponse', 5);
export const UpdateMetadataRequest = removed('UpdateMetadataRequest', 6);
export const UpdateMetadataResponse = removed('UpdateMetadataResponse', 6);
export const ControlledShutdownRequest = removed('ControlledShutdownRequest', 7);
export const ControlledShutdownResponse = removed('ControlledShutdownResponse', 7);
