import type { Step } from '../session/step.js';
import { groupSteps } from './groups.js';
import { stateSteps } from './state.js';
import { creations } from './steps.js';

/** A conversation about share groups, in order. */
export const shareSession: readonly Step[] = [...creations, ...stateSteps, ...groupSteps];
