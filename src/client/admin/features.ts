import { adminCalls } from '../admin_calls.js';
import type { ClusterClient } from '../cluster_client.js';
import { throwIfError } from '../errors.js';

export interface Feature {
  readonly name: string;
  readonly minLevel: number;
  readonly maxLevel: number;
  /** 0: switched off. */
  readonly finalizedLevel: number;
}

export async function describeFeatures(cluster: ClusterClient): Promise<readonly Feature[]> {
  const { response } = await cluster.retry('describing features', () =>
    cluster.sendAny(adminCalls.apiVersions, { clientSoftwareName: 'millrace', clientSoftwareVersion: '0.1.0' }),
  );
  throwIfError(response.errorCode, 'features');
  const levels = new Map(response.finalizedFeatures.map(({ name, maxVersionLevel }) => [name, maxVersionLevel]));
  return response.supportedFeatures.map(({ name, minVersion, maxVersion }) => ({
    name,
    minLevel: minVersion,
    maxLevel: maxVersion,
    finalizedLevel: levels.get(name) ?? 0,
  }));
}

/** By the number in the protocol. */
const upgradeTypes = ['', 'upgrade', 'safe-downgrade', 'unsafe-downgrade'] as const;

export interface FeatureChange {
  readonly name: string;
  readonly level: number;
  readonly type: 'upgrade' | 'safe-downgrade' | 'unsafe-downgrade';
}

/** All or none. @throws ProtocolError */
export async function updateFeatures(
  cluster: ClusterClient,
  changes: readonly FeatureChange[],
  options: { readonly validateOnly?: boolean } = {},
): Promise<void> {
  const { response } = await cluster.retry('changing features', () =>
    cluster.sendAny(adminCalls.updateFeatures, {
      timeoutMs: 30_000,
      featureUpdates: changes.map(({ name, level, type }) => ({
        feature: name,
        maxVersionLevel: level,
        upgradeType: upgradeTypes.indexOf(type),
      })),
      validateOnly: options.validateOnly ?? false,
    }),
  );
  throwIfError(response.errorCode, 'features', response.errorMessage);
}
