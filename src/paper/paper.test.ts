// SPDX-License-Identifier: Apache-2.0
// Keys on paper: the text can be typed in again, and the code beside it has the form that the standard asks for.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inflateSync } from "node:zlib";
import { openKey, parseKeyText, protectKey } from "#keys/index.ts";
import { SeededRandom } from "#sim/index.ts";
import { paperFormats, paperKey } from "./paper-key.ts";
import { qrCode, qrSvg, qrText, type QrCode } from "./qr-code.ts";

const random = new SeededRandom("paper");
const key = random.bytes(32);
const created = "2026-01-01T00:00:00+00:00";
const config = protectKey(key, {
  passphrase: "secret",
  kind: "pbkdf2",
  random,
  created,
  modified: created,
  hint: "a <b> & c",
});

/** ISO/IEC 18004, 6.3.3: a dark square of 7, a light one of 5, a dark one of 3. */
function isFinder(code: QrCode, top: number, left: number): boolean {
  for (let row = 0; row < 7; row++) {
    for (let column = 0; column < 7; column++) {
      const ring = Math.max(Math.abs(row - 3), Math.abs(column - 3));
      if (code.isDark(top + row, left + column) !== (ring !== 2)) return false;
    }
  }
  return true;
}

test("a QR code has the finders and the timing patterns of the standard, also drawn", async () => {
  for (const text of ["A", "x".repeat(700)]) {
    const code = await qrCode(text);
    assert.equal((code.size - 21) % 4, 0);
    const far = code.size - 7;
    assert.ok(isFinder(code, 0, 0) && isFinder(code, 0, far) && isFinder(code, far, 0) && !isFinder(code, far, far));
    for (let place = 8; place < code.size - 8; place++) {
      assert.equal(code.isDark(6, place), place % 2 === 0);
      assert.equal(code.isDark(place, 6), place % 2 === 0);
    }
    const lines = qrText(code).split("\n");
    assert.equal(lines.length - 1, Math.ceil((code.size + 8) / 2));
    let dark = 0;
    for (let row = 0; row < code.size; row++) {
      for (let column = 0; column < code.size; column++) {
        const character = lines[Math.floor((row + 4) / 2)]?.[column + 4] ?? " ";
        assert.equal((row % 2 === 0 ? "█▀" : "█▄").includes(character), code.isDark(row, column));
        if (code.isDark(row, column)) dark += 1;
      }
    }
    assert.equal(qrSvg(code, "90mm").match(/h1v1h-1z/g)?.length, dark);
  }
});

test("a key on paper says what it is for, and is the key again when it is typed in", async () => {
  const text = await paperKey(config, { subject: "offsite", format: "text" });
  const typed = Buffer.from(text.bytes).toString("utf8");
  assert.match(typed, /^Subject: offsite\n/);
  assert.deepEqual(openKey(parseKeyText(typed), "secret"), key);
  const html = Buffer.from((await paperKey(config, { subject: "<offsite>", format: "html" })).bytes).toString("utf8");
  assert.match(html, /&lt;offsite&gt;/);
  assert.match(html, /a &lt;b&gt; &amp; c/);
  assert.ok(!html.includes("<offsite>") && html.includes("<svg"));
});

test("the PDF has one page with the text and a rectangle for each dark module", async () => {
  const { bytes, name, mediaType } = await paperKey(config, { subject: undefined, format: "pdf" });
  assert.deepEqual([mediaType, /^paper-key-[0-9a-f]{16}\.pdf$/.test(name)], ["application/pdf", true]);
  const pdf = Buffer.from(bytes).toString("latin1");
  assert.match(pdf, /^%PDF-1\./);
  assert.equal(pdf.match(/\/Type \/Page\b/g)?.length, 1);
  const streams = [...pdf.matchAll(/stream\n/g)].map(({ index }) => Buffer.from(bytes).subarray(index + 7));
  const page = inflateSync(streams[0] ?? Buffer.alloc(0), { finishFlush: 2 }).toString("latin1");
  assert.ok((page.match(/ re\n/g)?.length ?? 0) > 1000);
});

test("there are three formats, and each says its media type", async () => {
  for (const format of paperFormats) {
    const { mediaType } = await paperKey(config, { subject: undefined, format });
    assert.match(mediaType, format === "pdf" ? /pdf/ : new RegExp(format === "text" ? "plain" : "html"));
  }
});
