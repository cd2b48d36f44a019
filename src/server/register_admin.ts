import type { Clock } from '../common/ports/index.js';
import type { BrokerConfig } from '../config/index.js';
import type { Controller } from '../controller/controller.js';
import type { MetadataCache } from '../metadata/image.js';
import { ApiKey } from '../protocol/api_keys.js';
import type { Logger } from '../telemetry/logger.js';
import { createAclsHandler, deleteAclsHandler, describeAclsHandler } from './handlers/acls.js';
import { alterClientQuotasHandler, describeClientQuotasHandler } from './handlers/client_quotas.js';
import {
  createDelegationTokenHandler,
  describeDelegationTokenHandler,
  expireDelegationTokenHandler,
  renewDelegationTokenHandler,
} from './handlers/delegation_tokens.js';
import { electLeadersHandler } from './handlers/elect_leaders.js';
import { listConfigResourcesHandler } from './handlers/list_config_resources.js';
import {
  alterPartitionReassignmentsHandler,
  listPartitionReassignmentsHandler,
} from './handlers/partition_reassignments.js';
import {
  addRaftVoterHandler,
  describeQuorumHandler,
  removeRaftVoterHandler,
  unregisterBrokerHandler,
} from './handlers/quorum.js';
import { alterUserScramCredentialsHandler, describeUserScramCredentialsHandler } from './handlers/scram_credentials.js';
import { updateFeaturesHandler } from './handlers/update_features.js';
import type { Pipeline } from './request_pipeline.js';

/** What the handlers of this file are made of. */
export interface AdminServices {
  readonly nodeId: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metadata: MetadataCache;
  readonly controller: Controller;
  config(): BrokerConfig;
}

/** APIs of those who run the cluster: who leads, who belongs to it, what it may use. */
export function registerAdmin(pipeline: Pipeline, services: AdminServices): void {
  const controllerListener = () => services.config().list('controller.listener.names')?.[0] ?? 'CONTROLLER';
  pipeline.register(ApiKey.ElectLeaders, electLeadersHandler(services));
  pipeline.register(ApiKey.AlterPartitionReassignments, alterPartitionReassignmentsHandler(services));
  pipeline.register(ApiKey.ListPartitionReassignments, listPartitionReassignmentsHandler());
  pipeline.register(ApiKey.DescribeQuorum, describeQuorumHandler(services));
  pipeline.register(ApiKey.AddRaftVoter, addRaftVoterHandler({ ...services, controllerListener }));
  pipeline.register(ApiKey.RemoveRaftVoter, removeRaftVoterHandler(services));
  pipeline.register(ApiKey.UnregisterBroker, unregisterBrokerHandler(services));
  pipeline.register(ApiKey.UpdateFeatures, updateFeaturesHandler(services));
  pipeline.register(ApiKey.ListConfigResources, listConfigResourcesHandler(services));
  pipeline.register(ApiKey.CreateDelegationToken, createDelegationTokenHandler());
  pipeline.register(ApiKey.RenewDelegationToken, renewDelegationTokenHandler());
  pipeline.register(ApiKey.ExpireDelegationToken, expireDelegationTokenHandler());
  pipeline.register(ApiKey.DescribeDelegationToken, describeDelegationTokenHandler());
  const acls = { ...services, isAuthorizing: () => services.config().string('authorizer.class.name') !== '' };
  pipeline.register(ApiKey.DescribeAcls, describeAclsHandler(acls));
  pipeline.register(ApiKey.CreateAcls, createAclsHandler(acls));
  pipeline.register(ApiKey.DeleteAcls, deleteAclsHandler(acls));
  pipeline.register(ApiKey.DescribeClientQuotas, describeClientQuotasHandler(services));
  pipeline.register(ApiKey.AlterClientQuotas, alterClientQuotasHandler(services));
  pipeline.register(ApiKey.DescribeUserScramCredentials, describeUserScramCredentialsHandler(services));
  pipeline.register(ApiKey.AlterUserScramCredentials, alterUserScramCredentialsHandler(services));
}
