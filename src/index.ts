import type { Duration } from './common/duration.js';
import { BrokerConfig } from './config/index.js';
import {
  machineName,
  NodeFileSystem,
  nodeDialer,
  nodeFileSystem,
  nodeFileTools,
  nodeHttpSender,
  nodeHttpServers,
  seededRandom,
  systemClock,
  systemRandom,
  systemTimers,
  VirtualTime,
} from './env/index.js';
import { createNativeTransport } from './network/native_transport.js';
import { type Mount, mountConfigs, openMount } from './offline/mount.js';
import type { OfflinePorts } from './offline/offline_directory.js';
import { BrokerServer } from './server/broker.js';
import { BrokerStartError } from './server/start_error.js';
import { createNativeLocks } from './storage/native_locks.js';
import { createNativeLogStore } from './storage/native_log.js';
import { type Logger, silentLogger } from './telemetry/index.js';

export * as client from './client/index.js';
export * as protocol from './protocol/index.js';
export { BrokerStartError } from './server/start_error.js';
export type { Logger } from './telemetry/index.js';

export interface StartBrokerOptions {
  /** 127.0.0.1 by default. */
  readonly host?: string;
  /** 0 (the default) picks a free port. */
  readonly port?: number;
  /** Default: a temporary directory that is removed on `close()`. */
  readonly dataDirectory?: string;
  /** Serves this log directory (of Kafka or Millrace, not in use) without changing a byte of it; writes answer POLICY_VIOLATION. */
  readonly mount?: string;
  /** Kafka's broker configs by name; they win over the options above. */
  readonly config?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  /** `virtual`: time stands still but for `broker.clock.advance()`. */
  readonly clock?: 'system' | 'virtual';
  /** Makes ids and every other random choice repeatable. */
  readonly seed?: number;
  /** Silent by default. */
  readonly logger?: Logger;
}

export interface BrokerClock {
  /** Milliseconds since the epoch, as the broker sees it. */
  now(): number;
  /** Moves virtual time (`'7d'`, `'90s'`, or milliseconds) and runs what becomes due. @throws Error with the system's clock */
  advance(duration: Duration): Promise<void>;
}

export interface Broker {
  readonly host: string;
  readonly port: number;
  /** `host:port`, for clients. */
  readonly bootstrapServers: string;
  readonly clusterId: string;
  readonly nodeId: number;
  readonly clock: BrokerClock;
  /** Port of `/metrics`, when `millrace.metrics.port` was given. */
  readonly metricsPort: number | undefined;
  /** The metrics in Prometheus text format. */
  metrics(): Promise<string>;
  /** Stops in an orderly way. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts a broker in this process, with data in a temporary directory unless told otherwise. Differences from Kafka's defaults for a
 * broker in a test: it listens on 127.0.0.1 at a free port, and the first rebalance of a group does not wait
 * (`group.initial.rebalance.delay.ms=0`); with a temporary directory `millrace.flush.mode=os`, since nothing outlives it.
 *
 * @throws BrokerStartError and others of the server, each with one sentence that says what to do
 */
export async function startBroker(options: StartBrokerOptions = {}): Promise<Broker> {
  const temporary =
    options.dataDirectory === undefined && options.mount === undefined
      ? await nodeFileSystem.makeTemporaryDirectory('millrace-')
      : undefined;
  const mount = options.mount === undefined ? undefined : await openMount(offlinePorts(), options.mount);
  const removeData = async () => {
    if (temporary !== undefined) await nodeFileSystem.remove(temporary);
    await mount?.close();
  };
  try {
    const broker = await start(options, temporary ?? options.dataDirectory ?? '', mount, removeData);
    return broker;
  } catch (error) {
    await removeData();
    throw error;
  }
}

function offlinePorts(): OfflinePorts {
  const locks = createNativeLocks();
  return { files: nodeFileSystem, tools: nodeFileTools, locks, clock: systemClock, timers: systemTimers };
}

async function start(
  options: StartBrokerOptions,
  directory: string,
  mount: Mount | undefined,
  removeData: () => Promise<void>,
): Promise<Broker> {
  const config = configOf(options, directory, mount);
  const virtual = options.clock === 'virtual' ? new VirtualTime() : undefined;
  const files = new NodeFileSystem();
  const clock = virtual ?? systemClock;
  const timers = virtual ?? systemTimers;
  const server = new BrokerServer(
    {
      clock,
      timers,
      random: options.seed === undefined ? systemRandom : seededRandom(options.seed),
      files,
      store: createNativeLogStore({ mounted: mount !== undefined }),
      transport: createNativeTransport({ clock, timers }),
      http: nodeHttpServers,
      sender: nodeHttpSender,
      dialer: nodeDialer,
      logger: options.logger ?? silentLogger,
      hostname: machineName(),
    },
    config,
    mount?.source,
  );
  virtual?.holdWhile(() => server.busy || files.pending > 0);
  await server.start();
  // Who starts a broker in a program of theirs wants to use it: nothing is answered as loading any more.
  await server.loaded;
  const { host, port } = server.address;
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= server.close().then(removeData);
    return closed;
  };
  void server.failed.then((why) => {
    options.logger?.fatal(why);
    return close();
  });
  return {
    host,
    port,
    bootstrapServers: `${host}:${port}`,
    clusterId: server.clusterId,
    nodeId: server.nodeId,
    metricsPort: server.metricsPort,
    clock: {
      now: () => clock.wallMs(),
      advance: (duration) => {
        if (virtual === undefined) throw new BrokerStartError("time can only be advanced with { clock: 'virtual' }");
        return virtual.advance(duration);
      },
    },
    metrics: () => server.metrics.exposition(),
    close,
  };
}

function configOf(options: StartBrokerOptions, directory: string, mount: Mount | undefined): BrokerConfig {
  const result = BrokerConfig.fromProperties({
    'node.id': 1,
    listeners: `PLAINTEXT://${options.host ?? '127.0.0.1'}:${options.port ?? 0}`,
    'log.dirs': directory,
    'group.initial.rebalance.delay.ms': 0,
    ...(options.dataDirectory === undefined ? { 'millrace.flush.mode': 'os' } : {}),
    ...options.config,
    ...(mount === undefined ? {} : Object.fromEntries(mountConfigs(mount))),
  });
  if (!result.ok) throw new BrokerStartError(result.errors.map(({ message }) => message).join('; '));
  for (const { message } of result.warnings) (options.logger ?? silentLogger).warn(message);
  return result.config;
}
