// SPDX-License-Identifier: Apache-2.0
// Notices over real connections: a mail server of this test's own with and without encryption, a web server, a command.

import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer, TLSSocket } from "node:tls";
import { test } from "node:test";
import { type Envelope, sendMail } from "#notify/index.ts";
import { makeCertificate, readCertificate } from "./certificates.ts";
import { mailConnector, sendmailRunner, sendWebhook } from "./notices.ts";

interface Mailbox {
  readonly commands: string[];
  readonly mails: string[];
  /** True when the last command came encrypted. */
  isTls: boolean;
}

/** Speaks SMTP with whoever is at the other end. */
function converse(
  socket: Socket,
  box: Mailbox,
  tls: { readonly cert: string; readonly key: string } | undefined,
): void {
  let text = "";
  let isData = false;
  const say = (line: string): void => void socket.write(`${line}\r\n`);
  const answer = (command: string): void => {
    box.commands.push(command);
    box.isTls = socket instanceof TLSSocket;
    const verb = command.split(" ")[0]?.toUpperCase();
    if (verb === "EHLO") socket.write(`250-test\r\n${tls === undefined ? "" : "250-STARTTLS\r\n"}250 AUTH PLAIN\r\n`);
    else if (verb === "AUTH") say("235 welcome");
    else if (verb === "DATA") {
      isData = true;
      say("354 go on");
    } else if (verb === "QUIT") {
      say("221 bye");
      socket.end();
    } else if (verb === "STARTTLS" && tls !== undefined) {
      socket.removeAllListeners("data");
      socket.write("220 go\r\n", () => converse(new TLSSocket(socket, { isServer: true, ...tls }), box, undefined));
    } else say("250 fine");
  };
  socket.setEncoding("utf8");
  socket.on("error", () => {});
  socket.on("data", (piece: string) => {
    text += piece;
    for (;;) {
      const end = text.indexOf(isData ? "\r\n.\r\n" : "\r\n");
      if (end < 0) return;
      const part = text.slice(0, end);
      text = text.slice(end + (isData ? 5 : 2));
      if (isData) {
        isData = false;
        box.mails.push(part);
        say("250 queued");
      } else answer(part);
    }
  });
}

const listening = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "capstan-notices-"));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const envelopeFor = (mode: "tls" | "starttls" | "plain", port: number): Envelope => ({
  host: "tape1",
  from: "tape@example.com",
  to: ["ops@example.com"],
  message: "Subject: x\r\n\r\n.hello\r\n",
  login: { user: "tape", password: "pa55word" },
  server: { host: "127.0.0.1", port, mode },
  isLocal: true,
});

test("a mail arrives in plain, behind STARTTLS and over TLS, and nobody with another certificate gets one", async () => {
  await withFolder(async (folder) => {
    const files = { certificate: join(folder, "c.pem"), key: join(folder, "k.pem") };
    await makeCertificate(files, "127.0.0.1");
    const { certificate: cert, key } = readCertificate(files);
    for (const mode of ["plain", "starttls", "tls"] as const) {
      const box: Mailbox = { commands: [], mails: [], isTls: false };
      const isTls = mode === "tls";
      const serve = (socket: Socket): void => {
        socket.write("220 test ESMTP\r\n");
        converse(socket, box, mode === "starttls" ? { cert, key } : undefined);
      };
      const server = isTls ? createTlsServer({ cert, key }, serve) : createServer(serve);
      server.on("tlsClientError", () => {});
      const envelope = envelopeFor(mode, await listening(server));
      try {
        const connection = await mailConnector(cert)(envelope.server);
        await sendMail(connection, envelope);
        connection.close();
        assert.deepEqual(box.mails, ["Subject: x\r\n\r\n..hello"]);
        assert.equal(box.isTls, mode !== "plain");
        if (mode === "plain") continue;
        const trusting = async (): Promise<void> => {
          const other = await mailConnector()(envelope.server);
          await sendMail(other, envelope).finally(() => other.close());
        };
        await assert.rejects(trusting(), /self-signed certificate|unable to verify/);
        assert.equal(box.mails.length, 1);
        assert.ok(!box.commands.some((command) => command.startsWith("AUTH") && box.mails.length > 1));
      } finally {
        server.close();
      }
    }
  });
});

test("a mail server that is not there, or goes away, is an error that says so", async () => {
  const server = createServer((socket) => socket.resume().end("220 test\r\n"));
  const envelope = envelopeFor("plain", await listening(server));
  const connection = await mailConnector()(envelope.server);
  await assert.rejects(sendMail(connection, envelope), /closed the connection|EPIPE|ECONNRESET/);
  connection.close();
  await new Promise((resolve) => server.close(resolve));
  await assert.rejects(mailConnector()(envelope.server), /ECONNREFUSED/);
});

test("a webhook gets method, headers and body, and a redirection is not followed", async () => {
  const seen: string[] = [];
  const server = createHttpServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => {
      seen.push(`${request.method} ${request.url} ${request.headers.authorization} ${body}`);
      response.writeHead(request.url === "/moved" ? 302 : 204, { location: "/elsewhere" }).end();
    });
  });
  const base = `http://127.0.0.1:${await listening(server)}`;
  const request = { method: "POST", url: `${base}/hook`, headers: { authorization: "Bearer x" }, body: '{"a":"ü"}' };
  try {
    assert.equal(await sendWebhook(request), 204);
    assert.equal(await sendWebhook({ ...request, method: "GET", url: `${base}/moved`, body: undefined }), 302);
    assert.deepEqual(seen, ['POST /hook Bearer x {"a":"ü"}', "GET /moved Bearer x "]);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
  await assert.rejects(sendWebhook(request), /cannot be reached/);
});

test("the sendmail command gets the mail on its input and the addresses as arguments, and its refusal is told", async () => {
  await withFolder(async (folder) => {
    const command = join(folder, "sendmail");
    writeFileSync(command, `#!/bin/sh\necho "$@" >"${folder}/arguments"\ncat >"${folder}/mail"\n`);
    chmodSync(command, 0o755);
    const mail = {
      from: "tape@example.com",
      to: ["a@example.com", "-b@example.com"],
      message: "Subject: x\r\n\r\nhello\r\n",
    };
    await sendmailRunner(command)(mail);
    assert.equal(
      readFileSync(join(folder, "arguments"), "utf8"),
      "-i -f tape@example.com -- a@example.com -b@example.com\n",
    );
    assert.equal(readFileSync(join(folder, "mail"), "utf8"), "Subject: x\n\nhello\n");
    writeFileSync(command, "#!/bin/sh\necho no queue >&2\nexit 75\n");
    await assert.rejects(sendmailRunner(command)(mail), /ends with 75: no queue/);
    await assert.rejects(sendmailRunner(join(folder, "nothing"))(mail), /ENOENT/);
  });
});
