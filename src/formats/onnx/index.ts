export { loadOnnx } from './load.ts';
export { type ReadOptions, readOnnx } from './read.ts';
export { readTensorProto } from './tensor-proto.ts';
export { writeOnnx } from './write.ts';
export { encodeTensor } from './write-tensor.ts';
