import { unreachable } from '../common/assert.js';
import { ErrorCode } from '../protocol/errors.js';
import { calls } from './calls.js';
import type { ClusterLookup } from './cluster_lookup.js';
import type { Connection } from './connection.js';
import { ConnectionError, hasCode, ProtocolError, RequestTimeoutError } from './errors.js';

export type CoordinatorKind = 'group' | 'transaction';

export interface CoordinatorKey {
  readonly kind: CoordinatorKind;
  readonly key: string;
}

/** Which broker coordinates which group or transactional id, as last heard. */
export class Coordinators {
  readonly #nodes = new Map<string, number>();

  constructor(private readonly cluster: ClusterLookup) {}

  forget({ kind, key }: CoordinatorKey): void {
    this.#nodes.delete(`${kind}:${key}`);
  }

  /** A connection to the coordinator. @throws ProtocolError (mostly retriable), ConnectionError */
  async connection(coordinator: CoordinatorKey): Promise<Connection> {
    const nodeId = await this.nodeId(coordinator);
    if (!this.cluster.metadata.brokers.has(nodeId)) await this.cluster.refreshMetadata([]);
    return this.cluster.connectionTo(nodeId, 'group');
  }

  /** Id of the coordinator. @throws ProtocolError (mostly retriable), ConnectionError */
  async nodeId(coordinator: CoordinatorKey): Promise<number> {
    const name = `${coordinator.kind}:${coordinator.key}`;
    const known = this.#nodes.get(name);
    if (known !== undefined) return known;
    const nodeId = await this.#find(coordinator);
    this.#nodes.set(name, nodeId);
    return nodeId;
  }

  /** Runs `use` once with the coordinator's connection, and forgets the coordinator when it turns out to be another. */
  async attempt<T>(coordinator: CoordinatorKey, use: (connection: Connection) => Promise<T>): Promise<T> {
    try {
      return await use(await this.connection(coordinator));
    } catch (error) {
      const moved =
        error instanceof ConnectionError ||
        error instanceof RequestTimeoutError ||
        hasCode(error, ErrorCode.NOT_COORDINATOR, ErrorCode.COORDINATOR_NOT_AVAILABLE);
      if (moved) this.forget(coordinator);
      throw error;
    }
  }

  async #find({ kind, key }: CoordinatorKey): Promise<number> {
    const keyType = keyTypeOf(kind);
    const { response, version } = await this.cluster.sendAny(calls.findCoordinator, (agreed) =>
      agreed >= 4 ? { keyType, coordinatorKeys: [key] } : { keyType, key },
    );
    const found = version >= 4 ? response.coordinators.find((one) => one.key === key) : response;
    const subject = `coordinator of ${kind} ${key}`;
    if (found === undefined) throw new ProtocolError(ErrorCode.COORDINATOR_NOT_AVAILABLE, subject);
    if (found.errorCode !== ErrorCode.NONE) throw new ProtocolError(found.errorCode, subject, found.errorMessage);
    return found.nodeId;
  }
}

function keyTypeOf(kind: CoordinatorKind): number {
  switch (kind) {
    case 'group':
      return 0;
    case 'transaction':
      return 1;
    default:
      return unreachable(kind);
  }
}
