// SPDX-License-Identifier: Apache-2.0
// What a person reads when an instance is ready: where everything is and what to do next.

import { hostname } from "node:os";
import { endpointText, type Endpoint } from "#base/index.ts";
import type { Instance } from "./instance.ts";
import type { InstanceSettings } from "./settings.ts";
import { productVersion } from "./version.ts";

/** The text, with lines ready to paste. */
export function greeting(instance: Instance, settings: InstanceSettings): string {
  const { gateway, home, isNew, tokenFile, apiAddress } = instance;
  const portals = instance.portals.map((portal, index) => reachable(settings.portals[index]?.advertise ?? portal));
  const libraries = gateway
    .listLibraries()
    .map(
      ({ name, drives, storageSlots, mailSlots, cartridges }) =>
        `${name}: ${drives.length} drives, ${storageSlots} slots, ${mailSlots} mail slots, ${cartridges} cartridges`,
    );
  const lines = [
    `Capstan ${productVersion()} is ready.`,
    "",
    `  Data folder   ${home}${isNew ? "  (new)" : ""}`,
    ...portals.map((portal) => `  iSCSI portal  ${portal}`),
    `  API           ${apiAddress}`,
    `  Admin token   ${tokenFile}`,
    ...(instance.madeCertificate ? [`  Certificate   ${home}/certificate.pem  (self-signed, new)`] : []),
    ...keyLines(instance, settings),
    ...libraries.map((text) => `  Library       ${text}`),
    "",
    ...connectLines(portals[0]),
    "",
    "Look around and go on, in another terminal:",
    `  ${command(home)} cartridge list`,
    `  ${command(home)} target list`,
    `  ${command(home)} --help`,
    "",
    "Ctrl-C stops it; everything that was acknowledged is kept.",
    "",
  ];
  return `${lines.join("\n")}\n`;
}

/** Where the keys are. What nobody has a copy of is worth an extra line. */
function keyLines({ madeKeyFile }: Instance, { encryption }: InstanceSettings): readonly string[] {
  const { provider, keyFile } = encryption;
  if (provider === "none") return ["  Encryption    NONE: whoever can read the object store can read every cartridge"];
  if (provider !== "file") return [`  Encryption    by ${provider}`];
  if (!madeKeyFile) return [`  Key file      ${keyFile}`];
  return [
    `  Key file      ${keyFile}  (new)`,
    "                Without it nobody can read the cartridges in the object store, not even we. It is a line of text:",
    "                print it, or keep a copy in a password store, now.",
  ];
}

function connectLines(portal: string | undefined): readonly string[] {
  if (portal === undefined) return [];
  return [
    "Connect a Linux host (as root; Debian: apt install open-iscsi lsscsi mtx mt-st):",
    `  iscsiadm -m discovery -t sendtargets -p ${portal}`,
    `  iscsiadm -m node -p ${portal} --login`,
    "  lsscsi -g",
  ];
}

/** The command line as it finds this instance: it looks into ./capstan-data by itself. */
function command(home: string): string {
  return home === `${process.cwd()}/capstan-data` || home === process.env["CAPSTAN_HOME"]
    ? "./capstan"
    : `CAPSTAN_HOME=${quoted(home)} ./capstan`;
}

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/** An address that can be pasted: one that means every address of the machine becomes its name. */
function reachable(endpoint: Endpoint): string {
  const isAny = endpoint.host === "0.0.0.0" || endpoint.host === "::";
  return endpointText(isAny ? { ...endpoint, host: hostname() } : endpoint);
}
