import { type Infer, type InferInput, message } from '../message.js';
import { array, bool, int16, int32, int64, string } from '../schema.js';

/** Which APIs the broker speaks. A version it does not know is answered in the shape of version 0 with UNSUPPORTED_VERSION. */
export const ApiVersionsRequest = message({
  name: 'ApiVersionsRequest',
  key: 18,
  versions: '0-4',
  flexible: '3+',
  fields: {
    clientSoftwareName: string('3+', { ignorable: true }),
    clientSoftwareVersion: string('3+', { ignorable: true }),
  },
});
export type ApiVersionsRequest = Infer<typeof ApiVersionsRequest>;
export type ApiVersionsRequestInput = InferInput<typeof ApiVersionsRequest>;

/** Always sent with response header 0, whatever the version. `finalizedFeatures` change what clients do: announce only what works. */
export const ApiVersionsResponse = message({
  name: 'ApiVersionsResponse',
  key: 18,
  versions: '0-4',
  flexible: '3+',
  fields: {
    errorCode: int16('0+'),
    apiKeys: array('0+', {
      apiKey: int16('0+'),
      minVersion: int16('0+'),
      maxVersion: int16('0+'),
    }),
    throttleTimeMs: int32('1+', { ignorable: true }),
    supportedFeatures: array(
      '3+',
      {
        name: string('3+'),
        minVersion: int16('3+'),
        maxVersion: int16('3+'),
      },
      { tagged: '3+', tag: 0, ignorable: true },
    ),
    finalizedFeaturesEpoch: int64('3+', { tagged: '3+', tag: 1, default: -1, ignorable: true }),
    finalizedFeatures: array(
      '3+',
      {
        name: string('3+'),
        maxVersionLevel: int16('3+'),
        minVersionLevel: int16('3+'),
      },
      { tagged: '3+', tag: 2, ignorable: true },
    ),
    zkMigrationReady: bool('3+', { tagged: '3+', tag: 3, ignorable: true }),
  },
});
export type ApiVersionsResponse = Infer<typeof ApiVersionsResponse>;
export type ApiVersionsResponseInput = InferInput<typeof ApiVersionsResponse>;
