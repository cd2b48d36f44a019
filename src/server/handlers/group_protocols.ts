import type { MetadataCache } from '../../metadata/image.js';
import type { TopicAccess } from '../access/index.js';
import type { RequestContext } from '../handler.js';

export interface GroupProtocolDeps {
  readonly metadata: MetadataCache;
  /** Whether `group.coordinator.rebalance.protocols` has the protocol; share groups go by their feature alone. */
  readonly isOffered?: (protocol: string) => boolean;
}

const features = { consumer: 'group.version', share: 'share.version', streams: 'streams.version' } as const;

/** Whether groups of the protocol can be used: the feature is there, and it is offered. UNSUPPORTED_VERSION else. */
export function hasProtocol({ metadata, isOffered }: GroupProtocolDeps, protocol: keyof typeof features): boolean {
  return isOffered?.(protocol) !== false && (metadata.current().features.get(features[protocol]) ?? 0) >= 1;
}

/** What the patterns of a group may match; undefined where there is no authorizer. */
export function describable(
  { topicAccess }: { readonly topicAccess?: TopicAccess },
  context: RequestContext,
): ((topic: string) => boolean) | undefined {
  return topicAccess === undefined ? undefined : (topic) => topicAccess.mayDescribe(context, topic);
}
