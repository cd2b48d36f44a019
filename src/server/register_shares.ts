import type { ShareCoordinator } from '../coordinator/share_coordinator.js';
import { ApiKey } from '../protocol/api_keys.js';
import {
  deleteShareGroupStateHandler,
  initializeShareGroupStateHandler,
  readShareGroupStateHandler,
  readShareGroupStateSummaryHandler,
  writeShareGroupStateHandler,
} from './handlers/share_group_state.js';
import type { Pipeline } from './request_pipeline.js';

/** What share groups (KIP-932) are made of. */
export interface ShareHandlerServices {
  readonly shareCoordinator: ShareCoordinator;
}

export function registerShares(pipeline: Pipeline, services: ShareHandlerServices): void {
  pipeline.register(ApiKey.InitializeShareGroupState, initializeShareGroupStateHandler(services));
  pipeline.register(ApiKey.ReadShareGroupState, readShareGroupStateHandler(services));
  pipeline.register(ApiKey.WriteShareGroupState, writeShareGroupStateHandler(services));
  pipeline.register(ApiKey.DeleteShareGroupState, deleteShareGroupStateHandler(services));
  pipeline.register(ApiKey.ReadShareGroupStateSummary, readShareGroupStateSummaryHandler(services));
}
