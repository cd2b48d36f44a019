import { type GroupBounds, withinBounds } from '../../config/index.js';
import type { MetadataImage } from '../../metadata/image.js';

/** What a broker allows its groups' settings to be, by name. */
export type SettingBounds = ReadonlyMap<string, GroupBounds>;

/**
 * A setting of a group in whole numbers: its own, else the cluster's dynamic default for `brokerName`, else what the broker
 * started with. What was set before the broker's limits were narrowed is taken as the nearest that they allow.
 */
export function groupSetting(
  image: MetadataImage,
  groupId: string,
  name: string,
  broker: { readonly name: string; readonly value: number; readonly bounds: SettingBounds },
): number {
  const text = image.groupConfigs.get(groupId)?.get(name) ?? image.brokerConfigs.get('')?.get(broker.name);
  const value = text === undefined ? Number.NaN : Number(text);
  return Number.isInteger(value) ? withinBounds(value, broker.bounds.get(name)) : broker.value;
}
