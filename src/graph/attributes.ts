import type { Node } from './graph.ts';

/** The attribute as an integer or float; `fallback` where the node does not have it. */
export function numberOf(node: Node, name: string, fallback: number): number {
  const attribute = node.attributes[name];
  return attribute?.type === 'int' || attribute?.type === 'float' ? attribute.value : fallback;
}

export function numbersOf(node: Node, name: string): readonly number[] | undefined {
  const attribute = node.attributes[name];
  return attribute?.type === 'ints' || attribute?.type === 'floats' ? attribute.value : undefined;
}

export function stringOf(node: Node, name: string, fallback: string): string {
  const attribute = node.attributes[name];
  return attribute?.type === 'string' ? attribute.value : fallback;
}

/** `axis` counted from the front; ONNX lets it be negative. */
export function axisOf(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}
