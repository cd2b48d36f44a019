import type { AlterConfigsRequest, AlterConfigsResponseInput } from '../../protocol/api/alter_configs.js';
import { type ConfigResourceDeps, changeResourceConfigs, repeatedResources } from '../config_resources.js';
import type { Handler } from '../handler.js';

/** AlterConfigs: what is given takes the place of everything that was set. Kept for old clients; others send single operations. */
export function alterConfigsHandler(deps: ConfigResourceDeps): Handler<AlterConfigsRequest, AlterConfigsResponseInput> {
  return async (request) => {
    const responses = [];
    const repeated = repeatedResources(request.resources);
    for (const { resourceType, resourceName, configs } of request.resources) {
      const edit = { kind: 'replace', configs: new Map(configs.map(({ name, value }) => [name, value])) } as const;
      const { errorCode, errorMessage } =
        repeated(resourceType, resourceName) ??
        (await changeResourceConfigs(deps, resourceType, resourceName, edit, request.validateOnly));
      responses.push({ errorCode, errorMessage, resourceType, resourceName });
    }
    return { throttleTimeMs: 0, responses };
  };
}
