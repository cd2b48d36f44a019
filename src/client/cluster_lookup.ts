import type { Fields } from '../protocol/schema.js';
import type { ApiCall } from './api_call.js';
import type { Answer, Body, Connection, SendOptions } from './connection.js';
import type { MetadataCache } from './metadata.js';

/**
 * Connections to one broker for requests that must not wait for each other: a broker answers the requests of a connection one
 * after the other, and holds fetches and joins back.
 */
export type Lane = 'main' | 'fetch' | 'group';

/** The part of a ClusterClient that finding brokers needs. */
export interface ClusterLookup {
  readonly metadata: MetadataCache;
  connectionTo(nodeId: number, lane?: Lane): Promise<Connection>;
  refreshMetadata(topics: readonly string[] | 'all'): Promise<void>;
  sendAny<Q extends Fields, R extends Fields>(
    call: ApiCall<Q, R>,
    body: Body<Q>,
    options?: SendOptions,
  ): Promise<Answer<R>>;
}
