// SPDX-License-Identifier: Apache-2.0
// Port: a tape drive with a cartridge in it, in the words of what the manager writes: blocks of one size, filemarks, tape
// files by number. Sense, modes and models are the business of the adapters (`driver`, `sim`).

/** What reading one block gives. */
export type BlockRead =
  /** The memory was filled. */
  | "block"
  /** A filemark came instead; the position is behind it. */
  | "filemark"
  /** Nothing was written from here on. */
  | "end-of-data";

/** What writing one block gives. */
export type BlockWritten =
  | "written"
  /** Written, and the end is near: finish what must be finished. */
  | "near-end"
  /** Not written: the cartridge is full. */
  | "no-space";

/** Reads blocks. */
export interface TapeReader {
  /**
   * Reads the next block, which has exactly the length of `into`. Fault `driver.bad-block` for a block of another length
   * or one that cannot be read.
   */
  readBlock(into: Uint8Array): Promise<BlockRead>;
}

/** Writes blocks. */
export interface TapeWriter {
  /** Writes a block at the current position; what lay behind it is gone. */
  writeBlock(block: Uint8Array): Promise<BlockWritten>;
  /** Writes one filemark. What was written before need not be on the medium yet: see `flush`. */
  writeFilemark(): Promise<void>;
}

/** What an application writes into the chip of a cartridge; what is left out stays, an empty text is taken away. */
export interface CartridgeNote {
  readonly vendor?: string;
  readonly application?: string;
  readonly version?: string;
  readonly label?: string;
  readonly barcode?: string;
  readonly pool?: string;
}

/** Port: a drive. It is used by one caller at a time; every call waits for the one before. */
export interface TapeDrive extends TapeReader, TapeWriter {
  /** To the begin of tape file 0. */
  rewind(): Promise<void>;
  /** To the begin of a tape file. Fault `driver.no-such-file` when there are not so many filemarks. */
  locateFile(fileNumber: number): Promise<void>;
  /**
   * To the place where the next tape file begins, which is the end of data. When the last file has no filemark behind
   * it, as after a crash, one is written. Resolves with the number of the file that would be written here.
   */
  locateEnd(): Promise<number>;
  /** Filemarks before the position. */
  fileNumber(): Promise<number>;
  /** Everything that was written survives from here on. */
  flush(): Promise<void>;
  /**
   * From now on blocks are written with this key, and read with it or in clear; undefined: in clear, and none is kept.
   * Fault `driver.no-encryption` when the drive cannot.
   */
  setEncryptionKey(key: Uint8Array | undefined): Promise<void>;
  /** Makes the cartridge empty. `isFast`: only as far as no reader finds anything. */
  erase(options: { readonly isFast: boolean }): Promise<void>;
  /** Alerts that say that the cartridge or the drive must not be used for writing. Empty when all is well. */
  criticalAlerts(): Promise<readonly string[]>;
  /** True when the drive asks to be cleaned. A drive without this does not tell. */
  wantsCleaning?(): Promise<boolean>;
  /** Bytes of native capacity in use, where the drive tells. */
  usedBytes(): Promise<number | undefined>;
  /** Writes into the chip of the cartridge, where it has one. A drive without this cannot. Fault `driver.command-failed`. */
  note?(note: CartridgeNote): Promise<void>;
  /** Lets the cartridge go. */
  eject(): Promise<void>;
}
