import { ConnectionError } from '../client/index.js';
import { HttpError } from '../common/ports/index.js';
import { parseExposition, type ScrapedSample } from '../telemetry/index.js';
import { NotFoundError } from './exit_codes.js';
import type { Session } from './session.js';

export interface BrokerMetricsSource {
  readonly brokerId: number | null;
  readonly url: string;
  readonly sendfileMinBytes: number | null;
}

/** The broker shows no metrics that would help; the message says how to change that. */
export class MetricsUnavailableError extends Error {
  override readonly name = 'MetricsUnavailableError';
}

const portName = 'millrace.metrics.port';
const hostName = 'millrace.metrics.host';
const thresholdName = 'millrace.sendfile.min.bytes';

/**
 * Where the brokers that lead the topic show their metrics, or only `url` when it is given.
 *
 * @throws ProtocolError when the topic does not exist, NotFoundError when no broker leads it, MetricsUnavailableError when metrics are off
 */
export async function metricsSources(
  { admin }: Session,
  topic: string,
  url: string | undefined,
): Promise<readonly BrokerMetricsSource[]> {
  const [description] = await admin.describeTopics([topic]);
  if (description?.topic === undefined) throw description?.error ?? new NotFoundError(`topic ${topic} does not exist`);
  const leaders = [...new Set(description.topic.partitions.map(({ leaderId }) => leaderId))]
    .filter((id) => id >= 0)
    .sort((a, b) => a - b);
  if (leaders.length === 0) throw new NotFoundError(`no partition of ${topic} has a leader`);
  const { brokers } = await admin.describeCluster();
  const described = await admin.describeConfigs(
    leaders.map((id) => ({ type: 'broker' as const, name: String(id) })),
    { names: [portName, hostName, thresholdName] },
  );
  const sources = leaders.map((brokerId, index) => {
    const description = described[index];
    if (description?.error !== undefined) throw description.error;
    const value = (name: string) => description?.entries.find((entry) => entry.name === name)?.value ?? undefined;
    const address = brokers.find(({ nodeId }) => nodeId === brokerId)?.host ?? '';
    const threshold = value(thresholdName);
    return {
      brokerId,
      sendfileMinBytes: threshold === undefined ? null : Number(threshold),
      url: () => addressOf(brokerId, address, Number(value(portName) ?? -1), value(hostName) ?? ''),
    };
  });
  if (url === undefined) return sources.map((source) => ({ ...source, url: source.url() }));
  const only = sources.length === 1 ? sources[0] : undefined;
  return [{ brokerId: only?.brokerId ?? null, sendfileMinBytes: only?.sendfileMinBytes ?? null, url }];
}

function addressOf(brokerId: number, advertisedHost: string, port: number, host: string): string {
  if (port < 0)
    throw new MetricsUnavailableError(
      `broker ${brokerId} shows no metrics: restart it with --set ${portName}=9404, or any free port (it is -1, off, now)`,
    );
  if (port === 0)
    throw new MetricsUnavailableError(
      `broker ${brokerId} has a metrics port of its own choice (${portName}=0): name the address with --metrics-url`,
    );
  const everywhere = host === '' || host === '0.0.0.0' || host === '::';
  const name = everywhere ? advertisedHost : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}/metrics`;
}

/** @throws ConnectionError when nothing answers there, MetricsUnavailableError when something else does */
export async function scrape({ io }: Session, url: string): Promise<ScrapedSample[]> {
  try {
    const { status, body } = await io.http.get(url, { timeoutMs: 10_000 });
    if (status === 200) return [...parseExposition(body)];
    throw new MetricsUnavailableError(`${url} answers with status ${status}: it is no metrics page`);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    throw new ConnectionError(
      `the metrics cannot be read (${error.message}): run this on the broker's machine, or set ${hostName} to an address that is reachable from here`,
      { cause: error },
    );
  }
}
