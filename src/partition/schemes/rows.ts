import { strips } from './strips.ts';

/**
 * OFM rows in proportion to the workers; all filters on each. Every layer of a fused run adds its halo, which both
 * neighbours compute.
 *
 *     IFM            OFM
 *     +--------+
 *     |   a    |  -> rows of a
 *     | a + b  |     the halo: read by both
 *     |   b    |  -> rows of b
 *     +--------+
 */
export const rows = strips('rows');
