import { OPERATION } from '../../security/acls.js';
import type { RequestContext } from '../handler.js';
import type { Access } from './access.js';

/** For handlers that look at topics which their request does not name: of sessions, patterns, topologies. */
export interface TopicAccess {
  mayRead(caller: RequestContext, topic: string): boolean;
  mayDescribe(caller: RequestContext, topic: string): boolean;
  mayCreate(caller: RequestContext, topic: string): boolean;
}

export function topicAccess(access: Access): TopicAccess {
  return {
    mayRead: (caller, topic) => access.mayTopic(caller, OPERATION.READ, topic),
    mayDescribe: (caller, topic) => access.mayTopic(caller, OPERATION.DESCRIBE, topic),
    mayCreate: (caller, topic) =>
      access.mayCluster(caller, OPERATION.CREATE) || access.mayTopic(caller, OPERATION.CREATE, topic),
  };
}
