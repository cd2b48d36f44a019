import type { Dialer, StreamConnection } from '../../../src/common/ports/index.js';
import { DialError } from '../../../src/common/ports/index.js';
import { seededRandom, VirtualTime } from '../../../src/env/index.js';
import { ApiKey } from '../../../src/protocol/api_keys.js';
import { beginResponse, decodeRequestHeader, finishFrame } from '../../../src/protocol/frame.js';
import { Reader } from '../../../src/protocol/reader.js';
import { type Api, advertisedRange, allApis } from '../../../src/protocol/registry.js';
import { Writer } from '../../../src/protocol/writer.js';

export interface FakeRequest {
  readonly api: Api;
  readonly version: number;
  readonly body: Record<string, unknown>;
  readonly port: number;
}

/** A response body; 'hold': never answered; 'drop': the connection ends; bytes: sent as they are. */
export type FakeAnswer = object | 'hold' | 'drop' | Uint8Array;
export type Responder = (request: FakeRequest) => FakeAnswer | Promise<FakeAnswer>;

/**
 * Brokers that answer as a test says, on a dialer in memory, in virtual time. Requests and answers are real frames. A broker
 * listens on each port that has a responder; ApiVersions and Metadata have answers unless the test replaces them.
 */
export class FakeCluster {
  readonly time = new VirtualTime({ startWallMs: 1_700_000_000_000 });
  readonly requests: FakeRequest[] = [];
  readonly connections: FakeConnection[] = [];
  readonly #responders = new Map<string, Responder>();
  readonly topics = new Map<string, { partitions: number; leaders?: readonly number[]; epoch?: number }>();
  readonly nodes = new Map<number, number>([[1, 9001]]);
  /** Ports that refuse connections. */
  readonly refusing = new Set<number>();
  /** Requests on their way; time stands still until they are there. */
  #travelling = 0;

  constructor() {
    this.time.holdWhile(() => this.#travelling > 0);
  }

  get environment() {
    return { dialer: this.dialer, clock: this.time, timers: this.time, random: seededRandom(7) };
  }

  readonly dialer: Dialer = {
    connect: ({ host, port }) => {
      if (this.refusing.has(port) || ![...this.nodes.values()].includes(port))
        return Promise.reject(new DialError(host, port, 'ECONNREFUSED'));
      const connection: FakeConnection = new FakeConnection((frame) => {
        this.#travelling += 1;
        setImmediate(() => {
          this.#travelling -= 1;
          void this.#serve(connection, port, frame);
        });
      });
      this.connections.push(connection);
      return Promise.resolve(connection);
    },
  };

  /** Answers of an API, by its name. */
  on(api: string, responder: Responder): this {
    this.#responders.set(api, responder);
    return this;
  }

  sent(api: string): readonly FakeRequest[] {
    return this.requests.filter((request) => request.api.name === api);
  }

  async #serve(connection: FakeConnection, port: number, frame: Buffer): Promise<void> {
    const reader = new Reader(frame);
    const header = decodeRequestHeader(reader);
    const { api, apiVersion: version, correlationId } = header;
    if (api === undefined) throw new Error(`no API ${header.apiKey}`);
    const body = api.request.decode(reader, version) as Record<string, unknown>;
    const request = { api, version, body, port };
    this.requests.push(request);
    const answer = await (this.#responders.get(api.name) ?? ((one) => this.#byDefault(one)))(request);
    if (answer === 'hold') return;
    if (answer === 'drop') connection.end(new Error('reset'));
    else if (answer instanceof Uint8Array) connection.deliver(answer);
    else connection.deliver(responseFrame(api, version, correlationId, answer));
  }

  #byDefault(request: FakeRequest): FakeAnswer {
    if (request.api.key === ApiKey.ApiVersions) return apiVersions();
    if (request.api.key === ApiKey.Metadata) return this.metadata(request);
    throw new Error(`no answer for ${request.api.name}`);
  }

  metadata(request: FakeRequest): object {
    const asked = request.body.topics as ReadonlyArray<{ readonly name: string }> | null;
    const names = asked === null ? [...this.topics.keys()] : asked.map(({ name }) => name);
    return {
      brokers: [...this.nodes].map(([nodeId, port]) => ({ nodeId, host: 'fake', port })),
      controllerId: 1,
      clusterId: 'fake',
      topics: names.map((name) => {
        const topic = this.topics.get(name);
        if (topic === undefined) return { name, errorCode: 3 };
        return {
          name,
          partitions: Array.from({ length: topic.partitions }, (_, partitionIndex) => ({
            partitionIndex,
            leaderId: topic.leaders?.[partitionIndex] ?? 1,
            leaderEpoch: topic.epoch ?? 0,
            replicaNodes: [1],
            isrNodes: [1],
          })),
        };
      }),
    };
  }
}

export function apiVersions(changes: Readonly<Record<number, readonly [number, number]>> = {}): object {
  return {
    apiKeys: allApis().flatMap((api) => {
      const range = advertisedRange(api);
      if (range === undefined) return [];
      const [minVersion, maxVersion] = changes[api.key] ?? [range.min, range.max];
      return [{ apiKey: api.key, minVersion, maxVersion }];
    }),
  };
}

export function responseFrame(api: Api, version: number, correlationId: number, body: object): Buffer {
  const writer = new Writer();
  beginResponse(writer, api, version, correlationId);
  api.response.encode(writer, version, body);
  finishFrame(writer);
  return Buffer.concat(writer.toChain().filter((part) => part instanceof Uint8Array));
}

export class FakeConnection implements StreamConnection {
  #received = Buffer.alloc(0);
  #onData: ((chunk: Uint8Array) => void) | undefined;
  #onClose: ((error: Error | undefined) => void) | undefined;
  isOpen = true;

  constructor(private readonly onFrame: (frame: Buffer) => void) {}

  write(bytes: Uint8Array): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    while (this.#received.length >= 4) {
      const end = 4 + this.#received.readInt32BE(0);
      if (this.#received.length < end) return;
      const frame = this.#received.subarray(4, end);
      this.#received = this.#received.subarray(end);
      this.onFrame(frame);
    }
  }

  onData(handler: (chunk: Uint8Array) => void): void {
    this.#onData = handler;
  }

  onClose(handler: (error: Error | undefined) => void): void {
    this.#onClose = handler;
  }

  deliver(bytes: Uint8Array): void {
    if (this.isOpen) this.#onData?.(bytes);
  }

  end(error?: Error): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#onClose?.(error);
  }

  close(): void {
    this.end();
  }
}
