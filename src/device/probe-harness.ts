// SPDX-License-Identifier: Apache-2.0
// The smallest unit there is, for tests of the kernel: three commands of its own, mode and log pages to look at, and
// switches for what a unit can be in.

import {
  Inquiry,
  Read6,
  RequestSense,
  Rewind,
  scsiStatus,
  sscCommands,
  TestUnitReady,
  DataCompressionPage,
  Write6,
  type AttentionName,
  type Sense,
} from "#scsi/index.ts";
import type { Handlers } from "./command.ts";
import { LogPages } from "./log-pages.ts";
import { ModePages, type BlockDescriptor, type ModePage } from "./mode-pages.ts";
import { check, good, goodData, type Check, type Outcome } from "./outcome.ts";
import { makeTask, TestHost, testNexus, testSurroundings } from "./test-host.ts";
import { Unit, type UnitOptions } from "./unit.ts";
import type { UnitNexus, UnitResult, UnitTask } from "./unit-task.ts";

const probeCommands = { read6: sscCommands.read6, write6: sscCommands.write6, rewind: sscCommands.rewind } as const;

/** CDBs that the tests send. */
export const cdbs = {
  testUnitReady: TestUnitReady.encode({}),
  requestSense: RequestSense.encode({ allocationLength: 96 }),
  inquiry: Inquiry.encode({ allocationLength: 255 }),
  read: Read6.encode({ transferLength: 4 }),
  write: Write6.encode({ transferLength: 4 }),
  rewind: Rewind.encode({}),
} as const;

/** A page that MODE SELECT can change in part, and one that it cannot. */
function probePages(unit: ProbeUnit): readonly ModePage[] {
  return [
    {
      code: 0x0f,
      subcode: 0,
      name: DataCompressionPage.name,
      defaults: DataCompressionPage.encode({ compressionCapable: true, compressionAlgorithm: 1 }),
      changeable: DataCompressionPage.encode({ compressionEnabled: true }),
      accept: () => unit.refusesPage,
    },
    {
      code: 0x3e,
      subcode: 1,
      name: "a page with a subpage code",
      defaults: Uint8Array.of(0x7e, 1, 0, 2, 0xaa, 0xbb),
      changeable: new Uint8Array(6),
    },
  ];
}

/** A unit whose commands do what the test says. */
export class ProbeUnit extends Unit<typeof probeCommands> {
  /** What its own commands answer. */
  answer: () => Outcome | Promise<Outcome> = () => good();
  ready: Check | undefined;
  sense: Sense | undefined;
  selfTestResult: Check | undefined;
  refusesPage: Check | undefined;
  blockDescriptor: BlockDescriptor = { densityCode: 0x5e, blockCount: 0, blockLength: 0 };
  hasPlaces = false;
  readonly released: string[] = [];
  readonly ran: string[] = [];
  resets = 0;
  deliveredTo: number[] = [];
  counter = 7;
  protected override readonly modes = new ModePages(probePages(this), {
    header: () => ({ mediumType: 0x88, deviceSpecific: 0x10 }),
    blockDescriptor: () => this.blockDescriptor,
    defaultBlockDescriptor: () => ({ densityCode: 0x5e, blockCount: 0, blockLength: 0 }),
    probe: ({ blockDescriptor }) =>
      blockDescriptor?.densityCode === 0xff ? check("invalid-field-in-parameters") : undefined,
    select: ({ blockDescriptor }) => {
      if (blockDescriptor !== undefined) this.blockDescriptor = blockDescriptor;
      return undefined;
    },
  });
  protected override readonly logs = new LogPages([
    {
      code: 0x2e,
      subcode: 0,
      name: "TapeAlert",
      parameters: () => [
        { code: 1, format: "binary", value: Uint8Array.of(1) },
        { code: 3, format: "binary", value: Uint8Array.of(this.counter) },
      ],
      delivered: (nexus) => this.deliveredTo.push(nexus.id),
      reset: () => (this.counter = 0),
    },
    { code: 0x10, subcode: 1, name: "a subpage", parameters: () => [] },
  ]);

  constructor(options: Partial<UnitOptions> = {}) {
    super(probeCommands, {
      ...testSurroundings,
      identity: {
        deviceType: "sequential-access",
        vendor: "PROBE",
        product: "UNIT",
        revision: "0001",
        serial: "0123456789",
        versionDescriptors: [0x0960, 0x0460],
      },
      ...options,
    });
  }

  /** Queues a unit attention. */
  tell(name: AttentionName, except?: UnitNexus): void {
    this.attention(name, except);
  }

  /** Runs work between two commands. */
  between<T>(work: () => T | Promise<T>): Promise<T> {
    return this.exclusive(work);
  }

  protected override handlers(): Handlers<typeof probeCommands> {
    const run = (name: string) => (): Outcome | Promise<Outcome> => {
      this.ran.push(name);
      return this.answer();
    };
    return { read6: run("read"), write6: run("write"), rewind: run("rewind") };
  }
  protected override readiness(): Check | undefined {
    return this.ready;
  }
  protected override currentSense(): Sense | undefined {
    return this.sense;
  }
  protected override placeFor(task: UnitTask): UnitTask["place"] {
    if (!this.hasPlaces) return undefined;
    const bytes = new Uint8Array(task.expectedDataOut);
    return { bytes, release: () => this.released.push("place") };
  }
  protected override selfTest(): Check | undefined {
    return this.selfTestResult;
  }
  protected override onReset(): void {
    this.resets += 1;
  }
}

/** A unit with hosts on nexuses of their own. */
export function probeWithHosts(count: number, options: Partial<UnitOptions> = {}) {
  const unit = new ProbeUnit(options);
  const hosts = Array.from({ length: count }, () => new TestHost(unit, testNexus()));
  return { unit, hosts };
}

/** A command that was accepted and may end later. */
export interface Pending {
  readonly task: UnitTask & { dataComplete: boolean };
  result: UnitResult | undefined;
}

/** Gives a command to a unit without waiting for its end; its data arrives when the test says so. */
export function submit(unit: ProbeUnit, nexus: UnitNexus, cdb: Uint8Array, parts: SubmitParts = {}): Pending {
  const pending: { task: Pending["task"]; result: UnitResult | undefined } = {
    task: makeTask(nexus, cdb, {
      lun: 0,
      expectedDataIn: 0,
      expectedDataOut: parts.expectedDataOut ?? 0,
      finish: (result) => {
        pending.result = result;
      },
    }),
    result: undefined,
  };
  const task = parts.attribute === undefined ? pending.task : { ...pending.task, attribute: parts.attribute };
  pending.task = task;
  unit.accept(task);
  return pending;
}

/** What is special about a command. */
export interface SubmitParts {
  readonly expectedDataOut?: number;
  readonly attribute?: number;
}

/** The status of a command that has ended. */
export const statusOf = ({ result }: Pending): number | undefined => result?.status;
/** GOOD. */
export const goodStatus = scsiStatus.good;
/** Data of four bytes. */
export const fourBytes = (): Outcome => goodData(Uint8Array.of(1, 2, 3, 4));
