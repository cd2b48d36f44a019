import { losesMetadata, metadataVersion, supportedFeatures } from '../metadata/features.js';
import { ErrorCode } from '../protocol/errors.js';
import { type ControllerError, failure, isFailure } from './assignments.js';

export interface FeatureUpdate {
  readonly feature: string;
  readonly level: number;
  /** 1 upgrade, 2 safe downgrade, 3 unsafe downgrade; others are refused. */
  readonly upgradeType: number;
}

const UPGRADE = 1;
const SAFE_DOWNGRADE = 2;
const UNSAFE_DOWNGRADE = 3;

/** The finalized levels after `updates`, all or none. INVALID_UPDATE_VERSION. */
export function decideFeatures(
  current: ReadonlyMap<string, number>,
  updates: readonly FeatureUpdate[],
  nodeId: number,
): ReadonlyMap<string, number> | ControllerError {
  const next = new Map(current);
  // A feature twice: the last one counts, as in Kafka.
  for (const update of new Map(updates.map((one) => [one.feature, one])).values()) {
    const refused = judge(current.get(update.feature) ?? 0, update, nodeId);
    if (refused !== undefined) return refused;
    if (update.level === 0) next.delete(update.feature);
    else next.set(update.feature, update.level);
  }
  return next;
}

function judge(current: number, update: FeatureUpdate, nodeId: number): ControllerError | undefined {
  const { feature, level, upgradeType } = update;
  const refuse = (why: string) =>
    failure(ErrorCode.INVALID_UPDATE_VERSION, `Invalid update version ${level} for feature ${feature}. ${why}`);
  if (![UPGRADE, SAFE_DOWNGRADE, UNSAFE_DOWNGRADE].includes(upgradeType))
    return refuse('The controller does not support the given upgrade type.');
  if (level < 0) return refuse('A feature version cannot be less than 0.');
  const range = supportedFeatures.get(feature);
  if (range === undefined) return refuse(`Local controller ${nodeId} does not support this feature.`);
  if (level < range.min || level > range.max)
    return refuse(`Local controller ${nodeId} only supports versions ${range.min}-${range.max}`);
  if (level < current && upgradeType === UPGRADE)
    return refuse(
      "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade.",
    );
  if (level > current && upgradeType !== UPGRADE) return refuse("Can't downgrade to a newer version.");
  if (feature === metadataVersion && losesMetadata(current, level)) {
    const why =
      upgradeType === UNSAFE_DOWNGRADE
        ? 'Unsafe metadata downgrade is not supported in this version.'
        : 'Refusing to perform the requested downgrade because it might delete metadata information.';
    return failure(
      ErrorCode.INVALID_UPDATE_VERSION,
      `Unsupported metadata.version downgrade from ${current} to ${level}. ${why}`,
    );
  }
  return undefined;
}

/** The answer to UpdateFeatures: one bad feature fails all. */
export function asWhole(error: ControllerError): ControllerError {
  return isFailure(error) && error.errorCode === ErrorCode.INVALID_UPDATE_VERSION
    ? failure(
        error.errorCode,
        `The update failed for all features since the following feature had an error: ${error.errorMessage}`,
      )
    : error;
}
