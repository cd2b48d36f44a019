import { isFailure } from '../../controller/assignments.js';
import type { Controller } from '../../controller/controller.js';
import { asWhole, decideFeatures, type FeatureUpdate } from '../../controller/decide_features.js';
import { keys } from '../../metadata/keys.js';
import type { UpdateFeaturesRequest, UpdateFeaturesResponseInput } from '../../protocol/api/update_features.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { Logger } from '../../telemetry/logger.js';
import type { Handler } from '../handler.js';

const lowestVersionWithTypes = 1;
const UPGRADE = 1;
const SAFE_DOWNGRADE = 2;

/** UpdateFeatures (KIP-584): finalized levels, all or none. INVALID_UPDATE_VERSION. */
export function updateFeaturesHandler(deps: {
  readonly nodeId: number;
  readonly controller: Controller;
  readonly logger: Logger;
}): Handler<UpdateFeaturesRequest, UpdateFeaturesResponseInput> {
  return async ({ featureUpdates, validateOnly }, { apiVersion }) => {
    const updates = featureUpdates.map(
      ({ feature, maxVersionLevel, allowDowngrade, upgradeType }): FeatureUpdate => ({
        feature,
        level: maxVersionLevel,
        upgradeType: apiVersion >= lowestVersionWithTypes ? upgradeType : allowDowngrade ? SAFE_DOWNGRADE : UPGRADE,
      }),
    );
    const result = await deps.controller.edit(
      [keys.features],
      (_values, image) => {
        const next = decideFeatures(image.features, updates, deps.nodeId);
        if (isFailure(next)) return next;
        return new Map([[keys.features, JSON.stringify(Object.fromEntries(next))]]);
      },
      validateOnly,
    );
    if (result.errorCode !== ErrorCode.NONE) return { ...asWhole(result), results: [] };
    if (!validateOnly)
      for (const { feature, level } of updates) deps.logger.info(`feature ${feature} is at level ${level} now`);
    return {
      ...result,
      results: updates.map(({ feature }) => ({ feature, errorCode: ErrorCode.NONE, errorMessage: 'NONE' })),
    };
  };
}
