/** The part of the catalogue that speaks of what would end a process, or has ended one. */
export const CRASHES = {
  ISO_ERR_VERSION_CRASHED: {
    message:
      'The master ended without a word while it loaded version {version} of the model {model} for the first time, so this version is not tried again.',
    cure: 'Correct the model and import it as a new version. If something else ended the master (a power cut, a lack of memory), remove {mark} and start the master again.',
  },
  ISO_ERR_VERSION_DEADLY: {
    message:
      'While the model {model} was deployed, {times} times in a row an agent was lost that was to load it, so it is given to no further agent.',
    cure: 'See the logs of these agents, correct the model and import it as a new version; if something else ended the agents, start the master again.',
  },
  ISO_ERR_PROGRAM_CRASHED: {
    message:
      'The agent ended without a word while it loaded the program {program} for the first time, so this program is not tried again.',
    cure: 'Correct the model and import it as a new version. If something else ended the agent (a power cut, a lack of memory), remove {mark} on its device.',
  },
  ISO_ERR_TENSOR_TYPE: {
    message:
      'The tensor {tensor} that {program} gives out has elements of the type {type}, which Isobath does not hold.',
    cure: 'Such tensors may lie inside a model, but not be its outputs: export it with a Cast or DequantizeLinear to float32 behind {tensor}.',
  },
} as const;
