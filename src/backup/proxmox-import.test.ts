// SPDX-License-Identifier: Apache-2.0
// Files of a Proxmox server: what is taken over, and that everything else is named.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesFromText, isFault } from "#base/index.ts";
import { importProxmox } from "./import-desk.ts";
import { ManagerBed } from "./manager-bed.ts";
import { planImport } from "./proxmox-import.ts";
import { parseSections } from "./section-config.ts";

const tape = `# drives
changer: autoloader
\tpath /dev/tape/by-id/scsi-1234
\texport-slots 10,2

lto: drive0
\tpath /dev/tape/by-id/scsi-5678-sg
\tchanger autoloader
\tchanger-drivenum 1

virtual: vt0
\tpath /srv/tapes
\tmax-size 1048576
\tcolour blue
`;
const pools = `pool: offsite
\tallocation sat 18:15
\tretention 4 weeks
\ttemplate %id% %F
\tcomment "for the bank"

pool: broken
\tallocation whenever
`;
const jobs = `backup: weekly
\tstore store1
\tpool offsite
\tdrive vt0
\tschedule sat 18:15
\texport-media-set true
\teject-media true
\tgroup-filter type:vm
\tgroup-filter exclude:group:vm/100
\tns a/b
\tmax-depth 0
\tnotify-user root@pam
\tlatest-only 1

backup: orphan
\tstore nowhere
\tpool offsite
\tdrive vt0
`;

async function withFiles(): Promise<ManagerBed> {
  const bed = await ManagerBed.make();
  const files = bed.files("/etc/proxmox-backup");
  for (const [name, text] of [
    ["tape.cfg", tape],
    ["media-pool.cfg", pools],
    ["tape-job.cfg", jobs],
  ] as const) {
    const file = await files.create(name);
    await file.append(bytesFromText(text));
    await file.commit();
  }
  return bed;
}

test("a dry run says what would become of everything and changes nothing; the import does it", async () => {
  const bed = await withFiles();
  const { manager } = bed;
  assert.ok(manager !== undefined);
  const path = "/etc/proxmox-backup";
  const before = JSON.stringify([manager.config, manager.jobs.jobs]);
  const outcomes = async (isDryRun: boolean) =>
    (await importProxmox(manager, { path, isDryRun })).map(({ name, outcome }) => `${name} ${outcome}`);
  const dry =
    "autoloader left-out,drive0 left-out,vt0 would-import,offsite would-import,broken left-out,weekly would-import";
  assert.equal((await outcomes(true)).slice(0, 6).join(), dry);
  assert.equal(JSON.stringify([manager.config, manager.jobs.jobs]), before);
  const real = await outcomes(false);
  assert.deepEqual(real, [
    "autoloader left-out",
    "drive0 left-out",
    "vt0 imported",
    "offsite imported",
    "broken left-out",
    "weekly imported",
    "orphan left-out",
  ]);
  assert.deepEqual(manager.jobs.job("weekly"), {
    name: "weekly",
    store: "store1",
    pool: "offsite",
    drive: "vt0",
    schedule: "sat 18:15",
    comment: undefined,
    namespace: "a/b",
    depth: 0,
    isLatestOnly: true,
    filters: "type:vm exclude:group:vm/100",
    atEnd: "export",
    ifNoMedia: "wait",
  });
  assert.deepEqual(manager.drive("vt0"), { kind: "folder", name: "vt0", path: "/srv/tapes", sizeBytes: 1_048_576 });
  // A second time everything that was taken is there.
  assert.deepEqual((await outcomes(false)).filter((text) => text.endsWith("exists")).length, 3);
  await assert.rejects(importProxmox(manager, { path: "/nowhere", isDryRun: true }), (error) =>
    isFault(error, "backup.bad-config"),
  );
});

test("what is not taken is named: unknown keys, things that are elsewhere here, devices of that machine", () => {
  const remarks = new Map(planImport({ tape, pools, jobs }).map((item) => [item.name, item.remarks]));
  assert.deepEqual(remarks.get("vt0"), ["colour is not known and not taken"]);
  assert.deepEqual(remarks.get("offsite"), ["comment for the bank is not taken: pools have no comment here"]);
  assert.match(remarks.get("broken")?.[0] ?? "", /"whenever"/);
  assert.match(remarks.get("weekly")?.[0] ?? "", /^notify-user root@pam is not taken/);
  assert.match(remarks.get("drive0")?.[0] ?? "", /by hand/);
});

test("a file that is none is refused with its line", () => {
  const refused = (text: string, reason: RegExp): void =>
    assert.throws(
      () => parseSections("tape.cfg", text),
      (error) => isFault(error, "backup.bad-config") && reason.test(error.message),
    );
  refused("\tpath /x\n", /line 1, .*neither/);
  refused("pool: a\npath /x\n", /line 2, .*neither/);
  refused("pool: a\n\npool: a\n", /line 3, .*twice/);
  refused("pool:\n", /no name/);
});

test("whatever a file has, it is read or refused by name", () => {
  const line = fc.oneof(
    fc.string(),
    fc.constantFrom("pool: a", "backup: b", "\tstore x", "\tpool a", "\tdrive d", "lto: x", "\tmax-size x", ""),
  );
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const text = lines.join("\n");
      try {
        planImport({ tape: text, pools: text, jobs: text });
      } catch (error) {
        if (!isFault(error)) throw error;
      }
    }),
    { numRuns: 2000 },
  );
});
