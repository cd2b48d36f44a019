import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { BrokerConfig, parseProperties } from '../../config/index.js';
import {
  endBySignal,
  inlineMore,
  machineName,
  nodeDialer,
  nodeFileSystem,
  nodeFileTools,
  nodeHttpSender,
  nodeHttpServers,
  onStopSignal,
  type StopSignal,
  standardOutput,
  systemClock,
  systemRandom,
  systemTimers,
} from '../../env/index.js';
import { createNativeTransport } from '../../network/native_transport.js';
import { type Mount, mountConfigs, openMount } from '../../offline/mount.js';
import { BrokerServer } from '../../server/broker.js';
import { createNativeLocks } from '../../storage/native_locks.js';
import { createNativeLogStore } from '../../storage/native_log.js';
import { createJsonLogger, createTextLogger, LOG_LEVELS, type Logger, type LogLevel } from '../../telemetry/index.js';
import { StopRequest } from '../stop_request.js';

interface StartOptions {
  readonly host?: string;
  readonly port?: number;
  readonly data?: string;
  readonly mount?: string;
  readonly config?: string;
  readonly set?: readonly string[];
  readonly metricsPort?: number;
  readonly logLevel: LogLevel;
  readonly logFormat: 'auto' | 'text' | 'json';
}

/** Exit status when the broker could not start, or could not go on. */
const startFailed = 1;

/** `millrace start`: a broker in the foreground until a signal stops it. */
export function registerStart(program: Command): void {
  program
    .command('start')
    .description('start a broker; Ctrl-C stops it in an orderly way')
    .option('--host <address>', 'address to listen on (default 127.0.0.1)')
    .option('-p, --port <number>', 'port to listen on, 0 for any (default 9092)', portNumber)
    .option('-d, --data <directory>', 'data directory (default ./data)')
    .option(
      '--mount <directory>',
      'serve the log directory of a stopped Kafka or Millrace without changing a byte of it',
    )
    .option('-c, --config <file>', 'a Kafka server.properties file')
    .option('-s, --set <name=value>', 'a broker config, may be repeated', collect)
    .option('--metrics-port <number>', 'serve Prometheus metrics at http://127.0.0.1:<number>/metrics', portNumber)
    .addOption(new Option('--log-level <level>', 'what to log').choices(LOG_LEVELS).default('info'))
    .addOption(
      new Option('--log-format <format>', 'auto: text in a terminal, else JSON')
        .choices(['auto', 'text', 'json'])
        .default('auto'),
    )
    .action(async (options: StartOptions) => {
      process.exitCode = await start(options);
    });
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError('a port is a number from 0 to 65535');
  return port;
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  if (!value.includes('=')) throw new InvalidArgumentError('expected name=value');
  return [...previous, value];
}

async function createLogger(options: StartOptions): Promise<Logger> {
  const json = options.logFormat === 'json' || (options.logFormat === 'auto' && !standardOutput.isTerminal);
  const sink = { write: (line: string) => standardOutput.write(line) };
  const common = { level: options.logLevel, sink, clock: systemClock };
  return json ? createJsonLogger(common) : createTextLogger({ ...common, colour: standardOutput.isTerminal });
}

/**
 * Flags win over `--set`, `--set` over the file, the file over what this command has for defaults. `--host` and `--port` stand for
 * the listeners of the file with what it advertises for them; an `advertised.listeners` of `--set` is about them and stays.
 */
async function readConfig(options: StartOptions, mount: Mount | undefined): Promise<Map<string, string>> {
  const properties = new Map<string, string>();
  if (options.config !== undefined) {
    const bytes = await nodeFileSystem.readFile(options.config);
    if (bytes === undefined)
      throw new Error(`the file ${options.config} does not exist: name a server.properties file with --config`);
    for (const [name, value] of parseProperties(new TextDecoder().decode(bytes))) properties.set(name, value);
  }
  const chosen = options.host !== undefined || options.port !== undefined;
  if (chosen) properties.delete('advertised.listeners');
  for (const pair of options.set ?? []) {
    const at = pair.indexOf('=');
    properties.set(pair.slice(0, at).trim(), pair.slice(at + 1));
  }
  if (chosen || !properties.has('listeners'))
    properties.set('listeners', `PLAINTEXT://${options.host ?? '127.0.0.1'}:${options.port ?? 9092}`);
  if (options.data !== undefined || !(properties.has('log.dirs') || properties.has('log.dir')))
    properties.set('log.dirs', options.data ?? 'data');
  // Clients name log directories by their whole paths.
  for (const name of ['log.dirs', 'log.dir']) {
    const paths = properties.get(name)?.split(',') ?? [];
    const whole = paths.map((path) => path.trim()).map((path) => (path === '' ? '' : resolve(path)));
    if (paths.length > 0) properties.set(name, whole.join(','));
  }
  if (!properties.has('node.id') && !properties.has('broker.id')) properties.set('node.id', '1');
  if (mount !== undefined) for (const [name, value] of mountConfigs(mount)) properties.set(name, value);
  if (options.metricsPort !== undefined) properties.set('millrace.metrics.port', String(options.metricsPort));
  return properties;
}

async function start(options: StartOptions): Promise<number> {
  inlineMore();
  const logger = await createLogger(options);
  // From here on, not only once the broker is ready: a start that recovers logs may take its time.
  const stop = new StopRequest({ clock: systemClock, onStopSignal, endBySignal }, logger);
  let mount: Mount | undefined;
  try {
    if (options.mount !== undefined) mount = await mountDirectory(options, options.mount, logger);
    const server = await startServer(options, mount, logger, stop);
    if (server === undefined) return startFailed;
    const reason = await Promise.race([stop.asked.then(() => undefined), server.failed]);
    if (reason !== undefined) logger.fatal(reason);
    const status = await stopServer(server, logger);
    return reason === undefined ? status : startFailed;
  } catch (error) {
    logger.fatal(error instanceof Error ? error.message : String(error));
    return startFailed;
  } finally {
    await mount?.close();
    stop.end();
  }
}

async function mountDirectory(options: StartOptions, path: string, logger: Logger): Promise<Mount> {
  if (options.data !== undefined) throw new Error('--mount and --data exclude each other: what is mounted is the data');
  const ports = {
    files: nodeFileSystem,
    tools: nodeFileTools,
    locks: createNativeLocks(),
    clock: systemClock,
    timers: systemTimers,
  };
  const mount = await openMount(ports, path);
  for (const note of mount.notes) logger.warn(`${path}: ${note}`);
  logger.info(`${path} is mounted read-only; consumer groups live in ${mount.directory} until the stop`);
  return mount;
}

/** The broker, ready; undefined when it could not start and the log says why. */
async function startServer(
  options: StartOptions,
  mount: Mount | undefined,
  logger: Logger,
  stop: StopRequest<StopSignal>,
): Promise<BrokerServer | undefined> {
  try {
    const result = BrokerConfig.fromProperties(await readConfig(options, mount));
    if (!result.ok) {
      for (const { message } of result.errors) logger.fatal(message);
      return undefined;
    }
    for (const { message } of result.warnings) logger.warn(message);
    const server = createServer(result.config, mount, logger);
    const startedMs = systemClock.monotonicMs();
    await server.start();
    if (!stop.wasAsked) {
      announce(server, result.config, logger, Math.round(systemClock.monotonicMs() - startedMs));
      void server.checkAdvertised();
    }
    return server;
  } catch (error) {
    logger.fatal(
      error instanceof Error ? error.message : String(error),
      logger.isEnabled('debug') ? { error } : undefined,
    );
    return undefined;
  }
}

function createServer(config: BrokerConfig, mount: Mount | undefined, logger: Logger): BrokerServer {
  const ports = {
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    files: nodeFileSystem,
    store: createNativeLogStore({ mounted: mount !== undefined }),
    transport: createNativeTransport({ clock: systemClock, timers: systemTimers }),
    http: nodeHttpServers,
    sender: nodeHttpSender,
    dialer: nodeDialer,
    logger,
    hostname: machineName(),
  };
  return new BrokerServer(ports, config, mount?.source);
}

function announce(server: BrokerServer, config: BrokerConfig, logger: Logger, startMs: number): void {
  const { host, port } = server.address;
  const bootstrapServers = `${host}:${port}`;
  logger.info(`ready on ${bootstrapServers} after ${startMs} ms`, {
    bootstrapServers,
    clusterId: server.clusterId,
    nodeId: server.nodeId,
    dataDirectories: config.logDirs,
    ...(server.metricsPort === undefined
      ? {}
      : { metrics: `http://${config.string('millrace.metrics.host')}:${server.metricsPort}/metrics` }),
  });
  logger.info(
    `next: connect any Kafka client to ${bootstrapServers}, or try: echo hello | npx millrace produce first-topic -b ${bootstrapServers}`,
  );
}

/** The exit status, once the broker has stopped. */
async function stopServer(server: BrokerServer, logger: Logger): Promise<number> {
  try {
    await server.close((progress) => logger.info(progress));
    logger.info('stopped');
    return 0;
  } catch (error) {
    logger.error('the stop was not clean; logs are recovered at the next start', { error });
    return startFailed;
  }
}
