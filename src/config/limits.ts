/** Largest INT of a config (`Integer.MAX_VALUE`): usually "no limit". */
export const INT_MAX = 2_147_483_647;
export const INT_MIN = -2_147_483_648;
export const SHORT_MAX = 32_767;
export const SHORT_MIN = -32_768;
