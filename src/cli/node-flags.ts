/**
 * How Node runs the services. They hold few objects, but fill and drop hundreds of megabytes of buffers each second, so the
 * garbage is collected often and each time there is little to do: helper threads cost more than they bring, on cores that
 * inference needs (`npm run bench:wire`). It cannot be set once the process runs.
 */
export const SERVICE_NODE_FLAGS = ['--single-threaded-gc'] as const;
