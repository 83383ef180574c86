// SPDX-License-Identifier: Apache-2.0
// `npm run s3sim`: the simulated S3 on a port of the loopback address, for trials by hand and for other programs' tests.

import process from "node:process";
import { parseArgs } from "node:util";
import { seconds } from "#base/index.ts";
import { S3Simulator } from "#s3sim/index.ts";
import { listenHttp, SystemClock, SystemRandom } from "#world/index.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "9000" },
    thaw: { type: "string", default: "10" },
    bucket: { type: "string", multiple: true, default: ["capstan"] },
    "access-key": { type: "string", default: "capstan" },
    "secret-key": { type: "string", default: "capstan-secret" },
  },
});
const delay = seconds(Number(values.thaw));
const simulator = new S3Simulator({
  clock: new SystemClock(),
  random: new SystemRandom(),
  keys: { id: values["access-key"], secret: values["secret-key"] },
  thawDelay: { Expedited: delay, Standard: delay, Bulk: delay },
});
for (const name of values.bucket) simulator.makeBucket(name, { hasLocks: true });
const { port } = await listenHttp((request) => simulator.handle(request), { port: Number(values.port) });
process.stdout.write(
  `A simulated S3 in memory, until Ctrl-C. Restores take ${values.thaw} s.\n` +
    `  AWS_ACCESS_KEY_ID=${values["access-key"]} AWS_SECRET_ACCESS_KEY=${values["secret-key"]} ` +
    `./capstan store probe 's3://${values.bucket[0] ?? ""}/tapes?endpoint=http://127.0.0.1:${port}'\n`,
);
process.on("SIGINT", () => {
  for (const { kind, storageClass, count, bytesIn, bytesOut } of simulator.book.lines) {
    process.stdout.write(`${kind} ${storageClass}: ${count} requests, ${bytesIn} bytes in, ${bytesOut} out\n`);
  }
  process.stdout.write(`about ${simulator.book.dollars.toFixed(6)} USD at Amazon\n`);
  process.exit(0);
});
