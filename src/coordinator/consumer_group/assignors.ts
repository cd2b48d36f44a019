import type { NamedAssignor } from '../modern/assignor.js';
import { rangeAssignor } from './range_assignor.js';
import { uniformAssignor } from './uniform_assignor.js';

/** By the names that `group.consumer.assignors` and clients use. */
export const consumerAssignors: readonly NamedAssignor[] = [
  { name: 'uniform', assign: uniformAssignor },
  { name: 'range', assign: rangeAssignor },
];
