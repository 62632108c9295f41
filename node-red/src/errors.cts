export interface CodedError {
  readonly code: string;
  readonly message: string;
  readonly cure: string;
}

/** What flows test for: a stable code, what happened, what to do. */
export function coded(error: unknown): CodedError {
  const { code, message, cure } = error as Partial<CodedError>;
  return {
    code: typeof code === 'string' ? code : 'ISO_ERR_INTERNAL',
    message: typeof message === 'string' ? message : String(error),
    cure: typeof cure === 'string' ? cure : '',
  };
}

/** For `done`: Catch nodes and the log show the message; `msg.error` bears the code and the cure. */
export function forCatch(error: unknown): Error & CodedError {
  const { code, message, cure } = coded(error);
  return Object.assign(new Error(`${code}: ${message}${cure === '' ? '' : ` ${cure}`}`), { code, cure });
}
