import { supportedFeatures } from '../../metadata/features.js';
import type { MetadataCache } from '../../metadata/image.js';
import type { ApiVersionsRequest, ApiVersionsResponseInput } from '../../protocol/api/api_versions.js';
import { ErrorCode } from '../../protocol/errors.js';
import { type Api, type ApiVersionRange, advertisedRange } from '../../protocol/registry.js';
import { type Handler, SharedResponse } from '../handler.js';

/** What is advertised: only APIs with a handler, at the ranges of Kafka 4.3.1. */
export function advertisedApis(apis: Iterable<Api>): Array<{ apiKey: number; minVersion: number; maxVersion: number }> {
  return [...apis]
    .flatMap((api) => {
      const range: ApiVersionRange | undefined = advertisedRange(api);
      return range === undefined ? [] : [{ apiKey: api.key, minVersion: range.min, maxVersion: range.max }];
    })
    .sort((a, b) => a.apiKey - b.apiKey);
}

const validSoftwareName = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;

/**
 * ApiVersions (KIP-35, KIP-511, KIP-584). Every client sends it on every connection, so the answer is made once for each state of the
 * features: `apis` are called at the first request, when all handlers are registered.
 */
export function apiVersionsHandler(
  apis: () => Iterable<Api>,
  metadata: MetadataCache,
): Handler<ApiVersionsRequest, ApiVersionsResponseInput> {
  let answer: SharedResponse<ApiVersionsResponseInput> | undefined;
  let answeredEpoch = -1;
  return (request, context) => {
    const { clientSoftwareName: name, clientSoftwareVersion: version } = request;
    if (context.apiVersion >= 3) {
      if (!validSoftwareName.test(name) || !validSoftwareName.test(version))
        return { errorCode: ErrorCode.INVALID_REQUEST, apiKeys: [] };
      context.setSoftware(name, version);
    }
    const { features, featuresEpoch } = metadata.current();
    if (answer === undefined || featuresEpoch !== answeredEpoch) {
      answeredEpoch = featuresEpoch;
      answer = new SharedResponse({
        errorCode: ErrorCode.NONE,
        apiKeys: advertisedApis(apis()),
        throttleTimeMs: 0,
        supportedFeatures: [...supportedFeatures].map(([feature, { min, max }]) => ({
          name: feature,
          minVersion: min,
          maxVersion: max,
        })),
        finalizedFeaturesEpoch: featuresEpoch,
        finalizedFeatures: [...features].map(([feature, level]) => ({
          name: feature,
          maxVersionLevel: level,
          minVersionLevel: level,
        })),
      });
    }
    return answer;
  };
}
