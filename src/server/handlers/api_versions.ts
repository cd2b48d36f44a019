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
 * ApiVersions (KIP-35, KIP-511). No features are finalized: `transaction.version` and the others change what clients send, and are
 * announced when that path works. Every client sends it on every connection, so the answer is made once: `apis` are called at the
 * first request, when all handlers are registered.
 */
export function apiVersionsHandler(apis: () => Iterable<Api>): Handler<ApiVersionsRequest, ApiVersionsResponseInput> {
  let answer: SharedResponse<ApiVersionsResponseInput> | undefined;
  return (request, context) => {
    const { clientSoftwareName: name, clientSoftwareVersion: version } = request;
    if (context.apiVersion >= 3) {
      if (!validSoftwareName.test(name) || !validSoftwareName.test(version))
        return { errorCode: ErrorCode.INVALID_REQUEST, apiKeys: [] };
      context.setSoftware(name, version);
    }
    answer ??= new SharedResponse({
      errorCode: ErrorCode.NONE,
      apiKeys: advertisedApis(apis()),
      throttleTimeMs: 0,
      finalizedFeaturesEpoch: 0,
    });
    return answer;
  };
}
