import type { Uuid } from '../../common/ids.js';
import type { MetadataCache } from '../../metadata/image.js';
import { CLUSTER_NAME, OPERATION, type Operation, RESOURCE, type ResourceType } from '../../security/acls.js';
import type { StandardAuthorizer } from '../../security/authorizer.js';
import type { RequestContext } from '../handler.js';

/** What the caller of a request may do, by the rules as they are now. */
export class Access {
  constructor(
    private readonly authorizer: StandardAuthorizer,
    private readonly metadata: MetadataCache,
  ) {}

  may(caller: RequestContext, operation: Operation, type: ResourceType, name: string): boolean {
    this.authorizer.load(this.metadata.current().acls);
    return this.authorizer.allows(caller, operation, type, name);
  }

  mayTopic(caller: RequestContext, operation: Operation, name: string): boolean {
    return this.may(caller, operation, RESOURCE.TOPIC, name);
  }

  mayCluster(caller: RequestContext, operation: Operation): boolean {
    return this.may(caller, operation, RESOURCE.CLUSTER, CLUSTER_NAME);
  }

  maySome(caller: RequestContext, operation: Operation, type: ResourceType): boolean {
    this.authorizer.load(this.metadata.current().acls);
    return this.authorizer.allowsSome(caller, operation, type);
  }

  /** Bits of the operations the caller may do (KIP-430). */
  operations(caller: RequestContext, type: ResourceType, name: string): number {
    const known = operationsOf[type] ?? [];
    return known.reduce(
      (field, operation) => (this.may(caller, operation, type, name) ? field | (1 << operation) : field),
      0,
    );
  }

  has(topic: string): boolean {
    return this.metadata.current().topicsByName.has(topic);
  }

  /** Undefined: there is no such topic. */
  topicId(name: string): Uuid | undefined {
    return this.metadata.current().topicsByName.get(name)?.id;
  }

  /** Undefined: no topic has this id. */
  topicNamed(id: string): string | undefined {
    return this.metadata.current().topicsById.get(id as Uuid)?.name;
  }
}

const { READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE, CLUSTER_ACTION, DESCRIBE_CONFIGS, ALTER_CONFIGS } = OPERATION;

/** What there is to be done to a resource of each type, as Kafka lists it. */
const operationsOf: Readonly<Partial<Record<ResourceType, readonly Operation[]>>> = {
  [RESOURCE.TOPIC]: [READ, WRITE, CREATE, DESCRIBE, DELETE, ALTER, DESCRIBE_CONFIGS, ALTER_CONFIGS],
  [RESOURCE.GROUP]: [READ, DESCRIBE, DELETE, DESCRIBE_CONFIGS, ALTER_CONFIGS],
  [RESOURCE.CLUSTER]: [
    CREATE,
    CLUSTER_ACTION,
    DESCRIBE_CONFIGS,
    ALTER_CONFIGS,
    OPERATION.IDEMPOTENT_WRITE,
    ALTER,
    DESCRIBE,
  ],
};
