/** The library has no types of its own. */
declare module 'snappyjs' {
  /** Throws Error for what is no Snappy block, and when its header says more than `maxLength` bytes: before anything is allocated. */
  export function uncompress(compressed: Uint8Array, maxLength?: number): Uint8Array;
  export function compress(uncompressed: Uint8Array): Uint8Array;
}
