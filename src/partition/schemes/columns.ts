import { strips } from './strips.ts';

/** As `rows`, on the other axis: for feature maps that are wider than high. Rows are one run of memory each, columns not. */
export const columns = strips('columns');
