import { type Infer, type InferInput, message } from '../message.js';
import { array, bool, int8, int16, int32, string } from '../schema.js';

/** Raises or lowers the finalized level of features of the cluster (KIP-584). FEATURE_UPDATE_FAILED. */
export const UpdateFeaturesRequest = message({
  name: 'UpdateFeaturesRequest',
  key: 57,
  versions: '0-2',
  flexible: '0+',
  fields: {
    timeoutMs: int32('0+', { default: 60000 }),
    featureUpdates: array('0+', {
      feature: string('0+'),
      maxVersionLevel: int16('0+'),
      allowDowngrade: bool('0'),
      // 1 upgrade, 2 safe downgrade, 3 unsafe downgrade.
      upgradeType: int8('1+', { default: 1 }),
    }),
    validateOnly: bool('1+'),
  },
});
export type UpdateFeaturesRequest = Infer<typeof UpdateFeaturesRequest>;
export type UpdateFeaturesRequestInput = InferInput<typeof UpdateFeaturesRequest>;

export const UpdateFeaturesResponse = message({
  name: 'UpdateFeaturesResponse',
  key: 57,
  versions: '0-2',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+' }),
    results: array(
      '0-1',
      {
        feature: string('0+'),
        errorCode: int16('0+'),
        errorMessage: string('0+', { nullable: '0+' }),
      },
      { ignorable: true },
    ),
  },
});
export type UpdateFeaturesResponse = Infer<typeof UpdateFeaturesResponse>;
export type UpdateFeaturesResponseInput = InferInput<typeof UpdateFeaturesResponse>;
