// SPDX-License-Identifier: Apache-2.0
// npm run fuzz:formats: throws changed inputs at every parser of the manager and prints what came of it.

import { asError } from "#base/index.ts";
import { fuzzedParsers, fuzzParser } from "./format-fuzz.ts";

const usage = `usage: npm run fuzz:formats -- [--inputs COUNT] [--seed SEED]

Throws COUNT (100000) changed inputs at each parser of tape files, datastores, archives, keys and settings.
`;

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  const request = { "--inputs": 100_000, "--seed": 1 };
  for (let index = 0; index < args.length; index += 2) {
    const [word = "", number] = [args[index], Number(args[index + 1])];
    if (!(word in request) || !Number.isSafeInteger(number) || number < 1) {
      process.stderr.write(usage);
      return 2;
    }
    Object.assign(request, { [word]: number });
  }
  const { "--inputs": count, "--seed": seed } = request;
  const parsers = await fuzzedParsers();
  for (const [name, parser] of Object.entries(parsers)) {
    try {
      const refused = await fuzzParser(name, parser, { count, seed });
      process.stdout.write(`${name.padEnd(20)} ${count} inputs, ${refused} refused by name\n`);
    } catch (error) {
      process.stdout.write(`FAILED ${asError(error).message}\n`);
      return 1;
    }
  }
  process.stdout.write(`${Object.keys(parsers).length} parsers, no harm done\n`);
  return 0;
}

process.exitCode = await main();
