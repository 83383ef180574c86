// SPDX-License-Identifier: Apache-2.0
// Runs guest cases: boots the guest of guest/guest-run against a portal, lets it run scripts of cases/, and turns every
// line "ok …" or "not ok …" of their output into a subtest.

import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import assert from "node:assert/strict";

const guestRun = join(import.meta.dirname, "guest", "guest-run");

/** What a guest is to do. */
export interface GuestPlan {
  readonly port: number;
  /** Scripts of cases/, without `.sh`, in order. */
  readonly cases: readonly string[];
  readonly variables?: Readonly<Record<string, string | number>>;
  readonly drives?: number;
  readonly memoryMiB?: number;
  /** A folder of this machine, in the guest at /share. */
  readonly share?: string;
  /** False: the case discovers and logs in itself. */
  readonly login?: boolean;
  /** Log in only to targets whose names match this extended regular expression. */
  readonly targets?: string;
  readonly timeoutSeconds?: number;
  /** Called with every line as it comes. */
  readonly onLine?: (line: string) => void;
}

/** What a guest said, line by line, and the exit code of its script. */
export interface GuestReport {
  readonly lines: readonly string[];
  readonly code: number | null;
}

/** Boots a guest and runs the plan's cases in it. */
export async function runGuest(plan: GuestPlan): Promise<GuestReport> {
  const folder = await mkdtemp(join(tmpdir(), "capstan-interop-"));
  const script = join(folder, "script");
  const out = join(process.env["CAPSTAN_INTEROP_OUT"] ?? folder, plan.cases.join("-"));
  const calls = plan.cases.map((name) => `echo "# case ${name}"\nbash /ctl/cases/${name}.sh || code=1`);
  await writeFile(script, `code=0\n${calls.join("\n")}\nexit $code\n`);
  const args = ["--portal-port", String(plan.port), "--script", script, "--out", out];
  args.push("--timeout", String(plan.timeoutSeconds ?? 900), "--mem", String(plan.memoryMiB ?? 1024));
  if (plan.login === false) args.push("--no-login", "--no-wait-devices");
  else args.push("--expect-drives", String(plan.drives ?? 1));
  if (plan.targets !== undefined) args.push("--targets", plan.targets);
  if (plan.share !== undefined) args.push("--share", plan.share);
  for (const [name, value] of Object.entries(plan.variables ?? {})) args.push("--env", `${name}=${value}`);
  try {
    return await collect(args, plan.onLine);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function collect(args: readonly string[], onLine: GuestPlan["onLine"]): Promise<GuestReport> {
  return new Promise((resolve, reject) => {
    const child = spawn(guestRun, args, { stdio: ["ignore", "pipe", "pipe"] });
    const lines: string[] = [];
    let rest = "";
    const take = (chunk: string): void => {
      const parts = (rest + chunk).split("\n");
      rest = parts.pop() ?? "";
      for (const line of parts) {
        lines.push(line);
        onLine?.(line);
      }
    };
    child.stdout.setEncoding("utf8").on("data", take);
    child.stderr.setEncoding("utf8").on("data", (text: string) => take(text.endsWith("\n") ? text : `${text}\n`));
    child.once("error", reject);
    child.once("close", (code) => {
      if (rest !== "") lines.push(rest);
      resolve({ lines, code });
    });
  });
}

/** Makes a subtest of every check in the report; a guest that broke off, or checked nothing, fails the test. */
export async function reportChecks(t: TestContext, report: GuestReport): Promise<void> {
  let checks = 0;
  for (const [index, line] of report.lines.entries()) {
    const match = /^(not )?ok (.+)$/.exec(line);
    if (match === null) {
      if (line.startsWith("# ")) t.diagnostic(line.slice(2));
      continue;
    }
    checks += 1;
    const reason = indentedBehind(report.lines, index);
    await t.test(match[2] ?? "", () => assert.ok(match[1] === undefined, reason));
  }
  const tail = report.lines.slice(-30).join("\n");
  assert.ok(checks > 0, `the guest checked nothing:\n${tail}`);
  assert.ok(report.code === 0 || report.code === 1, `the guest ended with ${report.code}:\n${tail}`);
  const failed = report.lines.filter((line) => line.startsWith("not ok "));
  assert.equal(report.code === 0, failed.length === 0, `the script's end does not fit its checks:\n${tail}`);
}

function indentedBehind(lines: readonly string[], index: number): string {
  const reason: string[] = [];
  for (const line of lines.slice(index + 1)) {
    if (!line.startsWith("    ")) break;
    reason.push(line.slice(4));
  }
  return reason.join("\n");
}
