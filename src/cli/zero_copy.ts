import type { CopyReason } from '../common/ports/index.js';
import type { ScrapedSample } from '../telemetry/index.js';

/** How records left, for one broker, topic or client; from the broker's start. */
export interface ZeroCopyShare {
  readonly bytes: number;
  readonly bytesSendfile: number;
  readonly bytesCopied: Readonly<Record<CopyReason, number>>;
  /** Of `bytes`, 0 to 1; 0 when nothing was sent. */
  readonly copiedShare: number;
  readonly answers: number;
  readonly regions: number;
  /** Null when nothing was sent; so are the calls. */
  readonly bytesPerRegion: number | null;
  readonly callsPerAnswer: CallsPerAnswer | null;
  readonly coldStops: number;
  readonly bytesLoaded: number;
}

export interface CallsPerAnswer {
  readonly sendmsg: number;
  readonly sendfile: number;
  readonly pread: number;
  readonly total: number;
}

export interface ClientShare extends ZeroCopyShare {
  readonly clientId: string;
}

export interface BrokerZeroCopy {
  readonly brokerId: number | null;
  readonly metricsUrl: string;
  /** `millrace.sendfile.min.bytes`; null when the broker does not tell. */
  readonly sendfileMinBytes: number | null;
  readonly broker: ZeroCopyShare;
  readonly topic: ZeroCopyShare;
  /** Over all topics they read, those with the most copied bytes first. */
  readonly clients: readonly ClientShare[];
  /** What to do about it, one sentence each. */
  readonly advice: readonly string[];
}

const prefixes = { broker: 'millrace_fetch_', topic: 'millrace_topic_fetch_', client: 'millrace_client_fetch_' };

/** Undefined when the scrape is not of a broker that counts this. */
export function zeroCopyOf(
  samples: Iterable<ScrapedSample>,
  topic: string,
  about: Pick<BrokerZeroCopy, 'brokerId' | 'metricsUrl' | 'sendfileMinBytes'>,
): BrokerZeroCopy | undefined {
  const broker = new Sums();
  const ofTopic = new Sums();
  const clients = new Map<string, Sums>();
  let known = false;
  for (const sample of samples) {
    const { name, labels } = sample;
    if (name.startsWith(prefixes.broker)) {
      known = true;
      broker.add(name.slice(prefixes.broker.length), sample);
    } else if (name.startsWith(prefixes.topic)) {
      if (labels.topic === topic) ofTopic.add(name.slice(prefixes.topic.length), sample);
    } else if (name.startsWith(prefixes.client)) {
      const clientId = labels.client_id ?? '';
      const sums = clients.get(clientId) ?? new Sums();
      clients.set(clientId, sums);
      sums.add(name.slice(prefixes.client.length), sample);
    }
  }
  if (!known) return undefined;
  const shares = [...clients].map(([clientId, sums]) => ({ clientId, ...sums.share() }));
  shares.sort((a, b) => copiedOf(b) - copiedOf(a) || (a.clientId < b.clientId ? -1 : 1));
  const found = { ...about, broker: broker.share(), topic: ofTopic.share(), clients: shares };
  return { ...found, advice: adviceOn(topic, found) };
}

/** Values by family and, where there is one, the label that tells its members apart. */
class Sums {
  private readonly values = new Map<string, number>();

  add(family: string, { labels, value }: ScrapedSample): void {
    const member = labels.call ?? (labels.path === 'copied' ? labels.reason : labels.path) ?? '';
    const key = `${family} ${member}`;
    this.values.set(key, (this.values.get(key) ?? 0) + value);
  }

  share(): ZeroCopyShare {
    const at = (family: string, member = ''): number => this.values.get(`${family}_total ${member}`) ?? 0;
    const bytesSendfile = at('bytes', 'sendfile');
    const bytesCopied = {
      small: at('bytes', 'small'),
      cold: at('bytes', 'cold'),
      tls: at('bytes', 'tls'),
      'down-level': at('bytes', 'down-level'),
    };
    const copied = copiedOf({ bytesCopied });
    const bytes = bytesSendfile + copied;
    const answers = at('answers');
    const regions = at('regions');
    const perAnswer = (calls: number): number => rounded(calls / answers);
    const [sendmsg, sendfile, pread] = [at('calls', 'sendmsg'), at('calls', 'sendfile'), at('calls', 'pread')];
    return {
      bytes,
      bytesSendfile,
      bytesCopied,
      copiedShare: bytes === 0 ? 0 : copied / bytes,
      answers,
      regions,
      bytesPerRegion: regions === 0 ? null : Math.round(bytes / regions),
      callsPerAnswer:
        answers === 0
          ? null
          : {
              sendmsg: perAnswer(sendmsg),
              sendfile: perAnswer(sendfile),
              pread: perAnswer(pread),
              total: perAnswer(sendmsg + sendfile + pread),
            },
      coldStops: at('cold_stops'),
      bytesLoaded: at('loaded_bytes'),
    };
  }
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

export function copiedOf({ bytesCopied }: Pick<ZeroCopyShare, 'bytesCopied'>): number {
  return bytesCopied.small + bytesCopied.cold + bytesCopied.tls + bytesCopied['down-level'];
}

/** Below this share there is nothing to gain. */
const worthShare = 0.05;
function adviceOn(
  topic: string,
  { topic: share, clients, sendfileMinBytes }: Pick<BrokerZeroCopy, 'topic' | 'clients' | 'sendfileMinBytes'>,
): string[] {
  if (share.bytes === 0) return [`no records of ${topic} were sent since the broker started`];
  const advice: string[] = [];
  if (share.copiedShare < worthShare) advice.push(`nothing to do: next to nothing of ${topic} is copied`);
  else advice.push(smallAdvice(share, sendfileMinBytes));
  const most = clients.find((client) => client.copiedShare >= worthShare);
  const copiedByAll = clients.reduce((sum, client) => sum + copiedOf(client), 0);
  if (share.copiedShare >= worthShare && most !== undefined && clients.length > 1 && copiedOf(most) > copiedByAll / 2)
    advice.push(
      `most copied bytes of all topics go to ${nameOf(most.clientId)} (${percent(copiedOf(most) / copiedByAll)}): begin with that client`,
    );
  if (share.bytesLoaded > worthShare * share.bytes)
    advice.push(
      `${percent(Math.min(1, share.bytesLoaded / share.bytes))} had to be read from the disk first (${share.coldStops} waits): consumers are further behind than memory reaches, let them catch up or give the machine more memory`,
    );
  return advice;
}

function smallAdvice({ bytes, regions, bytesPerRegion }: ZeroCopyShare, sendfileMinBytes: number | null): string {
  const average = bytesPerRegion ?? bytes;
  const threshold = `millrace.sendfile.min.bytes${sendfileMinBytes === null ? '' : ` (${sendfileMinBytes})`}`;
  const larger = 'raise fetch.min.bytes, with fetch.max.wait.ms, of the consumers';
  if (regions > 0 && sendfileMinBytes !== null && average >= sendfileMinBytes)
    return `regions have ${average} bytes on average, but a part of them is below ${threshold}: for fewer small ones ${larger}`;
  return `clients fetch regions of ${average} bytes on average, below ${threshold}, where one copy usually costs less than a sendfile: for fewer and larger ones ${larger}; lower millrace.sendfile.min.bytes only if a benchmark on this machine says so`;
}

export function nameOf(clientId: string): string {
  return clientId === '' ? 'clients without an id' : `client ${clientId}`;
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
