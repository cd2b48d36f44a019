import type { ListenerLimits, NetworkLimits } from '../common/ports/index.js';
import type { BrokerConfig } from '../config/index.js';
import { INT_MAX, parseConnectionOverrides } from '../config/index.js';

/** The limits that the listeners of this broker share, as the configs say now. */
export function networkLimits(config: BrokerConfig): NetworkLimits {
  const bytes = config.long('queued.max.request.bytes');
  const overrides = parseConnectionOverrides(config.string('max.connections.per.ip.overrides'));
  return {
    maxQueuedRequests: config.int('queued.max.requests'),
    maxQueuedRequestBytes: bytes <= 0 ? Number.POSITIVE_INFINITY : bytes,
    maxConnections: limitOf(config.int('max.connections')),
    maxConnectionsPerIp: limitOf(config.int('max.connections.per.ip')),
    maxConnectionsPerIpOverrides: overrides.ok ? overrides.counts : new Map(),
    maxConnectionCreationRate: limitOf(config.int('max.connection.creation.rate')),
  };
}

/** The limits of one listener. As in Kafka the brokers' own listener is protected when there are others. */
export function listenerLimits(config: BrokerConfig, listener: string, listeners: number): ListenerLimits {
  const own = config.string('inter.broker.listener.name') ?? config.string('security.inter.broker.protocol');
  return {
    maxConnections: limitOf(config.listenerInt(listener, 'max.connections')),
    maxConnectionCreationRate: limitOf(config.listenerInt(listener, 'max.connection.creation.rate')),
    isProtected: listeners > 1 && own.toUpperCase() === listener,
  };
}

/** The largest INT is how Kafka writes "no limit". */
function limitOf(value: number): number {
  return value === INT_MAX ? Number.POSITIVE_INFINITY : value;
}
