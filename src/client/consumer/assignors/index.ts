import type { AssignorName } from '../types.js';
import type { Assignor } from './assignor.js';
import { cooperativeStickyAssignor } from './cooperative_sticky.js';
import { rangeAssignor } from './range.js';
import { roundRobinAssignor } from './round_robin.js';

export const assignors: Readonly<Record<AssignorName, Assignor>> = {
  range: rangeAssignor,
  roundrobin: roundRobinAssignor,
  'cooperative-sticky': cooperativeStickyAssignor,
};
