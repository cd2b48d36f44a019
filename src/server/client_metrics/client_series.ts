import type { Uuid } from '../../common/ids.js';
import type { DynamicFamily, Sample } from '../../telemetry/index.js';
import { decodeOtlp, type OtlpPoint } from './otlp.js';
import type { ClientPush, TelemetryReceiver } from './receiver.js';
import type { ClientAttributes } from './subscriptions.js';

interface Series {
  readonly name: string;
  readonly isCounter: boolean;
  readonly labels: Readonly<Record<string, string>>;
  value: number;
}

/** So that no client, and no number of them, can fill the memory or the scrape. */
const limits = { perClient: 2_000, all: 100_000, nameLength: 200, valueLength: 200 };

/** The receiver `prometheus`: what clients pushed last, on the broker's own `/metrics`, as long as they are there. */
export class ClientSeries implements TelemetryReceiver {
  private readonly byClient = new Map<Uuid, Map<string, Series>>();
  private total = 0;
  /** Numbers that were not kept: too many, or of a kind that Kafka's clients do not send. */
  leftOut = 0;

  constructor(private readonly most: { readonly perClient: number; readonly all: number } = limits) {}

  receive({ clientInstanceId, attributes, data }: ClientPush): void {
    const { points, others } = decodeOtlp(data);
    this.leftOut += others;
    const own = this.byClient.get(clientInstanceId) ?? new Map<string, Series>();
    this.byClient.set(clientInstanceId, own);
    const client = labelsOf(attributes);
    for (const point of points) this.take(point, own, client);
  }

  private take(point: OtlpPoint, own: Map<string, Series>, client: Readonly<Record<string, string>>): void {
    const isCounter = point.kind !== 'gauge';
    const name = seriesName(point.name, isCounter);
    const labels = {
      ...Object.fromEntries([...point.labels].map(([key, value]) => [labelName(key), short(value)])),
      ...client,
    };
    const key = JSON.stringify([
      name,
      ...Object.entries(labels)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flat(),
    ]);
    const known = own.get(key);
    // Of what only grows nothing is taken away, whatever a client says.
    const value = isCounter && !(point.value >= 0) ? 0 : Math.min(point.value, Number.MAX_VALUE);
    if (known !== undefined)
      known.value = point.kind === 'delta' ? Math.min(known.value + value, Number.MAX_VALUE) : value;
    else if (own.size >= this.most.perClient || this.total >= this.most.all) this.leftOut += 1;
    else {
      this.total += 1;
      own.set(key, { name, isCounter, labels, value });
    }
  }

  forget(clientInstanceId: Uuid): void {
    this.total -= this.byClient.get(clientInstanceId)?.size ?? 0;
    this.byClient.delete(clientInstanceId);
  }

  close(): void {
    this.byClient.clear();
    this.total = 0;
  }

  /** For the scrape. One name is of one kind, the first that was seen. */
  families(): DynamicFamily[] {
    const families = new Map<string, { kind: 'counter' | 'gauge'; samples: Sample[] }>();
    for (const own of this.byClient.values())
      for (const { name, isCounter, labels, value } of own.values()) {
        // An average of nothing.
        if (Number.isNaN(value)) continue;
        const kind = isCounter ? 'counter' : 'gauge';
        const family = families.get(name) ?? { kind, samples: [] };
        families.set(name, family);
        if (family.kind === kind) family.samples.push({ labels, value });
      }
    return [...families].map(([name, { kind, samples }]) => ({ name, kind, help: 'Pushed by clients.', samples }));
  }
}

function labelsOf(attributes: ClientAttributes): Readonly<Record<string, string>> {
  return {
    client_instance_id: attributes.client_instance_id ?? '',
    client_id: short(attributes.client_id ?? ''),
    client_software_name: short(attributes.client_software_name ?? ''),
    client_software_version: short(attributes.client_software_version ?? ''),
  };
}

function seriesName(name: string, isCounter: boolean): string {
  const plain = name.slice(0, limits.nameLength).replaceAll(/[^A-Za-z0-9_:]/g, '_');
  const safe = /^[A-Za-z_:]/.test(plain) ? plain : `_${plain}`;
  return isCounter && !safe.endsWith('_total') ? `${safe}_total` : safe;
}

/** Names that begin with two underscores are Prometheus' own. */
function labelName(key: string): string {
  const plain = key.slice(0, limits.nameLength).replaceAll(/[^A-Za-z0-9_]/g, '_');
  return plain.replace(/^(?:$|(?=\d)|__+)/, '_');
}

function short(value: string): string {
  return value.slice(0, limits.valueLength);
}
