// One row per config: default, importance, how it changes, what Millrace does with it, a sentence, the rest.
import { broker } from '../entries.js';
import { nonNull } from '../validators.js';

export const standardAuthorizer = 'org.apache.kafka.metadata.authorizer.StandardAuthorizer';

/** Who may do what. The last two are StandardAuthorizer's own, which Kafka's table does not have. */
export const AUTHORIZER_CONFIGS = {
  'authorizer.class.name': broker.string(
    '',
    'LOW',
    'read-only',
    'full',
    `What decides who may do what: ${standardAuthorizer}, which is built in and keeps rules in the metadata, or nothing.`,
    { validator: nonNull },
  ),
  'allow.everyone.if.no.acl.found': broker.boolean(
    false,
    'LOW',
    'read-only',
    'full',
    'Whether everybody may use a resource that no rule is about; for StandardAuthorizer.',
    { internal: true },
  ),
  'super.users': broker.string(
    '',
    'LOW',
    'read-only',
    'full',
    'Principals that may do everything, with semicolons between: User:alice;User:bob; for StandardAuthorizer.',
    { internal: true },
  ),
} as const;
