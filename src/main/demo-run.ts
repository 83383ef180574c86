// SPDX-License-Identifier: Apache-2.0
// The demonstration itself, step by step, with what a person sees of it.

import {
  assert,
  defined,
  endpointText,
  milliseconds,
  silentLog,
  sleep,
  type Clock,
  type Endpoint,
} from "#base/index.ts";
import { sizeText, spanText } from "#api/index.ts";
import { barText, ProgressRenderer, type Terminal } from "#cli/index.ts";
import type { CartridgeView, Gateway } from "#gateway/index.ts";
import { IscsiInitiator, type InitiatorSession } from "#iscsi/index.ts";
import { SystemClock, SystemRandom, TcpNetwork } from "#world/index.ts";
import { demoBlockSize, DemoUnit } from "./demo-tape.ts";
import { compareTree, sourcesOf, type Comparison, type Tree } from "./demo-tree.ts";
import { mainFault } from "./faults.ts";
import type { Instance } from "./instance.ts";
import { readTar, writeTar } from "./tar.ts";

/** What the demonstration works with. */
export interface DemoOptions {
  readonly instance: Instance;
  readonly tree: Tree;
  readonly terminal: Terminal;
  /** Nominal size of the cartridge, in bytes. */
  readonly cartridgeSize: number;
}

const library = "demo";
const barcode = "DEMO01L8";
/** Differences that are shown by name. */
const shownMax = 20;
/** A retrieved cartridge is expected after the thaw delay; this long is a failure. */
const patience = milliseconds(3_600_000);

/** Runs it and resolves with the exit code. Faults `main.demo-command`, `main.demo-failed` and those of the rooms. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const { instance, tree, terminal } = options;
  const { gateway } = instance;
  const say = (text: string): void => terminal.out(`${text}\n`);
  await gateway.createLibrary({ name: library, driveModel: "ibm-lto8", drives: 1, storageSlots: 4, mailSlots: 2 });
  await gateway.createCartridges({ library, barcode, sizeBytes: options.cartridgeSize });
  say(`${tree.entries.length} files and folders, ${sizeText(tree.totalBytes)}, from ${tree.folder}`);
  for (const path of tree.leftOut) say(`  left out: ${path} is no file, folder or link`);
  const portal = defined(instance.portals[0], "there is a portal");
  const hands = await Hands.open(gateway, portal);
  try {
    say(`logged in through iSCSI at ${endpointText(portal)}: a changer and an LTO drive`);
    const written = await writePass(options, hands);
    await shelfPass(options, hands);
    const { comparison, ...read } = await readPass(options, hands);
    return report({ terminal, written, read, comparison });
  } finally {
    await hands.close();
  }
}

/** How long something took, and how much it was. */
interface Passage {
  readonly bytes: number;
  readonly milliseconds: number;
}

async function writePass({ tree, terminal }: DemoOptions, hands: Hands): Promise<Passage> {
  await hands.load();
  terminal.out(`${barcode} is in the drive; writing blocks of ${sizeText(demoBlockSize)}\n`);
  const meter = new Meter(terminal, tree.totalBytes, hands.clock);
  await hands.drive.write(writeTar(sourcesOf(tree)), (bytes) => meter.add(bytes));
  await hands.drive.filemarks(1);
  await hands.drive.filemarks(1);
  return meter.end("written");
}

/** Ejects, shows the states on the way to the shelf, and retrieves. */
async function shelfPass({ instance, terminal }: DemoOptions, hands: Hands): Promise<void> {
  const { gateway } = instance;
  const show = (cartridge: CartridgeView): void =>
    terminal.out(`  ${barcode}  ${cartridge.state.replace("_", " ")}  ${cartridge.storageClass}\n`);
  terminal.out("ejecting it through a mail slot\n");
  await hands.eject();
  await statesUntil(hands, "ARCHIVED", show);
  // The state is there before the task has tidied up behind itself.
  for (const task of gateway.tasks.list({ subject: barcode })) await gateway.tasks.ended(task.id);
  terminal.out("retrieving it\n");
  await gateway.retrieveCartridge({ barcode, library, tier: "Standard" }, { who: "demo" });
  await statesUntil(hands, "RETRIEVED", show);
}

async function readPass(
  { tree, terminal }: DemoOptions,
  hands: Hands,
): Promise<Passage & { readonly comparison: Comparison }> {
  await hands.load();
  if (!(await hands.drive.refusesWrites())) {
    throw mainFault("demo-failed", { reason: "the retrieved cartridge could be written" });
  }
  terminal.out(`${barcode} is in the drive again, read-only; reading back and comparing\n`);
  await hands.drive.ready();
  const meter = new Meter(terminal, tree.totalBytes, hands.clock);
  const comparison = await compareTree(tree, readTar(counted(hands.drive.read(), (bytes) => meter.add(bytes))));
  const passage = meter.end("read");
  await hands.unload();
  return { ...passage, comparison };
}

function report(result: {
  readonly terminal: Terminal;
  readonly written: Passage;
  readonly read: Passage;
  readonly comparison: Comparison;
}): number {
  const { terminal, written, read, comparison } = result;
  const { differences, files } = comparison;
  const line = (name: string, { bytes, milliseconds: span }: Passage): string =>
    `  ${name}  ${sizeText(bytes)} in ${spanText(span)}, ${(bytes / 1e3 / Math.max(span, 1)).toFixed(0)} MB/s\n`;
  terminal.out(`\n${line("written", written)}${line("read   ", read)}`);
  if (differences.length === 0) {
    terminal.out(`  ${files} files compared, all equal\n`);
    return 0;
  }
  terminal.out(`  ${files} files compared, differences: ${differences.length}\n`);
  for (const text of differences.slice(0, shownMax)) terminal.out(`    ${text}\n`);
  return 1;
}

/** Shows each new state until it is `wanted`. Fault `main.demo-failed` when a task fails or it takes too long. */
async function statesUntil(
  { gateway, clock }: Hands,
  wanted: CartridgeView["state"],
  show: (cartridge: CartridgeView) => void,
): Promise<void> {
  const events = gateway.subscribe();
  const start = clock.monotonic();
  let shown = "";
  const look = (): boolean => {
    const cartridge = gateway.getCartridge(barcode);
    if (cartridge.state !== shown) show(cartridge);
    shown = cartridge.state;
    const failed = gateway.tasks.list({ subject: barcode }).find((task) => task.state === "failed");
    if (failed !== undefined) throw mainFault("demo-failed", { reason: failed.error?.text ?? failed.operation });
    if (clock.monotonic() - start > patience) throw mainFault("demo-failed", { reason: `no ${wanted} for too long` });
    return shown === wanted;
  };
  try {
    let next = events.next();
    while (!look()) {
      // Events tell of states; a failed task tells nothing, so a look now and then is needed too.
      const [isEvent] = await Promise.race([
        next.then(() => [true]),
        sleep(clock, milliseconds(500)).then(() => [false]),
      ]);
      if (isEvent === true) next = events.next();
    }
  } finally {
    await events.return?.();
  }
}

/** The robot's and the drive's session, and where things are. */
class Hands {
  readonly gateway: Gateway;
  readonly clock: Clock;
  readonly drive: DemoUnit;
  readonly #changer: DemoUnit;
  readonly #sessions: readonly InitiatorSession[];

  private constructor(
    gateway: Gateway,
    clock: Clock,
    sessions: { readonly changer: InitiatorSession; readonly drive: InitiatorSession },
  ) {
    this.gateway = gateway;
    this.clock = clock;
    this.#sessions = [sessions.changer, sessions.drive];
    this.#changer = new DemoUnit(sessions.changer, 0, clock);
    this.drive = new DemoUnit(sessions.drive, 0, clock);
  }

  /** Logs in to the changer and the drive. */
  static async open(gateway: Gateway, portal: Endpoint): Promise<Hands> {
    const clock = new SystemClock();
    const name = "iqn.2026-11.io.capstan:demo";
    const network = new TcpNetwork();
    const initiator = new IscsiInitiator({ network, clock, random: new SystemRandom(), log: silentLog, name });
    const targets = await initiator.discover(portal);
    const targetOf = (device: string): string => {
      const target = gateway.listTargets(library).find((view) => view.units.some((unit) => unit.device === device));
      assert(target !== undefined, `there is a target for ${device}`);
      if (targets.some((found) => found.name === target.name)) return target.name;
      throw mainFault("demo-failed", { reason: `discovery does not tell of ${target.name}` });
    };
    const changer = await initiator.login(portal, targetOf("changer"));
    const drive = await initiator.login(portal, targetOf("drive-01"));
    return new Hands(gateway, clock, { changer, drive });
  }

  async close(): Promise<void> {
    for (const session of this.#sessions) await session.logout();
  }

  /** From wherever the cartridge is into the drive. */
  async load(): Promise<void> {
    await this.#changer.move(this.#addressOfCartridge(), this.#address("drive"));
    await this.drive.ready();
  }

  /** Out of the drive into a free storage slot. */
  async unload(): Promise<void> {
    await this.drive.unload();
    await this.#changer.move(this.#address("drive"), this.#address("storage-slot"));
  }

  /** Out of the drive into a mail slot, which is what a backup program does to export. */
  async eject(): Promise<void> {
    await this.drive.unload();
    await this.#changer.move(this.#address("drive"), this.#address("mail-slot"));
  }

  /** The drive, or the first free element of a kind. */
  #address(kind: "drive" | "mail-slot" | "storage-slot"): number {
    const elements = this.gateway.listElements(library);
    const found = elements.find(
      (element) => element.kind === kind && (kind === "drive" || element.cartridge === undefined),
    );
    return defined(found, `the library has a free ${kind}`).address;
  }

  #addressOfCartridge(): number {
    const found = this.gateway.listElements(library).find((element) => element.cartridge === barcode);
    return defined(found, `${barcode} is in the library`).address;
  }
}

/** Counts bytes and draws a bar. */
class Meter {
  readonly #clock: Clock;
  readonly #total: number;
  readonly #renderer: ProgressRenderer;
  readonly #terminal: Terminal;
  readonly #start: number;
  #shownAt: number;
  #bytes = 0;

  constructor(terminal: Terminal, total: number, clock: Clock) {
    this.#terminal = terminal;
    this.#total = total;
    this.#clock = clock;
    this.#renderer = new ProgressRenderer(terminal);
    this.#start = clock.monotonic();
    this.#shownAt = this.#start;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    const now = this.#clock.monotonic();
    // Often enough to look alive; plain lines are for logs, which need fewer.
    if (now - this.#shownAt < (this.#terminal.isInteractive ? 100 : 2000)) return;
    this.#shownAt = now;
    this.#renderer.show(barText(Math.min(this.#bytes, this.#total), this.#total, "bytes"));
  }

  end(word: string): Passage {
    const span = this.#clock.monotonic() - this.#start;
    this.#renderer.show(`${barText(this.#total, this.#total, "bytes")} ${word}`);
    this.#renderer.end();
    return { bytes: this.#bytes, milliseconds: span };
  }
}

async function* counted(stream: AsyncIterable<Uint8Array>, add: (bytes: number) => void): AsyncIterable<Uint8Array> {
  for await (const piece of stream) {
    add(piece.byteLength);
    yield piece;
  }
}
