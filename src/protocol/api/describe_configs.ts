import { type Infer, type InferInput, message } from '../message.js';
import { array, arrayOf, bool, int8, int16, int32, string } from '../schema.js';

export const DescribeConfigsRequest = message({
  name: 'DescribeConfigsRequest',
  key: 32,
  versions: '1-4',
  flexible: '4+',
  fields: {
    resources: array('0+', {
      resourceType: int8('0+'),
      resourceName: string('0+'),
      configurationKeys: arrayOf('0+', 'string', { nullable: '0+' }),
    }),
    includeSynonyms: bool('1+'),
    includeDocumentation: bool('3+'),
  },
});
export type DescribeConfigsRequest = Infer<typeof DescribeConfigsRequest>;
export type DescribeConfigsRequestInput = InferInput<typeof DescribeConfigsRequest>;

export const DescribeConfigsResponse = message({
  name: 'DescribeConfigsResponse',
  key: 32,
  versions: '1-4',
  flexible: '4+',
  fields: {
    throttleTimeMs: int32('0+'),
    results: array('0+', {
      errorCode: int16('0+'),
      errorMessage: string('0+', { nullable: '0+' }),
      resourceType: int8('0+'),
      resourceName: string('0+'),
      configs: array('0+', {
        name: string('0+'),
        value: string('0+', { nullable: '0+' }),
        readOnly: bool('0+'),
        configSource: int8('1+', { default: -1, ignorable: true }),
        isSensitive: bool('0+'),
        synonyms: array(
          '1+',
          {
            name: string('1+'),
            value: string('1+', { nullable: '0+' }),
            source: int8('1+'),
          },
          { ignorable: true },
        ),
        configType: int8('3+', { ignorable: true }),
        documentation: string('3+', { nullable: '0+', ignorable: true }),
      }),
    }),
  },
});
export type DescribeConfigsResponse = Infer<typeof DescribeConfigsResponse>;
export type DescribeConfigsResponseInput = InferInput<typeof DescribeConfigsResponse>;
