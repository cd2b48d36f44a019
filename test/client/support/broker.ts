import {
  Admin,
  type ClientEnvironment,
  ClusterClient,
  type ClusterClientOptions,
  Consumer,
  type ConsumerOptions,
  Producer,
  type ProducerOptions,
} from '../../../src/client/index.js';
import { nodeDialer, systemClock, systemRandom, systemTimers } from '../../../src/env/index.js';
import { startBroker } from '../../../src/index.js';

export const environment: ClientEnvironment = {
  dialer: nodeDialer,
  clock: systemClock,
  timers: systemTimers,
  random: systemRandom,
};

export interface TestBroker {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Our broker in this process; or, with MILLRACE_TEST_BOOTSTRAP=host:port, any broker that runs there, such as Apache Kafka. */
export async function testBroker(): Promise<TestBroker> {
  const given = process.env.MILLRACE_TEST_BOOTSTRAP;
  if (given === undefined) return startBroker();
  const [host = '127.0.0.1', port = '9092'] = given.split(':');
  return { host, port: Number(port), close: () => Promise.resolve() };
}

/** Everything made with it is closed by `close`. */
export class TestClients {
  readonly #clusters: ClusterClient[] = [];
  readonly #consumers: Consumer[] = [];
  readonly #producers: Producer[] = [];
  readonly #admin: Admin;
  readonly #topics: string[] = [];
  #names = 0;

  constructor(
    private readonly broker: TestBroker,
    private readonly options: Partial<ClusterClientOptions> = {},
  ) {
    this.#admin = new Admin(this.cluster());
  }

  cluster(options: Partial<ClusterClientOptions> = {}): ClusterClient {
    const { host, port } = this.broker;
    const cluster = new ClusterClient(environment, {
      bootstrapServers: [{ host, port }],
      ...this.options,
      ...options,
    });
    this.#clusters.push(cluster);
    return cluster;
  }

  get admin(): Admin {
    return this.#admin;
  }

  producer(options: ProducerOptions = {}): Producer {
    const producer = new Producer(this.cluster(), options);
    this.#producers.push(producer);
    return producer;
  }

  consumer(options: ConsumerOptions = {}): Consumer {
    const consumer = new Consumer(this.cluster(), options);
    this.#consumers.push(consumer);
    return consumer;
  }

  /** A name no other test has. */
  name(prefix: string): string {
    this.#names += 1;
    return `${prefix}-${process.pid}-${systemClock.wallMs().toString(36)}-${this.#names}`;
  }

  async topic(prefix: string, numPartitions = 1, configs: Record<string, string> = {}): Promise<string> {
    const name = this.name(prefix);
    const [created] = await this.#admin.createTopics([{ name, numPartitions, replicationFactor: 1, configs }]);
    if (created?.error !== undefined) throw created.error;
    await this.#admin.awaitTopics([name]);
    this.#topics.push(name);
    return name;
  }

  async close(): Promise<void> {
    for (const producer of this.#producers) producer.abort();
    await Promise.all(this.#consumers.map((consumer) => consumer.close()));
    if (this.#topics.length > 0) await this.#admin.deleteTopics(this.#topics);
    await Promise.all(this.#clusters.map((cluster) => cluster.close()));
  }
}

/** Polls until `count` records are there; more is a mistake the test will see. */
export async function read(consumer: Consumer, count: number) {
  const records = [...(await consumer.poll())];
  while (records.length < count) records.push(...(await consumer.poll()));
  return records;
}

export const text = (bytes: Uint8Array | null | undefined): string | null =>
  bytes === null || bytes === undefined ? null : Buffer.from(bytes).toString();
