/** A node that TensorFlow.js cannot run, and why. */
export class Unsupported extends Error {
  /** True where the node depends on the value of an input: the value may tell. */
  readonly late: boolean;

  constructor(reason: string, late = false) {
    super(reason);
    this.late = late;
  }
}
