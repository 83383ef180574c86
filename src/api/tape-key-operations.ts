// SPDX-License-Identifier: Apache-2.0
// What is done with encryption keys for tapes, beside making and listing them.

import * as z from "zod";
import { managerOf } from "./handling.ts";
import { operation } from "./operation.ts";
import { Nothing } from "./schemas.ts";

const fingerprint = z.string().describe("Fingerprint of the key, with colons or without");
const anyFingerprint =
  "4e:1a:7f:03:9d:2c:88:51:be:60:0f:c4:72:aa:15:d9:36:8b:e7:40:5c:f2:91:0d:63:b8:2a:74:c9:1e:57:80";
const hint = z.string().min(1).max(64).describe("What reminds you of the passphrase");
const passphrase = (text: string) => z.string().min(5).meta({ secret: true }).describe(text);

const KeyView = z.object({
  fingerprint: z.string(),
  hint: z.string().optional(),
  kdf: z.string(),
  created: z.string(),
  modified: z.string(),
});

type Key = Awaited<ReturnType<ReturnType<typeof managerOf>["keyDesk"]["import"]>>;
const viewOf = ({ fingerprint: name = "", hint: reminder, derivation, created, modified }: Key) => {
  return { fingerprint: name, hint: reminder, kdf: derivation?.kind ?? "none", created, modified };
};

/** Showing, changing, importing, printing and removing keys. */
export const tapeKeyOperations = [
  operation({
    name: "tape.key.show",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/tape/keys/{fingerprint}" },
    summary: "Show how an encryption key for tapes is protected",
    input: z.strictObject({ fingerprint }),
    output: KeyView,
    positional: ["fingerprint"],
    examples: [{ title: "One key", input: { fingerprint: anyFingerprint } }],
    handler: (context, input) => viewOf(managerOf(context).keyDesk.show(input.fingerprint)),
  }),
  operation({
    name: "tape.key.change-passphrase",
    kind: "change",
    permission: "admin",
    route: { method: "put", path: "/tape/keys/{fingerprint}/passphrase" },
    summary: "Protect an encryption key for tapes by another passphrase",
    description:
      "Cartridges that are written already keep the key under the old passphrase. With --force the old passphrase is not needed: the " +
      "copy is taken that this machine writes tapes with.",
    input: z.strictObject({
      fingerprint,
      hint,
      newPassphrase: passphrase("New passphrase, at least 5 characters"),
      passphrase: passphrase("Passphrase so far").optional(),
      force: z.boolean().optional().describe("Do without the passphrase so far"),
    }),
    output: KeyView,
    positional: ["fingerprint"],
    examples: [
      {
        title: "A longer one",
        input: {
          fingerprint: anyFingerprint,
          hint: "the longer horse",
          passphrase: "correct horse battery",
          newPassphrase: "correct horse battery staple",
        },
      },
    ],
    handler: async (context, { fingerprint: name, force, passphrase: old, newPassphrase, hint: reminder }) => {
      const options = { passphrase: force === true ? undefined : (old ?? ""), newPassphrase, hint: reminder };
      return viewOf(await managerOf(context).keyDesk.changePassphrase(name, options));
    },
  }),
  operation({
    name: "tape.key.import",
    kind: "change",
    permission: "admin",
    route: { method: "post", path: "/tape/keys/import" },
    summary: "Take an encryption key for tapes from its JSON, or from the text of a paper key",
    input: z.strictObject({
      key: z.string().meta({ secret: true }).describe("JSON of the key, or the text of a paper key"),
      passphrase: passphrase("Passphrase of the key"),
      hint: hint.optional(),
    }),
    output: KeyView,
    positional: [],
    examples: [
      {
        title: "From paper",
        input: {
          key: '{"kdf":null}',
          passphrase: "correct horse battery",
        },
      },
    ],
    handler: async (context, { key, passphrase: secret, hint: reminder }) =>
      viewOf(await managerOf(context).keyDesk.import(key, { passphrase: secret, hint: reminder })),
  }),
  operation({
    name: "tape.key.paperkey",
    kind: "query",
    permission: "admin",
    route: { method: "get", path: "/tape/keys/{fingerprint}/paperkey" },
    summary: "Print an encryption key for tapes, with a QR code",
    description: "The key stays protected by its passphrase. A PDF comes in Base64: pipe it through `base64 -d`.",
    input: z.strictObject({
      fingerprint,
      subject: z.string().max(200).optional().describe("What is printed above the key"),
      format: z.enum(["text", "html", "pdf"]).optional().describe("How it looks; html when left out"),
    }),
    output: z.object({
      name: z.string(),
      mediaType: z.string(),
      content: z.string().meta({ document: true }).describe("Text, or Base64 for a PDF"),
    }),
    positional: ["fingerprint"],
    examples: [{ title: "For a browser", input: { fingerprint: anyFingerprint, subject: "offsite tapes" } }],
    handler: async (context, { fingerprint: name, subject, format = "html" }) => {
      const document = await managerOf(context).keyDesk.paper(name, { subject, format });
      const content = Buffer.from(document.bytes).toString(format === "pdf" ? "base64" : "utf8");
      return { name: document.name, mediaType: document.mediaType, content };
    },
  }),
  operation({
    name: "tape.key.remove",
    kind: "change",
    permission: "admin",
    route: { method: "delete", path: "/tape/keys/{fingerprint}" },
    summary: "Forget an encryption key for tapes",
    description:
      "Refused while a pool encrypts with it. Sets that were written with it can be read again when it is restored from a cartridge.",
    input: z.strictObject({
      fingerprint,
      force: z.boolean().optional().describe("Also when cartridges of the inventory are encrypted with it"),
    }),
    output: Nothing,
    positional: ["fingerprint"],
    examples: [{ title: "One that nothing needs", input: { fingerprint: anyFingerprint } }],
    handler: async (context, { fingerprint: name, force }) => {
      await managerOf(context).keyDesk.remove(name, { isForced: force === true });
      return {};
    },
  }),
] as const;
