import { numberOf } from '../../graph/attributes.ts';
import type { Node } from '../../graph/graph.ts';
import { type Region, wholeRegion } from '../../tensor/region.ts';
import { softmax } from './elementwise.ts';
import {
  broadcastRegion,
  hasInput,
  inputShape,
  type Part,
  type Rule,
  samePart,
  type Target,
} from './rule.ts';

/**
 * Operators of quantised elements whose scales and zero points are one number each. `plain` is the rule of the operator without
 * them, and `places` says where its operands are.
 */
export const asQuantised =
  (plain: Rule, places: readonly number[]): Rule =>
  (target) => {
    const { node } = target;
    if (numberOf(node, 'channels_last', 0) !== 0) return undefined;
    const inputs = places.map((at) => node.inputs[at] ?? '');
    const part = plain({ ...target, node: { ...node, domain: '', inputs } });
    if (!part) return undefined;
    const regions = withParameters(target, (at) => {
      const place = places.indexOf(at);
      return place < 0 ? undefined : part.inputs[place];
    });
    return emitted(node, part, regions);
  };

/** The rule's node with its own attributes (pads of a halo), on all inputs. */
function emitted(node: Node, part: Part, inputs: readonly (Region | undefined)[]): Part {
  return {
    inputs,
    emit(builder) {
      const attributes = part.attributes ?? node.attributes;
      samePart(node, inputs, attributes).emit(builder);
    },
  };
}

function withParameters(
  target: Target,
  regionOf: (at: number) => Region | undefined,
): (Region | undefined)[] {
  const { node } = target;
  return node.inputs.map((_, at) =>
    hasInput(node, at) ? (regionOf(at) ?? wholeRegion(inputShape(target, at))) : undefined,
  );
}

/** Two operands that broadcast, at 0 and 3. */
export const quantisedPair: Rule = (target) => {
  const { node, region } = target;
  const operand = (at: number) =>
    at === 0 || at === 3 ? broadcastRegion(inputShape(target, at), region) : undefined;
  return samePart(node, withParameters(target, operand));
};

/** The output's scale and zero point, then each operand with its own: those that the region does not touch fall away. */
export const quantisedConcatenation =
  (plain: Rule): Rule =>
  (target) => {
    const { node } = target;
    const operands = node.inputs.flatMap((name, at) => (at >= 2 && at % 3 === 2 ? [name] : []));
    const part = plain({ ...target, node: { ...node, domain: '', inputs: operands } });
    if (!part) return undefined;
    const touched = (at: number) => at < 2 || part.inputs[Math.floor((at - 2) / 3)] !== undefined;
    const inputs = node.inputs.map((_, at) => {
      if (!touched(at)) return undefined;
      return at >= 2 && at % 3 === 2 ? part.inputs[(at - 2) / 3] : wholeRegion(inputShape(target, at));
    });
    return {
      inputs,
      emit(builder) {
        const names = node.inputs.flatMap((name, at) => (inputs[at] ? [builder.take(name, inputs[at])] : []));
        builder.node({ ...node, inputs: names, outputs: [node.outputs[0]!] });
      },
    };
  };

/** Normalises along `axis`, and before operator set 13 (an attribute of the node) along all from there on. */
export const quantisedSoftmax: Rule = (target) => {
  const opsets = { '': numberOf(target.node, 'opset', 13) };
  const graph = { ...target.graph, opsets };
  return asQuantised(softmax, [0])({ ...target, graph });
};
