import type { Clock, Timers } from '../common/ports/index.js';
import type { BrokerConfig } from '../config/index.js';
import type { MetadataCache } from '../metadata/image.js';
import { CONSUMER_BYTE_RATE } from '../quota/quota_keys.js';
import { QuotaManager } from '../quota/quota_manager.js';
import type { RequestContext } from './handler.js';
import { withMutationQuota } from './mutation_quota.js';
import type { Pipeline } from './request_pipeline.js';
import { Throttle } from './throttle.js';

/** Quotas of one broker: kept up to date with the metadata, asked by the pipeline. */
export class QuotaWiring {
  private readonly manager: QuotaManager;
  private readonly clock: Clock;

  constructor(
    config: BrokerConfig,
    private readonly metadata: MetadataCache,
    { clock }: { readonly clock: Clock },
  ) {
    this.clock = clock;
    this.manager = new QuotaManager(
      { samples: config.int('quota.window.num'), sampleMs: config.int('quota.window.size.seconds') * 1000 },
      {
        samples: config.int('controller.quota.window.num'),
        sampleMs: config.int('controller.quota.window.size.seconds') * 1000,
      },
    );
    metadata.onChange(({ clientQuotas }) => this.manager.load(clientQuotas));
    this.manager.load(metadata.current().clientQuotas);
  }

  /** Infinity where there is no quota. */
  readonly fetchBurstBytes = ({ principal, clientId }: RequestContext): number =>
    this.manager.active
      ? this.manager.burst(CONSUMER_BYTE_RATE, {
          user: principal.slice(principal.indexOf(':') + 1),
          clientId: clientId ?? '',
        })
      : Number.POSITIVE_INFINITY;

  /** Call it when all handlers are registered. */
  install(pipeline: Pipeline, timers: Timers, config: () => BrokerConfig): void {
    const deps = {
      manager: this.manager,
      metadata: this.metadata,
      nowMs: () => this.clock.monotonicMs(),
      defaultPartitions: () => config().int('num.partitions'),
    };
    pipeline.wrapAll((api, handler) => withMutationQuota(api, handler, deps));
    pipeline.throttle = new Throttle(this.manager, this.clock, timers);
  }
}
