import { type ConfigOp, configOperation } from '../../config/index.js';
import { failure } from '../../controller/assignments.js';
import type {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponseInput,
} from '../../protocol/api/incremental_alter_configs.js';
import { ErrorCode } from '../../protocol/errors.js';
import { type ConfigResourceDeps, changeResourceConfigs, repeatedResources } from '../config_resources.js';
import type { Handler } from '../handler.js';

/** IncrementalAlterConfigs (KIP-339): SET, DELETE, APPEND and SUBTRACT of single configs. */
export function incrementalAlterConfigsHandler(
  deps: ConfigResourceDeps,
): Handler<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponseInput> {
  return async (request) => {
    const responses = [];
    const repeated = repeatedResources(request.resources);
    for (const { resourceType, resourceName, configs } of request.resources) {
      const ops: ConfigOp[] = [];
      let unknown: number | undefined;
      for (const { name, configOperation: code, value } of configs) {
        const operation = configOperation(code);
        if (operation === undefined) unknown ??= code;
        else ops.push({ name, operation, value });
      }
      const refused =
        repeated(resourceType, resourceName) ??
        (unknown === undefined ? undefined : failure(ErrorCode.INVALID_REQUEST, `Unknown config operation ${unknown}`));
      const edit = { kind: 'incremental', ops } as const;
      const { errorCode, errorMessage } =
        refused ?? (await changeResourceConfigs(deps, resourceType, resourceName, edit, request.validateOnly));
      responses.push({ errorCode, errorMessage, resourceType, resourceName });
    }
    return { throttleTimeMs: 0, responses };
  };
}
