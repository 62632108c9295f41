import { type Graph, knownTypeOf, type Node } from '../../graph/graph.ts';
import { type Range, type Region, regionShape, type Shape } from '../../tensor/region.ts';
import type { ProgramBuilder } from '../program-builder.ts';

/** One node of the graph, of which a program is to compute `region` of the first output. */
export interface Target {
  readonly graph: Graph;
  readonly node: Node;
  readonly region: Region;
}

/** How a node computes a part of its output from parts of its inputs. */
export interface Part {
  /** The region needed of each input; undefined for an input that is absent or not needed. */
  readonly inputs: readonly (Region | undefined)[];
  /** Of the node that computes the part, where it is the node itself with other attributes. */
  readonly attributes?: Node['attributes'];
  /** Writes the node(s) that compute the part under the name of the node's first output. */
  emit(builder: ProgramBuilder): void;
}

/** The locality of an operator. Undefined: this region cannot be had from parts of the inputs alone. */
export type Rule = (target: Target) => Part | undefined;

/** What a range of a layer's input depth contributes to its output. */
export interface PartialSum {
  readonly inputs: readonly (Region | undefined)[];
  readonly output: { readonly region: Region; readonly join: 'place' | 'sum' };
  /** Writes the node and gives the name of its output, a tensor that the graph does not have. */
  emit(builder: ProgramBuilder): string;
}

/** How a layer's sum over its input depth splits. `region` of the target is the whole output. */
export type Reduction = (target: Target, channels: Range) => readonly PartialSum[];

/** Shape of the node's input `at`; the callers made sure that every shape is known. */
export function inputShape({ graph, node }: Target, at: number): Shape {
  return knownTypeOf(graph.types, node.inputs[at]!).shape;
}

export function outputShape({ graph, node }: Target): Shape {
  return knownTypeOf(graph.types, node.outputs[0]!).shape;
}

export function hasInput(node: Node, at: number): boolean {
  return (node.inputs[at] ?? '') !== '';
}

/** The node as it is, on the parts of its inputs. */
export function samePart(
  node: Node,
  inputs: readonly (Region | undefined)[],
  attributes = node.attributes,
): Part {
  return {
    inputs,
    attributes,
    emit(builder) {
      const names = node.inputs.map((name, at) => (inputs[at] ? builder.take(name, inputs[at]) : ''));
      builder.node({ ...node, inputs: names, outputs: [node.outputs[0]!], attributes });
    },
  };
}

/** The region of an input of `shape` that broadcasts to `region` of the output: axes align at the end (ONNX, numpy). */
export function broadcastRegion(shape: Shape, region: Region): Region {
  const shift = region.length - shape.length;
  const one = ([start, end]: Range) => start === 0 && end === 1;
  if (shift === 0 && shape.every((extent, axis) => extent !== 1 || one(region[axis]!))) return region;
  return shape.map((extent, axis): Range => (extent === 1 ? [0, 1] : region[axis + shift]!));
}

/** A new name for `region` of the node's first output. */
export function freshOutput(builder: ProgramBuilder, { graph, node }: Target, region: Region): string {
  const tensor = node.outputs[0]!;
  return builder.fresh(tensor, { dtype: knownTypeOf(graph.types, tensor).dtype, shape: regionShape(region) });
}
