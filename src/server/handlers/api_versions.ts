import { supportedFeatures } from '../../metadata/features.js';
import type { MetadataCache, MetadataImage } from '../../metadata/image.js';
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

/** Clients of older versions (Java up to 3.8) cannot read a feature that may be switched off, which is level 0. */
const levelZeroVersion = 4;

const validSoftwareName = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;

/**
 * ApiVersions (KIP-35, KIP-511, KIP-584). Every client sends it on every connection, so the answer is made once for each state of the
 * features: `apis` are called at the first request, when all handlers are registered.
 */
export function apiVersionsHandler(
  apis: () => Iterable<Api>,
  metadata: MetadataCache,
): Handler<ApiVersionsRequest, ApiVersionsResponseInput> {
  type Answer = SharedResponse<ApiVersionsResponseInput>;
  let forNewClients: Answer | undefined;
  let forOldClients: Answer | undefined;
  let answeredEpoch = -1;
  return (request, context) => {
    const { clientSoftwareName: name, clientSoftwareVersion: version } = request;
    if (context.apiVersion >= 3) {
      if (!validSoftwareName.test(name) || !validSoftwareName.test(version))
        return { errorCode: ErrorCode.INVALID_REQUEST, apiKeys: [] };
      context.setSoftware(name, version);
    }
    const image = metadata.current();
    if (image.featuresEpoch !== answeredEpoch) {
      answeredEpoch = image.featuresEpoch;
      forNewClients = forOldClients = undefined;
    }
    if (context.apiVersion >= levelZeroVersion) {
      forNewClients ??= answerOf(apis(), image, true);
      return forNewClients;
    }
    forOldClients ??= answerOf(apis(), image, false);
    return forOldClients;
  };
}

function answerOf(
  apis: Iterable<Api>,
  { features, featuresEpoch }: Pick<MetadataImage, 'features' | 'featuresEpoch'>,
  knowsLevelZero: boolean,
): SharedResponse<ApiVersionsResponseInput> {
  return new SharedResponse({
    errorCode: ErrorCode.NONE,
    apiKeys: advertisedApis(apis),
    throttleTimeMs: 0,
    supportedFeatures: [...supportedFeatures]
      .filter(([, { min }]) => min > 0 || knowsLevelZero)
      .map(([name, { min, max }]) => ({ name, minVersion: min, maxVersion: max })),
    finalizedFeaturesEpoch: featuresEpoch,
    finalizedFeatures: [...features].map(([name, level]) => ({ name, maxVersionLevel: level, minVersionLevel: level })),
  });
}
