import { decodeBatches } from '../../../src/records/index.js';
import { strangerId, zeroId } from './step.js';

type Value = Readonly<Record<string, unknown>>;

/** Times of the machine's clock are above this; those of the session's records are below. */
const nowMs = 1_750_000_000_000;

/**
 * Takes out of answers what differs from run to run: ids become names in the order in which they are first seen, times of the clock
 * and addresses become words. Lists of structs are put in one order; no client relies on the order in which Kafka's hash maps
 * give them.
 */
export class Normalizer {
  private readonly names = new Map<string, string>([
    [zeroId, 'ZERO'],
    [strangerId, 'STRANGER'],
  ]);
  private readonly made = new Map<string, number>();
  private members = 0;
  private producers = 0;
  private sessions = 0;

  answer(value: unknown): unknown {
    return this.walk('', value);
  }

  private nameTopic(name: string, topicId: string): void {
    if (this.names.has(topicId)) return;
    const count = (this.made.get(name) ?? 0) + 1;
    this.made.set(name, count);
    this.names.set(topicId, count === 1 ? `id of ${name}` : `id of ${name} #${count}`);
  }

  private named(kind: 'member' | 'producer' | 'session', id: string): string {
    const key = `${kind} ${id}`;
    let name = this.names.get(key);
    if (name === undefined) {
      const count = kind === 'member' ? ++this.members : kind === 'producer' ? ++this.producers : ++this.sessions;
      name = `${kind} ${count}`;
      this.names.set(key, name);
    }
    return name;
  }

  private walk(key: string, value: unknown): unknown {
    if (typeof value === 'bigint')
      return this.leaf(key, value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(value));
    if (value instanceof Uint8Array) return key === 'records' ? recordsOf(value) : Buffer.from(value).toString('hex');
    if (Array.isArray(value)) {
      const all = value.filter((element) => !isOurOwn(element)).map((element) => this.walk(key, element));
      return all.every((element) => typeof element === 'object') ? sorted(all) : all;
    }
    if (typeof value !== 'object' || value === null) return this.leaf(key, value);
    if (value instanceof Map) return this.walk(key, Object.fromEntries(value));
    const { name: named, topicId } = value as Value;
    if (typeof named === 'string' && named !== '' && typeof topicId === 'string') this.nameTopic(named, topicId);
    // Of the metadata log.
    const isQuorum = 'currentVoters' in value || 'replicaDirectoryId' in value;
    const entries = Object.entries(value as Value)
      .filter(([name]) => !name.startsWith('_'))
      .map(
        ([name, inner]) => [name, this.walk(isQuorum && quorumOffsets.has(name) ? quorumOffset : name, inner)] as const,
      );
    return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined));
  }

  private leaf(key: string, value: unknown): unknown {
    if (typeof value === 'number') {
      if (!Number.isFinite(value)) return String(value);
      if (key === quorumOffset && value > 0) return 'OFFSET';
      if (key === 'port' && value > 0) return 'PORT';
      if (key === 'producerId' && value >= 0) return this.named('producer', String(value));
      if (key === 'sessionId' && value > 0) return this.named('session', String(value));
      if (key === 'totalBytes' || key === 'usableBytes') return value > 0 ? 'BYTES' : value;
      if (key === 'finalizedFeaturesEpoch' && value >= 0) return 'EPOCH';
      return value > nowMs && value < 10 * nowMs ? 'NOW' : value;
    }
    if (typeof value !== 'string') return value;
    if (key === 'host' && value !== '') return 'HOST';
    if (key === 'logDir') return 'DIR';
    if (key === 'clusterId') return 'CLUSTER';
    if (key === 'topicId') return this.names.get(value) ?? value;
    if ((key === 'memberId' || key === 'leader') && value.length > 30) return this.named('member', value);
    return this.text(value);
  }

  /** Ids inside messages. */
  private text(value: string): string {
    let text = value;
    for (const [id, name] of this.names) if (id.length > 20 && text.includes(id)) text = text.replaceAll(id, name);
    text = text.replace(/cluster id "[^"]*"/, 'cluster id "CLUSTER"');
    return text.replaceAll(/\b1(7[5-9]|[89]\d)\d{10}\b/g, 'NOW');
  }

  /** An answer that no codec was asked to read. Correlation ids are the session's own. */
  rawFrames({ bytes, closed }: { readonly bytes: Buffer; readonly closed: boolean }): unknown {
    return { bytes: bytes.toString('hex'), closed };
  }
}

const quorumOffset = 'offset of the metadata log';
const quorumOffsets: ReadonlySet<string> = new Set(['highWatermark', 'logEndOffset']);

/** Configs that only Millrace has. */
function isOurOwn(element: unknown): boolean {
  return (
    typeof element === 'object' && element !== null && 'name' in element && String(element.name).startsWith('millrace.')
  );
}

function sorted(list: readonly unknown[]): unknown[] {
  return list
    .map((element) => [JSON.stringify(element), element] as const)
    .sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))
    .map(([, element]) => element);
}

/** Batches as they lie in the log, down to the checksum; those stamped by the broker without their times. */
function recordsOf(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return [];
  return [...decodeBatches(bytes)].map((batch) => {
    const stamped = batch.maxTimestampMs > nowMs;
    return {
      baseOffset: batch.baseOffset,
      leaderEpoch: batch.leaderEpoch,
      sequence: batch.baseSequence,
      ...(stamped || batch.producerId >= 0 ? {} : { crc: batch.crc }),
      records: batch.records.map(({ offset, key, value }) => `${offset}: ${text(key)}=${text(value)}`),
    };
  });
}

const text = (bytes: Uint8Array | null): string => (bytes === null ? 'null' : Buffer.from(bytes).toString());
