// SPDX-License-Identifier: Apache-2.0
// Memory that starts at a page boundary, as direct disk access needs it. JavaScript has one source of such memory.

declare const WebAssembly: {
  readonly Memory: new (size: { readonly initial: number; readonly maximum: number }) => {
    readonly buffer: ArrayBuffer;
  };
};

const pageSize = 65_536;

/** `size` bytes of zeros that begin at a multiple of 4096; `size` is rounded up to 64 KiB. Each call costs address space. */
export function allocatePages(size: number): Uint8Array<ArrayBuffer> {
  const pages = Math.ceil(size / pageSize);
  return new Uint8Array(new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer);
}
