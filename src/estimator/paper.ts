import { numberOf } from '../graph/attributes.ts';
import { type Graph, knownTypeOf, type Node } from '../graph/graph.ts';
import { layerDepth } from '../partition/depth.ts';
import { proportionalRanges } from '../partition/ranges.ts';
import { type Range, sizeOf } from '../tensor/region.ts';
import type { OneWay } from './profile.ts';

/**
 * The estimator of Dey, Mukherjee, Pal and Balamuralidhar, "Partitioning of CNN Models for Execution on Fog Devices",
 * CitiFog 2018, section 3. Kept as it is, with its optimism: `stage-cost.ts` is what we plan with.
 */

/** A convolution as the paper describes it; a fully connected layer is one with K = 1 and M = 1. */
export interface PaperLayer {
  /** K²: elements of one filter plane. */
  readonly kernelArea: number;
  /** c: input channels. */
  readonly inputChannels: number;
  /** f: output channels. */
  readonly outputChannels: number;
  /** M: elements of one channel plane, taken to be alike for IFM and OFM (stride 1); ours is that of the OFM. */
  readonly planeElements: number;
}

/** The paper's three measured constants. */
export interface PaperCosts {
  /** γ: seconds of one step, a multiply-accumulate. */
  readonly gamma: number;
  /** α: seconds of start-up per message. A plane is a message. */
  readonly alpha: number;
  /** β: seconds per *element*. Ours is per byte: see `paperCosts`. */
  readonly beta: number;
}

/** The five terms of T_cld, in seconds. `transmit` and `receive` are those of one agent. */
export interface PaperTerms {
  readonly partition: number;
  readonly transmit: number;
  readonly edge: number;
  readonly receive: number;
  readonly join: number;
}

/** α and β of a link, with β per element. The paper knows one of each: the slower direction is taken. */
export function paperCosts(gamma: number, toAgent: OneWay, fromAgent: OneWay, elementBytes = 4): PaperCosts {
  const alpha = Math.max(toAgent.alpha, fromAgent.alpha);
  return { gamma, alpha, beta: Math.max(toAgent.beta, fromAgent.beta) * elementBytes };
}

/** K² c f M: the steps of the whole layer. */
export function stepsOf(layer: PaperLayer): number {
  return layer.kernelArea * layer.inputChannels * layer.outputChannels * layer.planeElements;
}

/** γ, measured the paper's way: the time of a full convolution divided by its steps. */
export function measuredGamma(layer: PaperLayer, seconds: number): number {
  return seconds / stepsOf(layer);
}

/** The layer on one device: K² c f M γ seconds. */
export function localTime(layer: PaperLayer, { gamma }: PaperCosts): number {
  return stepsOf(layer) * gamma;
}

/**
 * The terms for n agents of one capacity, counted as the paper counts: every plane travels once, c/n of them to an agent
 * and f/n back, each α + M β. Slicing and joining are in memory; where they are not measured they are 0.
 */
export function paperTerms(
  layer: PaperLayer,
  costs: PaperCosts,
  agents: number,
  { partition = 0, join = 0 }: { readonly partition?: number; readonly join?: number } = {},
): PaperTerms {
  const plane = costs.alpha + layer.planeElements * costs.beta;
  return {
    partition,
    transmit: (layer.inputChannels / agents) * plane,
    edge: localTime(layer, costs) / agents,
    receive: (layer.outputChannels / agents) * plane,
    join,
  };
}

/** T_cld = T_part + n (T_tx + T_rx) + T_edge + T_join: the agents' transmissions follow one another. */
export function distributedTime(
  { partition, transmit, edge, receive, join }: PaperTerms,
  agents: number,
): number {
  return partition + agents * (transmit + receive) + edge + join;
}

/** The layer's time on one device over T_cld. */
export function estimatedSpeedup(layer: PaperLayer, costs: PaperCosts, agents: number): number {
  return localTime(layer, costs) / distributedTime(paperTerms(layer, costs, agents), agents);
}

/**
 * S_max = K² c f γ / ((c + f)(α/M + β)): the limit of the speedup for ever more agents, when only the planes on the wire
 * are left. [s/MAC x MAC per element] / [s per element] has no unit, as it must.
 */
export function speedupBound(layer: PaperLayer, { gamma, alpha, beta }: PaperCosts): number {
  const { kernelArea, inputChannels: c, outputChannels: f, planeElements } = layer;
  return (kernelArea * c * f * gamma) / ((c + f) * (alpha / planeElements + beta));
}

export interface TriggerOptions {
  /** The estimated speedup must be above it. Default 1. */
  readonly threshold?: number;
  /** The layer must have at least so many channels on the side that is cut. Default 60. */
  readonly channels?: number;
}

export interface TriggerDecision {
  readonly distribute: boolean;
  readonly bound: number;
  readonly fastEnough: boolean;
  readonly deepEnough: boolean;
}

/** The paper's decision for one layer: both the estimated speedup and the channel rule must hold. */
export function trigger(
  layer: PaperLayer,
  costs: PaperCosts,
  side: 'input' | 'output',
  { threshold = 1, channels = 60 }: TriggerOptions = {},
): TriggerDecision {
  const bound = speedupBound(layer, costs);
  const depth = side === 'input' ? layer.inputChannels : layer.outputChannels;
  const fastEnough = bound > threshold;
  const deepEnough = depth >= channels;
  return { distribute: fastEnough && deepEnough, bound, fastEnough, deepEnough };
}

/** Uniform partition: as many channels for every agent as for the others, give or take one. */
export function uniformPartition(channels: number, agents: number): Range[] {
  return proportionalRanges(channels, new Array(agents).fill(1));
}

/** Capacity-weighted partition: channels in proportion to 1/γ of each agent. */
export function weightedPartition(channels: number, gammas: readonly number[]): Range[] {
  return proportionalRanges(
    channels,
    gammas.map((gamma) => 1 / gamma),
  );
}

/** The node as the paper sees it; undefined for what is no plain convolution or fully connected layer. */
export function paperLayer(graph: Graph, node: Node): PaperLayer | undefined {
  const depth = layerDepth(graph, node);
  if (!depth || numberOf(node, 'group', 1) !== 1) return undefined;
  const filters = knownTypeOf(graph.types, node.inputs[1]!).shape;
  return {
    kernelArea: node.op.startsWith('Conv') ? sizeOf(filters.slice(2)) : 1,
    inputChannels: depth.input,
    outputChannels: depth.output,
    planeElements: sizeOf(depth.outputShape) / depth.output,
  };
}
