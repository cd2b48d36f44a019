export * from './alter_broker.js';
export * from './alter_client_metrics.js';
export * from './alter_group.js';
export * from './alter_topic.js';
export * from './broker_config.js';
export {
  type ConfigChange,
  type ConfigErrorName,
  type ConfigOp,
  type ConfigOperation,
  type ConfigRefusal,
  configOperation,
} from './changes.js';
export { parseConnectionOverrides } from './connection_overrides.js';
export type * from './definition.js';
export * from './describe.js';
export { type GroupBounds, groupBounds, withinBounds } from './group_bounds.js';
export type * from './layers.js';
export { INT_MAX } from './limits.js';
export * from './problems.js';
export * from './properties.js';
export * from './sources.js';
export * from './tables/broker.js';
export * from './tables/group.js';
export * from './tables/topic.js';
export * from './topic_config.js';
export * from './units.js';
export { formatValue, parseValue } from './values.js';
