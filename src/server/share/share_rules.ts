import { type BrokerConfig, groupBounds, withinBounds } from '../../config/index.js';
import type { MetadataCache } from '../../metadata/image.js';
import type { ShareRules } from '../../replication/share/states.js';

export interface GroupShareConfig extends ShareRules {
  readonly readsCommitted: boolean;
  /** `latest`, `earliest` or `by_duration:PnDTnHnMn.nS`. */
  readonly autoOffsetReset: string;
}

/** Settings of share groups: their own (`share.*`) over those of the broker (`group.share.*`), as they are when asked. */
export class ShareConfigs {
  private seen: { readonly groups: unknown; readonly broker: BrokerConfig } | undefined;
  private readonly byGroup = new Map<string, GroupShareConfig>();

  constructor(
    private readonly config: () => BrokerConfig,
    private readonly metadata: MetadataCache,
  ) {}

  of(groupId: string): GroupShareConfig {
    const broker = this.config();
    const groups = this.metadata.current().groupConfigs;
    if (this.seen?.groups !== groups || this.seen.broker !== broker) {
      this.seen = { groups, broker };
      this.byGroup.clear();
    }
    const known = this.byGroup.get(groupId);
    if (known !== undefined) return known;
    const read = groupShareConfig(broker, groups.get(groupId) ?? noConfigs);
    this.byGroup.set(groupId, read);
    return read;
  }
}

const noConfigs: ReadonlyMap<string, string> = new Map();

function groupShareConfig(broker: BrokerConfig, own: ReadonlyMap<string, string>): GroupShareConfig {
  const bounds = groupBounds(broker);
  const int = (name: string, brokersValue: number) => {
    const text = own.get(name);
    return text === undefined ? brokersValue : withinBounds(Number(text), bounds.get(name));
  };
  return {
    recordLockDurationMs: int('share.record.lock.duration.ms', broker.int('group.share.record.lock.duration.ms')),
    deliveryCountLimit: int('share.delivery.count.limit', broker.int('group.share.delivery.count.limit')),
    partitionMaxRecordLocks: int(
      'share.partition.max.record.locks',
      broker.int('group.share.partition.max.record.locks'),
    ),
    renewAcknowledgeEnable: own.get('share.renew.acknowledge.enable') !== 'false',
    readsCommitted: own.get('share.isolation.level')?.toLowerCase() === 'read_committed',
    autoOffsetReset: own.get('share.auto.offset.reset') ?? 'latest',
  };
}
