import { type GroupBounds, withinBounds } from '../../config/index.js';
import type { MetadataImage } from '../../metadata/image.js';

/** The broker that groups are coordinated by, and what it allows their settings to be, by name. */
export interface SettingBounds {
  readonly nodeId: number;
  readonly byName: ReadonlyMap<string, GroupBounds>;
}

/**
 * A setting of a group in whole numbers: its own, else the broker's or the cluster's dynamic config of `broker.name`, else what the
 * broker started with. What was set before the broker's limits were narrowed is taken as the nearest that they allow.
 */
export function groupSetting(
  image: MetadataImage,
  groupId: string,
  name: string,
  broker: { readonly name: string; readonly value: number; readonly bounds: SettingBounds },
): number {
  if (image.groupConfigs.size === 0 && image.brokerConfigs.size === 0) return broker.value;
  const { nodeId, byName } = broker.bounds;
  const text =
    image.groupConfigs.get(groupId)?.get(name) ??
    image.brokerConfigs.get(String(nodeId))?.get(broker.name) ??
    image.brokerConfigs.get('')?.get(broker.name);
  const value = text === undefined ? Number.NaN : Number(text);
  return Number.isInteger(value) ? withinBounds(value, byName.get(name)) : broker.value;
}
