import type { MetadataImage } from '../../metadata/image.js';

/**
 * A setting of a group in whole numbers: its own, else the cluster's dynamic default for `brokerName`, else what the broker
 * started with.
 */
export function groupSetting(
  image: MetadataImage,
  groupId: string,
  name: string,
  broker: { readonly name: string; readonly value: number },
): number {
  const text = image.groupConfigs.get(groupId)?.get(name) ?? image.brokerConfigs.get('')?.get(broker.name);
  const value = text === undefined ? Number.NaN : Number(text);
  return Number.isInteger(value) ? value : broker.value;
}
