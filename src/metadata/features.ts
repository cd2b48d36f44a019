/** A feature of the cluster (KIP-584): the levels this software knows, and the one a new cluster has. Level 0: switched off. */
export interface FeatureRange {
  readonly min: number;
  readonly max: number;
  readonly initial: number;
}

export const metadataVersion = 'metadata.version';

/**
 * Kafka 4.3.1's features, as far as what they switch is there. Clients act on levels (`transaction.version` 2 has Java clients leave
 * AddPartitionsToTxn out), so a level is offered once its path works.
 */
export const supportedFeatures: ReadonlyMap<string, FeatureRange> = new Map([
  // Replicas that may lead again after all in-sync ones were lost: nothing to choose from with one broker.
  ['eligible.leader.replicas.version', { min: 0, max: 0, initial: 0 }],
  // The new consumer protocol (KIP-848).
  ['group.version', { min: 0, max: 1, initial: 1 }],
  // Quorums whose voters change (KIP-853).
  ['kraft.version', { min: 0, max: 0, initial: 0 }],
  [metadataVersion, { min: 7, max: 30, initial: 30 }],
  // Share groups (KIP-932).
  ['share.version', { min: 0, max: 1, initial: 1 }],
  // The streams protocol (KIP-1071).
  ['streams.version', { min: 0, max: 1, initial: 1 }],
  // 2: each transaction has an epoch of its own (KIP-890).
  ['transaction.version', { min: 0, max: 2, initial: 2 }],
]);

/** Levels of metadata.version that store something their predecessors cannot read. */
const metadataChanges: readonly number[] = [7, 8, 11, 13, 14, 15, 17, 23, 30];

/** Whether going back from `current` to `next` could lose metadata. */
export function losesMetadata(current: number, next: number): boolean {
  return metadataChanges.some((level) => level > next && level <= current);
}

/** Levels of a cluster that has never changed them; level 0 is left out, as everywhere. */
export const initialFeatures: ReadonlyMap<string, number> = new Map(
  [...supportedFeatures].flatMap(([name, { initial }]) => (initial > 0 ? [[name, initial] as const] : [])),
);
