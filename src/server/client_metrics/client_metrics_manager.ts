import { type Uuid, ZERO_UUID } from '../../common/ids.js';
import type { Clock, Random, Timers } from '../../common/ports/index.js';
import type { MetadataCache, MetadataImage } from '../../metadata/image.js';
import type {
  GetTelemetrySubscriptionsRequest,
  GetTelemetrySubscriptionsResponseInput,
} from '../../protocol/api/get_telemetry_subscriptions.js';
import type { PushTelemetryRequest } from '../../protocol/api/push_telemetry.js';
import { ErrorCode } from '../../protocol/errors.js';
import { compressionId, compressions, decompress } from '../../records/compression.js';
import type { Logger } from '../../telemetry/logger.js';
import type { RequestContext } from '../handler.js';
import { ClientInstance } from './client_instance.js';
import { InstanceCounts } from './instance_counts.js';
import type { TelemetryReceiver } from './receiver.js';
import { type ClientAttributes, Subscriptions } from './subscriptions.js';

/** Clients that are remembered; the one that was silent longest goes first. */
const maxInstances = 16_384;
const leastExpiryMs = 60_000;
/** In the order in which clients should prefer them. */
const acceptedCompressionTypes = (['zstd', 'lz4', 'gzip', 'snappy'] as const).map(compressionId);
/** `new Uuid(0, 1)`: ids that are no client's. */
const reservedIds: ReadonlySet<string> = new Set([ZERO_UUID, 'AAAAAAAAAAAAAAAAAAAAAQ']);

export interface ClientMetricsSettings {
  readonly maxBytes: number;
  readonly receivers: readonly TelemetryReceiver[];
}

/** Who may push metrics, which and how often (KIP-714). Reads nothing but its arguments and its ports; receivers do the rest. */
export class ClientMetricsManager {
  readonly counts = new InstanceCounts();
  /** The one that was used last comes last. */
  private readonly instances = new Map<Uuid, ClientInstance>();
  /** Of each connection: the client that became known on it. */
  private readonly onConnection = new Map<number, Uuid>();
  /** Connections whose end will be told. */
  private readonly watched = new Set<number>();
  private subscriptions = new Subscriptions(new Map());
  private version = 0;
  private seen: MetadataImage['clientMetrics'] | undefined;

  constructor(
    private readonly ports: {
      readonly clock: Clock;
      readonly timers: Timers;
      readonly random: Random;
      readonly logger: Logger;
    },
    private readonly metadata: MetadataCache,
    private readonly settings: ClientMetricsSettings,
  ) {}

  /** Clients that are known. */
  get size(): number {
    return this.instances.size;
  }

  /** Without a receiver clients are not told that they could push. */
  get isReceiving(): boolean {
    return this.settings.receivers.length > 0;
  }

  subscribe(
    { clientInstanceId }: GetTelemetrySubscriptionsRequest,
    caller: RequestContext,
  ): GetTelemetrySubscriptionsResponseInput {
    const id = clientInstanceId === ZERO_UUID ? this.newId() : (clientInstanceId as Uuid);
    const instance = this.instance(id, caller);
    const mayRetry =
      instance.lastError === ErrorCode.UNKNOWN_SUBSCRIPTION_ID ||
      instance.lastError === ErrorCode.UNSUPPORTED_COMPRESSION_TYPE;
    if (!instance.mayAsk(this.ports.clock.monotonicMs()) && !mayRetry) {
      this.counts.throttled(id);
      return { errorCode: ErrorCode.THROTTLING_QUOTA_EXCEEDED };
    }
    instance.lastError = ErrorCode.NONE;
    const { id: subscriptionId, metrics, pushIntervalMs } = instance.subscription;
    return {
      errorCode: ErrorCode.NONE,
      clientInstanceId: id,
      subscriptionId,
      acceptedCompressionTypes,
      pushIntervalMs,
      telemetryMaxBytes: this.settings.maxBytes,
      deltaTemporality: true,
      requestedMetrics: [...metrics],
    };
  }

  push(request: PushTelemetryRequest, caller: RequestContext): ErrorCode {
    const id = request.clientInstanceId as Uuid;
    if (reservedIds.has(id)) return ErrorCode.INVALID_REQUEST;
    const instance = this.instance(id, caller);
    const refused = this.refusal(request, instance, id);
    instance.terminating = request.terminating;
    instance.lastError = refused ?? (request.metrics.length > 0 ? this.receive(request, instance, id) : ErrorCode.NONE);
    return instance.lastError;
  }

  private refusal(request: PushTelemetryRequest, instance: ClientInstance, id: Uuid): ErrorCode | undefined {
    if (instance.terminating) return ErrorCode.INVALID_REQUEST;
    if (!instance.mayPush(this.ports.clock.monotonicMs()) && !request.terminating) {
      this.counts.throttled(id);
      return ErrorCode.THROTTLING_QUOTA_EXCEEDED;
    }
    if (request.subscriptionId !== instance.subscription.id) {
      this.counts.unknownSubscriptions += 1;
      return ErrorCode.UNKNOWN_SUBSCRIPTION_ID;
    }
    if (compressions[request.compressionType] === undefined) return ErrorCode.UNSUPPORTED_COMPRESSION_TYPE;
    return request.metrics.length > this.settings.maxBytes ? ErrorCode.TELEMETRY_TOO_LARGE : undefined;
  }

  private receive(request: PushTelemetryRequest, { attributes }: ClientInstance, id: Uuid): ErrorCode {
    const startedMs = this.ports.clock.monotonicMs();
    try {
      const data = decompress(compressions[request.compressionType] ?? 'none', request.metrics, this.settings.maxBytes);
      for (const receiver of this.settings.receivers) receiver.receive({ clientInstanceId: id, attributes, data });
    } catch (error) {
      this.counts.failed(id);
      this.ports.logger.debug(`metrics of client ${attributes.client_id} could not be read`, { error });
      return ErrorCode.INVALID_RECORD;
    }
    this.counts.received(id, this.ports.clock.monotonicMs() - startedMs);
    return ErrorCode.NONE;
  }

  private newId(): Uuid {
    for (;;) {
      const id = this.ports.random.uuid();
      if (!this.instances.has(id)) return id;
    }
  }

  /** The client as it is now subscribed; its time until it is forgotten begins again. */
  private instance(id: Uuid, caller: RequestContext): ClientInstance {
    this.follow();
    const known = this.instances.get(id);
    this.instances.delete(id);
    known?.expiry?.cancel();
    const instance =
      known?.version === this.version ? known : this.begin(id, known?.attributes ?? attributesOf(id, caller), caller);
    this.instances.set(id, instance);
    this.evict();
    const { connectionId } = caller;
    const expiryMs = Math.max(leastExpiryMs, instance.subscription.pushIntervalMs * 3);
    instance.expiry = this.ports.timers.after(expiryMs, () => {
      this.onConnection.delete(connectionId);
      this.forget(id);
    });
    return instance;
  }

  private begin(id: Uuid, attributes: ClientAttributes, caller: RequestContext): ClientInstance {
    const { connectionId } = caller;
    if (!this.watched.has(connectionId)) {
      this.watched.add(connectionId);
      caller.onConnectionClose(() => this.disconnected(connectionId));
    }
    this.onConnection.set(connectionId, id);
    this.counts.add(id);
    return new ClientInstance(attributes, this.subscriptions.of(id, attributes), this.version);
  }

  private follow(): void {
    const { clientMetrics } = this.metadata.current();
    if (clientMetrics === this.seen) return;
    this.seen = clientMetrics;
    this.version += 1;
    this.subscriptions = new Subscriptions(clientMetrics);
  }

  private evict(): void {
    if (this.instances.size <= maxInstances) return;
    for (const id of this.instances.keys()) {
      this.forget(id);
      return;
    }
  }

  private disconnected(connectionId: number): void {
    const id = this.onConnection.get(connectionId);
    this.watched.delete(connectionId);
    this.onConnection.delete(connectionId);
    if (id !== undefined) this.forget(id);
  }

  private forget(id: Uuid): void {
    this.instances.get(id)?.expiry?.cancel();
    this.instances.delete(id);
    this.counts.remove(id);
    for (const receiver of this.settings.receivers) receiver.forget(id);
  }

  close(): void {
    for (const { expiry } of this.instances.values()) expiry?.cancel();
    this.instances.clear();
    for (const receiver of this.settings.receivers) receiver.close();
  }
}

function attributesOf(id: Uuid, caller: RequestContext): ClientAttributes {
  return {
    client_instance_id: id,
    client_id: caller.clientId,
    client_software_name: caller.clientSoftwareName,
    client_software_version: caller.clientSoftwareVersion,
    client_source_address: caller.clientAddress,
    client_source_port: String(caller.clientPort),
  };
}
