import type { MetadataImage } from '../../metadata/image.js';
import type { NamedAssignor } from '../modern/assignor.js';
import { groupSetting, type SettingBounds } from '../modern/settings.js';

/** Each is Kafka's setting `group.consumer.*` of the same name. */
export interface ConsumerGroupRules {
  /** The first is used when nobody has a preference. */
  readonly assignors: readonly NamedAssignor[];
  readonly bounds: SettingBounds;
  readonly maxSize: number;
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly assignmentIntervalMs: number;
  readonly regexRefreshIntervalMs: number;
  readonly migrationPolicy: { readonly upgrade: boolean; readonly downgrade: boolean };
}

export function sessionTimeoutMs(image: MetadataImage, groupId: string, rules: ConsumerGroupRules): number {
  const broker = { name: 'group.consumer.session.timeout.ms', value: rules.sessionTimeoutMs, bounds: rules.bounds };
  return groupSetting(image, groupId, 'consumer.session.timeout.ms', broker);
}

export function heartbeatIntervalMs(image: MetadataImage, groupId: string, rules: ConsumerGroupRules): number {
  const broker = {
    name: 'group.consumer.heartbeat.interval.ms',
    value: rules.heartbeatIntervalMs,
    bounds: rules.bounds,
  };
  return groupSetting(image, groupId, 'consumer.heartbeat.interval.ms', broker);
}

export function assignmentIntervalMs(image: MetadataImage, groupId: string, rules: ConsumerGroupRules): number {
  const broker = {
    name: 'group.consumer.assignment.interval.ms',
    value: rules.assignmentIntervalMs,
    bounds: rules.bounds,
  };
  return groupSetting(image, groupId, 'consumer.assignment.interval.ms', broker);
}
