import type { EgressAccounts, EgressTotals } from '../common/ports/index.js';
import type { NativeNetwork } from '../storage/native_addon.js';

/** Clients that are kept apart. */
const maxClients = 1000;
/** A longer client id is cut off. */
const maxNameLength = 255;
/** Row that takes what has no account of its own (`EgressTable::kOther`). */
const other = 0;

interface ClientAccount {
  readonly account: number;
  connections: number;
}

/** Names for the accounts of the addon's ledger. Nothing here runs per request. */
export class NativeEgressAccounts implements EgressAccounts {
  private readonly topicAccounts = new Map<string, number>();
  /** In the order in which their last connection closed or first one opened. */
  private readonly clientAccounts = new Map<string, ClientAccount>();
  private readonly numbers = new Float64Array(12);

  constructor(
    private readonly network: NativeNetwork,
    private readonly limit = maxClients,
  ) {}

  topicAccount(topic: string): number {
    let account = this.topicAccounts.get(topic);
    if (account === undefined) {
      account = this.network.openAccount(false);
      this.topicAccounts.set(topic, account);
    }
    return account;
  }

  forgetTopic(topic: string): void {
    const account = this.topicAccounts.get(topic);
    if (account === undefined) return;
    this.topicAccounts.delete(topic);
    this.network.closeAccount(false, account);
  }

  /** A connection says which client it is. `leave` must follow with what this returns, if that is not undefined. */
  join(clientId: string): { readonly name: string; readonly account: number } | undefined {
    const name = clientId.slice(0, maxNameLength);
    let client = this.clientAccounts.get(name);
    if (client === undefined) {
      if (this.clientAccounts.size >= this.limit && !this.evict()) return undefined;
      client = { account: this.network.openAccount(true), connections: 0 };
      this.clientAccounts.set(name, client);
    }
    client.connections += 1;
    return { name, account: client.account };
  }

  leave(name: string): void {
    const client = this.clientAccounts.get(name);
    if (client === undefined) return;
    client.connections -= 1;
    if (client.connections > 0) return;
    this.clientAccounts.delete(name);
    this.clientAccounts.set(name, client);
  }

  /** The client that has been gone for longest gives up its row. False when all are connected. */
  private evict(): boolean {
    for (const [name, { account, connections }] of this.clientAccounts) {
      if (connections > 0) continue;
      this.clientAccounts.delete(name);
      this.network.closeAccount(true, account);
      return true;
    }
    return false;
  }

  *topics(): IterableIterator<readonly [string, EgressTotals]> {
    for (const [topic, account] of this.topicAccounts) yield [topic, this.totals(false, account)];
  }

  *clients(): IterableIterator<readonly [string, EgressTotals]> {
    for (const [name, { account }] of this.clientAccounts) yield [name, this.totals(true, account)];
  }

  otherTopics(): EgressTotals {
    return this.totals(false, other);
  }

  otherClients(): EgressTotals {
    return this.totals(true, other);
  }

  private totals(ofClients: boolean, account: number): EgressTotals {
    this.network.account(ofClients, account, this.numbers);
    const at = (index: number) => this.numbers[index] ?? 0;
    return {
      bytesSendfile: at(0),
      bytesCopied: { small: at(1) - at(2), cold: at(2), tls: 0, 'down-level': 0 },
      answers: at(3),
      regions: at(4),
      sendCalls: at(5),
      sendfileCalls: at(6),
      preadCalls: at(7),
      coldStops: at(8),
      bytesLoaded: at(9),
      repeats: at(10),
      bytesRepeated: at(11),
    };
  }
}
