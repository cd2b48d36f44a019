import type { MetadataImage } from '../../metadata/image.js';
import { groupSetting, type SettingBounds } from '../modern/settings.js';

/** Each is Kafka's setting `group.streams.*` of the same name. */
export interface StreamsGroupRules {
  readonly bounds: SettingBounds;
  readonly maxSize: number;
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly assignmentIntervalMs: number;
  readonly initialRebalanceDelayMs: number;
  readonly standbyReplicas: number;
}

export interface StreamsSettings extends Omit<StreamsGroupRules, 'maxSize' | 'bounds'> {
  /** What target assignments are made with, as the group's record has it. */
  readonly assignmentConfigs: ReadonlyMap<string, string>;
}

/** The broker's, or the group's own (`streams.*`). */
export function streamsSettings(image: MetadataImage, groupId: string, rules: StreamsGroupRules): StreamsSettings {
  const of = (name: string, value: number) =>
    groupSetting(image, groupId, name, { name: `group.${name}`, value, bounds: rules.bounds });
  const standbyReplicas = of('streams.num.standby.replicas', rules.standbyReplicas);
  return {
    sessionTimeoutMs: of('streams.session.timeout.ms', rules.sessionTimeoutMs),
    heartbeatIntervalMs: of('streams.heartbeat.interval.ms', rules.heartbeatIntervalMs),
    assignmentIntervalMs: of('streams.assignment.interval.ms', rules.assignmentIntervalMs),
    initialRebalanceDelayMs: of('streams.initial.rebalance.delay.ms', rules.initialRebalanceDelayMs),
    standbyReplicas,
    assignmentConfigs: new Map([['num.standby.replicas', String(standbyReplicas)]]),
  };
}
