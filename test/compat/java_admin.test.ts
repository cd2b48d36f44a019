import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startBroker } from '../../src/index.js';
import { kafkaJars } from './drivers.js';

// Kafka's Admin client (drivers/AdminJava.java) against a broker and, with MILLRACE_JAVA_ADMIN=host:port, against a Kafka with the same authorizer:
// both give these results.
const expected: Readonly<Record<string, string>> = {
  electLeaders: 'ElectionNotNeededException',
  'electLeaders all': '0',
  alterPartitionReassignments: 'null',
  'alterPartitionReassignments elsewhere': 'InvalidReplicaAssignmentException',
  'alterPartitionReassignments cancel': 'NoReassignmentInProgressException',
  listPartitionReassignments: '{}',
  describeMetadataQuorum: '1 1 0',
  addRaftVoter: 'UnsupportedVersionException',
  removeRaftVoter: 'UnsupportedVersionException',
  unregisterBroker: 'BrokerIdNotRegisteredException',
  alterClientQuotas: 'null',
  describeClientQuotas: '{producer_byte_rate=1.0E9}',
  'alterClientQuotas bad': 'InvalidRequestException',
  'alterClientQuotas remove': 'null',
  'describeClientQuotas all': '1',
  alterUserScramCredentials: 'null',
  describeUserScramCredentials: '[ScramCredentialInfo{mechanism=SCRAM_SHA_256, iterations=4096}]',
  'describeUserScramCredentials unknown': 'ResourceNotFoundException',
  'alterUserScramCredentials delete': 'null',
  createAcls: 'null',
  describeAcls: 'true',
  deleteAcls: '1',
  'describeAcls after': '0',
  'describeCluster operations':
    '[CREATE, ALTER, DESCRIBE, CLUSTER_ACTION, DESCRIBE_CONFIGS, ALTER_CONFIGS, IDEMPOTENT_WRITE]',
  describeFeatures: 'FinalizedVersionRange[min_version_level:30, max_version_level:30]',
  updateFeatures: 'null',
  'updateFeatures bad': 'InvalidUpdateVersionException',
  'client metrics': 'null',
  'client metrics value': '60000 DYNAMIC_CLIENT_METRICS_CONFIG',
  group: 'null',
  'group value': '50000 DYNAMIC_GROUP_CONFIG',
  logger: 'null',
  'logger value': 'WARN DYNAMIC_BROKER_LOGGER_CONFIG',
  listConfigResources: '[CLIENT_METRICS java, GROUP java]',
  createDelegationToken: 'UnsupportedByAuthenticationException',
  describeDelegationToken: 'UnsupportedByAuthenticationException',
};

const jars = kafkaJars();
if (jars === undefined)
  console.log('compat: the Java Admin client is skipped, not installed: needs java and real-kafka');
const other = process.env.MILLRACE_JAVA_ADMIN;

describe("Kafka's Admin client", () => {
  it.skipIf(jars === undefined)('makes every call', { timeout: 90_000 }, async () => {
    const broker = other === undefined ? await startBroker({ config: authorizing }) : undefined;
    try {
      const text = await javaAdmin(broker?.bootstrapServers ?? other ?? '');
      const lines = text.split('\n').flatMap((line) => {
        const at = line.indexOf(': ');
        // The client logs on the same stream.
        return at < 0 || /^\d{4}-/.test(line) ? [] : [[line.slice(0, at), line.slice(at + 2)] as const];
      });
      expect(Object.fromEntries(lines)).toEqual(expected);
    } finally {
      await broker?.close();
    }
  });
});

const authorizing = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:ANONYMOUS',
};

function javaAdmin(bootstrapServers: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const source = join(import.meta.dirname, 'drivers/AdminJava.java');
    const args = ['-XX:TieredStopAtLevel=1', '-cp', `${jars}/*`, source, bootstrapServers];
    const child = spawn('java', args, { stdio: ['ignore', 'pipe', 'ignore'] });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.on('error', reject);
    child.on('close', () => resolve(out));
  });
}
