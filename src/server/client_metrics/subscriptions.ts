import { crc32c } from '../../common/crc32c.js';
import type { Uuid } from '../../common/ids.js';
import type { CompiledRegex } from '../../common/re2/regex.js';
import { splitList } from '../../common/split_list.js';
import { type ClientSelector, parseClientMatch } from '../../config/index.js';
import { javaStringHash } from '../../coordinator/java_hash.js';
import { hashMapOrder, javaUuidHash } from '../../coordinator/modern/java_order.js';

/** What a client can be recognised by. Null: it does not say, and no pattern is about it. */
export type ClientAttributes = Readonly<Record<ClientSelector, string | null>>;

/** What one client is to send, and how often. */
export interface ClientSubscription {
  /** Changes with what it says; a push that names another one comes from a client that has not heard of the change. */
  readonly id: number;
  /** Prefixes of names; `*` alone wants all of them. */
  readonly metrics: readonly string[];
  readonly pushIntervalMs: number;
}

interface Subscription {
  readonly metrics: readonly string[];
  readonly intervalMs: number;
  readonly match: ReadonlyMap<ClientSelector, CompiledRegex>;
}

const defaultIntervalMs = 300_000;
const everything = '*';

/** Ids are made from lists as Java's hash tables have them: where Kafka ran before, or runs too, clients need not ask again. */
const javaOrder = (names: readonly string[], capacity = 16): string[] =>
  hashMapOrder(names, javaStringHash, Math.max(16, capacity));

type Configs = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** The `client-metrics` resources of the cluster, as they concern single clients. */
export class Subscriptions {
  private readonly all: readonly Subscription[];

  constructor(configs: Configs) {
    this.all = javaOrder([...configs.keys()]).map((name) => {
      const config: ReadonlyMap<string, string> = configs.get(name) ?? new Map();
      const match = parseClientMatch(config.get('match') ?? '');
      const metrics = splitList(config.get('metrics') ?? '', ',');
      return {
        metrics: javaOrder(metrics, Math.floor(metrics.length / 0.75) + 1),
        intervalMs: Number(config.get('interval.ms') ?? defaultIntervalMs),
        // What is stored was checked, but for what `log import` brought along: nobody matches what is no pattern here.
        match: typeof match === 'string' ? new Map([['client_id', { matches: () => false }] as const]) : match,
      };
    });
  }

  /** Everything that any matching resource wants, as often as the most eager of them. */
  of(instanceId: Uuid, attributes: ClientAttributes): ClientSubscription {
    const matching = this.all.filter(({ match }) =>
      [...match].every(([selector, pattern]) => {
        const attribute = attributes[selector];
        return attribute !== null && pattern.matches(attribute);
      }),
    );
    const wanted = new Set(matching.flatMap(({ metrics }) => metrics));
    const metrics = wanted.has(everything) ? [everything] : javaOrder([...wanted]);
    const pushIntervalMs = Math.min(defaultIntervalMs, ...matching.map(({ intervalMs }) => intervalMs));
    const checksum = crc32c(Buffer.from(`[${metrics.join(', ')}]${pushIntervalMs}`)) | 0;
    return { id: checksum ^ javaUuidHash(instanceId), metrics, pushIntervalMs };
  }
}
