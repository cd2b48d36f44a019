import { CONFIG_RESOURCE } from '../../config/index.js';
import type { MetadataCache } from '../../metadata/image.js';
import type {
  ListConfigResourcesRequest,
  ListConfigResourcesResponseInput,
} from '../../protocol/api/list_config_resources.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { Handler } from '../handler.js';

const { TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP } = CONFIG_RESOURCE;

/** ListConfigResources (KIP-1000, KIP-1142): version 0 is about subscriptions to client metrics alone. UNSUPPORTED_VERSION for other types. */
export function listConfigResourcesHandler(deps: {
  readonly metadata: MetadataCache;
}): Handler<ListConfigResourcesRequest, ListConfigResourcesResponseInput> {
  return ({ resourceTypes }, { apiVersion }) => {
    const { topicsByName, brokers, clientMetrics, groupConfigs } = deps.metadata.current();
    const brokerNames = [...brokers.keys()].map(String);
    const names = new Map<number, Iterable<string>>([
      [TOPIC, topicsByName.keys()],
      [BROKER, brokerNames],
      [BROKER_LOGGER, brokerNames],
      [CLIENT_METRICS, clientMetrics.keys()],
      [GROUP, groupConfigs.keys()],
    ]);
    const asked = new Set(
      apiVersion === 0 ? [CLIENT_METRICS] : resourceTypes.length === 0 ? names.keys() : resourceTypes,
    );
    if ([...asked].some((type) => !names.has(type)))
      return { errorCode: ErrorCode.UNSUPPORTED_VERSION, configResources: [] };
    return {
      errorCode: ErrorCode.NONE,
      configResources: [...asked].flatMap((resourceType) =>
        [...(names.get(resourceType) ?? [])].map((resourceName) => ({ resourceName, resourceType })),
      ),
    };
  };
}
