import { type Dialer, ListenError, type ServerTransport, type TransportListener } from '../common/ports/index.js';
import type { BrokerConfig } from '../config/index.js';
import { listenForRequests, type RequestPipeline } from '../network/request_channel.js';
import type { Logger } from '../telemetry/logger.js';
import { type Endpoint, resolveEndpoints } from './endpoints.js';
import { listenAdvice } from './listen_advice.js';
import { listenerLimits, networkLimits } from './network_limits.js';
import { BrokerStartError } from './start_error.js';

export interface ListenerPorts {
  readonly transport: ServerTransport;
  readonly dialer: Dialer;
  readonly logger: Logger;
  readonly hostname: string;
}

/** Requests that one connection may have sent ahead of the one in work (Kafka: none). The whole broker has limits of its own. */
const readAhead = { maxUnreleasedBytesPerConnection: 16 * 1024 * 1024, maxUnreleasedFramesPerConnection: 64 };

/** Where the broker listens, what clients are told of it, and what the network may take of it. */
export class BrokerListeners {
  readonly listeners: TransportListener[] = [];
  /** Of the listeners, in their order; none before {@link listen}. */
  endpoints: readonly Endpoint[] = [];

  constructor(
    private readonly ports: ListenerPorts,
    private readonly config: BrokerConfig,
    private readonly pipeline: RequestPipeline,
    /** The configs as they are now. */
    private readonly dynamic: () => BrokerConfig,
  ) {}

  /** @throws EndpointError */
  resolve(): readonly Endpoint[] {
    const { config } = this;
    return resolveEndpoints({
      listeners: config.list('listeners'),
      advertisedListeners: config.list('advertised.listeners') ?? [],
      securityProtocolMap: config.string('listener.security.protocol.map').split(','),
      controllerListenerNames: config.list('controller.listener.names') ?? [],
      hostname: this.ports.hostname,
    });
  }

  /** @throws BrokerStartError */
  async listen(endpoints: readonly Endpoint[]): Promise<void> {
    const { config, ports } = this;
    const bound: Endpoint[] = [];
    this.configure();
    for (const endpoint of endpoints) {
      const options = {
        host: endpoint.host,
        port: endpoint.port,
        backlog: config.int('socket.listen.backlog.size'),
        maxFrameBytes: config.int('socket.request.max.bytes'),
        sendBufferBytes: config.int('socket.send.buffer.bytes'),
        receiveBufferBytes: config.int('socket.receive.buffer.bytes'),
        maxIdleMs: config.long('connections.max.idle.ms'),
        limits: listenerLimits(this.dynamic(), endpoint.name, endpoints.length),
        ...readAhead,
        sendfileMinBytes: config.int('millrace.sendfile.min.bytes'),
      };
      try {
        const listener = await listenForRequests(ports.transport, options, endpoint.name, this.pipeline);
        this.listeners.push(listener);
        bound.push({
          ...endpoint,
          port: listener.port,
          advertisedPort: endpoint.advertisedPort === 0 ? listener.port : endpoint.advertisedPort,
        });
      } catch (error) {
        if (!(error instanceof ListenError)) throw error;
        throw new BrokerStartError(listenAdvice(error), { cause: error });
      }
    }
    this.endpoints = bound;
  }

  /** Limits of the network as they are now. */
  configure(): void {
    const unknown = this.ports.transport.configure(networkLimits(this.dynamic()));
    if (unknown.length > 0)
      this.ports.logger.warn(
        `max.connections.per.ip.overrides: no address found for ${unknown.join(', ')}; use addresses, or names this machine can resolve`,
      );
    this.listeners.forEach((listener, index) => {
      const name = this.endpoints[index]?.name;
      if (name !== undefined) listener.configure(listenerLimits(this.dynamic(), name, this.endpoints.length));
    });
  }

  /** A warning with the remedy for each address that this machine cannot reach; none after `isClosing`. */
  async checkAdvertised(isClosing: () => boolean): Promise<void> {
    for (const { name, advertisedHost, advertisedPort } of this.endpoints) {
      try {
        const connection = await this.ports.dialer.connect({
          host: advertisedHost,
          port: advertisedPort,
          timeoutMs: 2000,
        });
        connection.close();
      } catch (error) {
        if (isClosing()) return;
        const why = error instanceof Error ? error.message : String(error);
        this.ports.logger.warn(
          `clients are told to connect to ${advertisedHost}:${advertisedPort} (listener ${name}), but this machine cannot reach it (${why}): set advertised.listeners to an address that clients can reach`,
        );
      }
    }
  }

  stopAccepting(): void {
    for (const listener of this.listeners) listener.stopAccepting();
  }

  async close(): Promise<void> {
    await Promise.all(this.listeners.map((listener) => listener.close()));
  }
}
