import { splitList } from '../../common/split_list.js';
import type { BrokerConfig } from '../../config/index.js';
import type { MetadataCache } from '../../metadata/image.js';
import { ApiKey } from '../../protocol/api_keys.js';
import type { Api } from '../../protocol/registry.js';
import { OPERATION } from '../../security/acls.js';
import { StandardAuthorizer } from '../../security/authorizer.js';
import type { RequestContext } from '../handler.js';
import { Access } from './access.js';
import { type AnyHandler, type Body, guarded } from './guard.js';
import { accessRules } from './rules.js';
import { specialGuards } from './special.js';

/** Everybody may ask these; Fetch asks for each partition by itself, as its sessions outlive a request. */
const open: ReadonlySet<number> = new Set([
  ApiKey.ApiVersions,
  ApiKey.SaslHandshake,
  ApiKey.SaslAuthenticate,
  ApiKey.Fetch,
  ApiKey.GetTelemetrySubscriptions,
  ApiKey.PushTelemetry,
  ApiKey.CreateDelegationToken,
  ApiKey.RenewDelegationToken,
  ApiKey.ExpireDelegationToken,
  ApiKey.DescribeDelegationToken,
]);

/** `handler` behind what the authorizer says. An API without rules is refused to all but those who act for the cluster. */
export function withAccess(api: Api, handler: AnyHandler, access: Access): AnyHandler {
  if (open.has(api.key)) return handler;
  const special = specialGuards.get(api.key);
  if (special !== undefined) {
    const guard = special(api, handler, access);
    return (request, context) => guard(request as Body, context);
  }
  return guarded(api, handler, accessRules.get(api.key) ?? onlyCluster, access);
}

/** Undefined where no authorizer is configured: then nothing is in the way of a request. */
export function accessOf(config: BrokerConfig, metadata: MetadataCache): Access | undefined {
  if (config.string('authorizer.class.name') === '') return undefined;
  const superUsers = splitList(config.string('super.users'), ';');
  const allowsUnnamed = config.boolean('allow.everyone.if.no.acl.found');
  return new Access(new StandardAuthorizer(new Set(superUsers), allowsUnnamed), metadata);
}

/** Consumers read topics, replicas (topic undefined) act for the cluster. */
export function mayFetch(access: Access): (caller: RequestContext, topic: string | undefined) => boolean {
  return (caller, topic) =>
    topic === undefined
      ? access.mayCluster(caller, OPERATION.CLUSTER_ACTION)
      : access.mayTopic(caller, OPERATION.READ, topic);
}

export { type TopicAccess, topicAccess } from './topic_access.js';

const onlyCluster = [{ kind: 'cluster', operation: OPERATION.CLUSTER_ACTION }] as const;
