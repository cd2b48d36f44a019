import type { MetadataImage } from '../../metadata/image.js';
import { groupSetting, type SettingBounds } from '../modern/settings.js';

/** Each is Kafka's setting `group.share.*` of the same name. */
export interface ShareGroupRules {
  readonly bounds: SettingBounds;
  readonly maxSize: number;
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly assignmentIntervalMs: number;
  readonly initializeRetryIntervalMs: number;
}

export function sessionTimeoutMs(image: MetadataImage, groupId: string, rules: ShareGroupRules): number {
  const broker = { name: 'group.share.session.timeout.ms', value: rules.sessionTimeoutMs, bounds: rules.bounds };
  return groupSetting(image, groupId, 'share.session.timeout.ms', broker);
}

export function heartbeatIntervalMs(image: MetadataImage, groupId: string, rules: ShareGroupRules): number {
  const broker = { name: 'group.share.heartbeat.interval.ms', value: rules.heartbeatIntervalMs, bounds: rules.bounds };
  return groupSetting(image, groupId, 'share.heartbeat.interval.ms', broker);
}

export function assignmentIntervalMs(image: MetadataImage, groupId: string, rules: ShareGroupRules): number {
  const broker = {
    name: 'group.share.assignment.interval.ms',
    value: rules.assignmentIntervalMs,
    bounds: rules.bounds,
  };
  return groupSetting(image, groupId, 'share.assignment.interval.ms', broker);
}
