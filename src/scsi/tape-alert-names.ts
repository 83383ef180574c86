// SPDX-License-Identifier: Apache-2.0
// All TapeAlert flags with what they say and how much they matter: SSC-4 annex A, table A.1; 40 to 46, which it calls obsolete,
// as the TapeAlert specification before it has them.

/** One flag. */
export interface TapeAlertRow {
  readonly name: string;
  /** True: neither the drive nor its cartridge may be written on. */
  readonly isCritical?: true;
}

const critical = (name: string): TapeAlertRow => ({ name, isCritical: true });
const plain = (name: string): TapeAlertRow => ({ name });

/** Flags by number. */
export const tapeAlertRows: Readonly<Record<number, TapeAlertRow>> = {
  1: plain("read warning"),
  2: plain("write warning"),
  3: plain("hard error"),
  4: critical("media"),
  5: critical("read failure"),
  6: critical("write failure"),
  7: plain("media life"),
  8: plain("not data grade"),
  9: critical("write protect"),
  10: plain("no removal"),
  11: plain("cleaning media"),
  12: plain("unsupported format"),
  13: plain("recoverable mechanical cartridge failure"),
  14: critical("unrecoverable snapped tape"),
  15: plain("memory chip failure"),
  16: critical("forced eject"),
  17: plain("read only format"),
  18: plain("tape directory corrupted"),
  19: plain("nearing media life"),
  20: plain("clean now"),
  21: plain("clean periodic"),
  22: critical("expired cleaning media"),
  23: critical("invalid cleaning tape"),
  24: plain("retension requested"),
  25: plain("host channel failure"),
  26: plain("cooling fan failure"),
  27: plain("power supply failure"),
  28: plain("power consumption"),
  29: plain("drive maintenance"),
  30: critical("hardware A"),
  31: critical("hardware B"),
  32: plain("interface"),
  33: critical("eject media"),
  34: plain("download fault"),
  35: plain("drive humidity"),
  36: plain("drive temperature"),
  37: plain("drive voltage"),
  38: critical("predictive failure"),
  39: plain("diagnostics required"),
  40: plain("loader hardware A"),
  41: critical("loader stray tape"),
  42: plain("loader hardware B"),
  43: plain("loader door"),
  44: plain("loader hardware C"),
  45: critical("loader magazine"),
  46: plain("loader predictive failure"),
  49: plain("diminished native capacity"),
  50: plain("lost statistics"),
  51: plain("tape directory invalid at unload"),
  52: critical("tape system area write failure"),
  53: critical("tape system area read failure"),
  54: critical("no start of data"),
  55: critical("loading failure"),
  56: critical("unrecoverable unload failure"),
  57: critical("automation interface failure"),
  58: plain("firmware failure"),
  59: plain("WORM integrity check failed"),
  60: plain("WORM overwrite attempted"),
  61: plain("encryption policy violation"),
};

/** Flags with which a drive asks to be cleaned, and those of a cartridge that is worn out (B-ALERT-3). */
export const cleaningAlerts: readonly number[] = [20, 21];
export const wornAlerts: readonly number[] = [7, 19];
