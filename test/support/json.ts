// biome-ignore lint/suspicious/noExplicitAny: what was parsed or made elsewhere, into which a test looks
export type AnyJson = any;
