import { calls } from '../calls.js';
import type { ClusterClient } from '../cluster_client.js';
import { throwIfError } from '../errors.js';
import type { ProducerIdentity } from './batch.js';

const maxEpoch = 32_767;

/** The producer id of an idempotent producer and its epoch. */
export class ProducerIds {
  #current: ProducerIdentity | undefined;
  #fetching: Promise<ProducerIdentity> | undefined;

  constructor(private readonly cluster: ClusterClient) {}

  get current(): ProducerIdentity | undefined {
    return this.#current;
  }

  /** Asks for an id when there is none. @throws OperationTimeoutError, ProtocolError */
  obtain(): Promise<ProducerIdentity> {
    if (this.#current !== undefined) return Promise.resolve(this.#current);
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  /**
   * Ends the epoch `of`: the next one begins, with sequence numbers from 0 for whoever takes it up. A producer without a
   * transactional id may count epochs up by itself (KIP-360); after the last one it needs another id.
   */
  bump(of: ProducerIdentity): void {
    if (this.#current !== of) return;
    const { producerId, producerEpoch } = of;
    this.#current = producerEpoch >= maxEpoch ? undefined : { producerId, producerEpoch: producerEpoch + 1 };
  }

  async #fetch(): Promise<ProducerIdentity> {
    const identity = await this.cluster.callAny(
      calls.initProducerId,
      { transactionalId: null, transactionTimeoutMs: 0x7fff_ffff },
      (response) => {
        throwIfError(response.errorCode, 'producer id');
        return { producerId: response.producerId, producerEpoch: response.producerEpoch };
      },
    );
    this.#current = identity;
    return identity;
  }
}
