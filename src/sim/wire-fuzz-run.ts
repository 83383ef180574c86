// SPDX-License-Identifier: Apache-2.0
// npm run fuzz: throws mutated PDUs and CDBs at whole gateways and prints what came of it.

import { asError } from "#base/index.ts";
import { fuzzedUnits, fuzzGateway } from "./wire-fuzz.ts";

const usage = `usage: npm run fuzz -- [--pdus COUNT] [--seed SEED]

Throws COUNT (100000) mutated PDUs at drives and changers of whole gateways, in memory. The first seed is SEED (1).
`;

/** PDUs per gateway: fresh ones see what old ones have got used to. */
const pdusPerSeed = 10_000;
/** What the heap and the buffers may grow by from the first gateway to the last. */
const growthMax = 128 * 1024 * 1024;

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

function parse(args: readonly string[]): { pdus: number; seed: number } | undefined {
  const request = { pdus: 100_000, seed: 1 };
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const number = Number(rest.shift());
    if (!Number.isSafeInteger(number) || number < 1) return undefined;
    if (word === "--pdus") request.pdus = number;
    else if (word === "--seed") request.seed = number;
    else return undefined;
  }
  return request;
}

const memory = (): number => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;

async function main(): Promise<number> {
  const request = parse(process.argv.slice(2));
  if (request === undefined) {
    process.stderr.write(usage);
    return 2;
  }
  const total = { pdus: 0, sessions: 0, answers: 0 };
  let before: number | undefined;
  for (let { seed } = request; total.pdus < request.pdus; seed++) {
    for (const unit of fuzzedUnits) {
      const pduCount = Math.min(pdusPerSeed, request.pdus - total.pdus);
      if (pduCount <= 0) break;
      try {
        const result = await fuzzGateway({ seed, unit, pduCount });
        total.pdus += result.pdus;
        total.sessions += result.sessions;
        total.answers += result.answers;
      } catch (thrown) {
        print(`FAILED: seed ${seed}, ${unit}: ${asError(thrown).stack ?? String(thrown)}`);
        print(`  again with: npm run fuzz -- --seed ${seed} --pdus ${pdusPerSeed}`);
        return 1;
      }
    }
    before ??= memory();
  }
  const growth = memory() - (before ?? 0);
  print(`${total.pdus} PDUs in ${total.sessions} sessions, ${total.answers} answers, no harm done`);
  print(`memory grew by ${Math.round(growth / 1024 / 1024)} MiB after the first gateway`);
  return growth <= growthMax ? 0 : 1;
}

process.exitCode = await main();
