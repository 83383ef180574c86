// SPDX-License-Identifier: Apache-2.0
// A folder as a station, in the format of Proxmox's virtual drive: every cartridge in it can be loaded, none can be exported.

import { FolderDrive, folderLabels, loadedLabel, setLoaded, type TapeFolderOptions } from "#driver/index.ts";
import { driverFault } from "#driver/index.ts";
import type { TapeDrive } from "#format/index.ts";
import type { TapeStation } from "./station.ts";

/** A station in a folder; it is its own changer. */
export class FolderStation implements TapeStation {
  readonly name: string;
  readonly changer: string;
  readonly #options: TapeFolderOptions;

  constructor(options: TapeFolderOptions) {
    this.name = options.name;
    this.changer = options.name;
    this.#options = options;
  }

  async load(labelText: string): Promise<TapeDrive> {
    const drive = await FolderDrive.open(this.#options, labelText);
    await setLoaded(this.#options.files, labelText);
    return drive;
  }

  async open(): Promise<TapeDrive> {
    const label = await loadedLabel(this.#options.files);
    if (label === undefined) throw driverFault("not-ready", { device: this.name, answer: "there is no cartridge" });
    return FolderDrive.open(this.#options, label);
  }

  unload(): Promise<void> {
    return setLoaded(this.#options.files, undefined);
  }

  export(): Promise<boolean> {
    return Promise.resolve(false);
  }

  labels(): Promise<readonly string[]> {
    return folderLabels(this.#options.files);
  }
}
