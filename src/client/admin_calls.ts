import { AlterClientQuotasRequest, AlterClientQuotasResponse } from '../protocol/api/alter_client_quotas.js';
import {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
} from '../protocol/api/alter_partition_reassignments.js';
import {
  AlterUserScramCredentialsRequest,
  AlterUserScramCredentialsResponse,
} from '../protocol/api/alter_user_scram_credentials.js';
import { ApiVersionsRequest, ApiVersionsResponse } from '../protocol/api/api_versions.js';
import { CreateAclsRequest, CreateAclsResponse } from '../protocol/api/create_acls.js';
import { DeleteAclsRequest, DeleteAclsResponse } from '../protocol/api/delete_acls.js';
import { DescribeAclsRequest, DescribeAclsResponse } from '../protocol/api/describe_acls.js';
import { DescribeClientQuotasRequest, DescribeClientQuotasResponse } from '../protocol/api/describe_client_quotas.js';
import {
  DescribeUserScramCredentialsRequest,
  DescribeUserScramCredentialsResponse,
} from '../protocol/api/describe_user_scram_credentials.js';
import { ElectLeadersRequest, ElectLeadersResponse } from '../protocol/api/elect_leaders.js';
import { ListConfigResourcesRequest, ListConfigResourcesResponse } from '../protocol/api/list_config_resources.js';
import {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse,
} from '../protocol/api/list_partition_reassignments.js';
import { UpdateFeaturesRequest, UpdateFeaturesResponse } from '../protocol/api/update_features.js';
import { apiCall } from './api_call.js';

/** APIs of those who run a cluster. */
export const adminCalls = {
  alterClientQuotas: apiCall(AlterClientQuotasRequest, AlterClientQuotasResponse),
  describeClientQuotas: apiCall(DescribeClientQuotasRequest, DescribeClientQuotasResponse),
  alterUserScramCredentials: apiCall(AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse),
  describeUserScramCredentials: apiCall(DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse),
  createAcls: apiCall(CreateAclsRequest, CreateAclsResponse),
  deleteAcls: apiCall(DeleteAclsRequest, DeleteAclsResponse),
  describeAcls: apiCall(DescribeAclsRequest, DescribeAclsResponse),
  // From 3 on the answer has features.
  apiVersions: apiCall(ApiVersionsRequest, ApiVersionsResponse, { minVersion: 3 }),
  // From 1 on a request says what kind of change it is.
  updateFeatures: apiCall(UpdateFeaturesRequest, UpdateFeaturesResponse, { minVersion: 1 }),
  electLeaders: apiCall(ElectLeadersRequest, ElectLeadersResponse, { minVersion: 1 }),
  alterPartitionReassignments: apiCall(AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse),
  listPartitionReassignments: apiCall(ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse),
  listConfigResources: apiCall(ListConfigResourcesRequest, ListConfigResourcesResponse, { minVersion: 1 }),
} as const;
