import { ApiKey } from '../../../src/protocol/api_keys.js';
import { WireClient } from '../../support/wire_client.js';

export type Body = Record<string, unknown>;
export type ApiName = keyof typeof ApiKey;

const patienceMs = 15_000;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A broker, with a connection per client, since a broker answers one request of a connection after the other. */
export class Connections {
  private readonly open = new Map<string, Promise<WireClient>>();

  constructor(readonly port: number) {}

  client(name: string): Promise<WireClient> {
    const known = this.open.get(name) ?? WireClient.connect(this.port, name);
    this.open.set(name, known);
    return known;
  }

  async send(client: string, api: ApiName, version: number, body: object): Promise<Body> {
    return (await this.client(client)).send<Body>(ApiKey[api], version, body);
  }

  /** Sends until the answer is as wanted: coordinators load and topics appear in the background. */
  async until(
    client: string,
    api: ApiName,
    version: number,
    body: object,
    wanted: (answer: Body) => boolean = succeeded,
  ): Promise<Body> {
    for (let left = patienceMs; ; left -= 50) {
      const answer = await this.send(client, api, version, body);
      if (wanted(answer)) return answer;
      if (left <= 0) throw new Error(`${client} ${api} ${JSON.stringify(body)}: ${JSON.stringify(answer)}`);
      await pause(50);
    }
  }

  async close(): Promise<void> {
    for (const client of this.open.values()) (await client).close();
    this.open.clear();
  }
}

/** Waits until the coordinators of groups and of transactions answer. */
export async function coordinatorsThere(on: Connections): Promise<void> {
  await on.until('admin', 'FindCoordinator', 4, { keyType: 0, coordinatorKeys: ['g'] });
  await on.until('admin', 'FindCoordinator', 4, { keyType: 1, coordinatorKeys: ['t'] });
  await on.until('admin', 'ListGroups', 5, { statesFilter: [], typesFilter: [] });
}

/** No error code in it says anything. */
export function succeeded(answer: unknown): boolean {
  if (Array.isArray(answer)) return answer.every(succeeded);
  if (answer === null || typeof answer !== 'object' || Buffer.isBuffer(answer)) return true;
  return Object.entries(answer).every(([name, value]) => (name === 'errorCode' ? value === 0 : succeeded(value)));
}
