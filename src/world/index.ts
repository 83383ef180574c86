// SPDX-License-Identifier: Apache-2.0
// The public face of world: the adapters of the ports to the real machine. Nothing is decided here.

export * from "./certificates.ts";
export * from "./clock.ts";
export * from "./data-folder.ts";
export * from "./disk.ts";
export * from "./faults.ts";
export * from "./file-tree.ts";
export * from "./http-listener.ts";
export * from "./http-transport.ts";
export * from "./instance-lock.ts";
export * from "./kms-keys.ts";
export * from "./log.ts";
export * from "./metrics-page.ts";
export * from "./network.ts";
export * from "./notices.ts";
export * from "./private-file.ts";
export * from "./random.ts";
export { type DatastoreFaults, FolderFiles } from "./store-files.ts";
export { StateFolder } from "./state-folder.ts";
export * from "./threads.ts";
export * from "./vault-keys.ts";
