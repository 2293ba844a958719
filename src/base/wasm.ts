// The little of WebAssembly that is used here, typed: its types otherwise come only with those of browsers.

/** Memory whose beginning lies at the beginning of a page. Buffers in it can be handed to threads and to direct writes. */
export interface WasmMemory {
  readonly buffer: ArrayBufferLike;
  /** So many pages more. What is not shared has another buffer afterwards. */
  grow(pages: number): number;
}

interface WebAssemblyNamespace {
  readonly Memory: new (size: {
    readonly initial: number;
    readonly maximum: number;
    readonly shared: boolean;
  }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, WasmMemory>>>>,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
}

/** Every Node.js has it. */
export const wasm = (globalThis as unknown as { readonly WebAssembly: WebAssemblyNamespace }).WebAssembly;

/** The size of a page. */
export const WASM_PAGE_BYTES = 65_536;

/**
 * Memory of at least so many bytes, zeroed; pages that are never touched take no room.
 * @throws RangeError when the system grants no such address space (WebAssembly reserves gigabytes of it)
 */
export function wasmMemory(bytes: number, shared: boolean): WasmMemory {
  const pages = Math.ceil(bytes / WASM_PAGE_BYTES);
  return new wasm.Memory({ initial: pages, maximum: pages, shared });
}
