// SPDX-License-Identifier: Apache-2.0
// How notices leave this machine: a connection to a mail server, the sendmail command, a request to a webhook.

import { spawn } from "node:child_process";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { asError, limits } from "#base/index.ts";
import type { ConnectMail, MailConnection, MailServer, RunSendmail, SendHttp } from "#notify/index.ts";
import { httpTransport } from "./http-transport.ts";

/** Longest line of a mail server that is waited for; SMTP allows 512 bytes. */
const longestLine = 8192;

/** Connects to mail servers. `trust`: PEM of certificates to accept besides those of the system. */
export function mailConnector(trust?: string): ConnectMail {
  return (server) =>
    new Promise((resolve, reject) => {
      const { host, port, mode } = server;
      const socket = mode === "tls" ? tlsSocket(server, trust) : connectTcp({ host, port });
      const isOpen = mode === "tls" ? "secureConnect" : "connect";
      socket.setTimeout(limits.noticeTimeout, () => socket.destroy(new Error("the mail server does not answer")));
      socket.once("error", reject);
      socket.once(isOpen, () => {
        socket.off("error", reject);
        resolve(new SocketConnection(socket, server, trust));
      });
    });
}

function tlsSocket({ host, port }: MailServer, trust: string | undefined, socket?: Socket): Socket {
  const name = /^[\d.:]+$/.test(host) ? {} : { servername: host };
  return connectTls({
    ...(socket === undefined ? { port } : { socket }),
    host,
    ...name,
    ...(trust === undefined ? {} : { ca: trust }),
  });
}

class SocketConnection implements MailConnection {
  readonly #server: MailServer;
  readonly #trust: string | undefined;
  #socket: Socket;
  #text = "";
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(socket: Socket, server: MailServer, trust: string | undefined) {
    this.#server = server;
    this.#trust = trust;
    this.#socket = socket;
    this.#listen(socket);
  }

  async readLine(): Promise<string> {
    for (;;) {
      const end = this.#text.indexOf("\n");
      if (end >= 0) {
        const line = this.#text.slice(0, end).replace(/\r$/, "");
        this.#text = this.#text.slice(end + 1);
        return line;
      }
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#text.length > longestLine) throw new Error("the mail server answers with a line without end");
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  write(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(text, (error) => (error ? reject(error) : resolve()));
    });
  }

  startTls(): Promise<void> {
    // What came before encryption could be anybody's words (RFC 3207, section 5).
    this.#text = "";
    const plain = this.#socket;
    plain.removeAllListeners("data");
    return new Promise((resolve, reject) => {
      const socket = tlsSocket(this.#server, this.#trust, plain);
      socket.once("error", reject);
      socket.once("secureConnect", () => {
        socket.off("error", reject);
        this.#socket = socket;
        this.#listen(socket);
        resolve();
      });
    });
  }

  close(): void {
    this.#socket.end();
    this.#socket.destroySoon();
  }

  #listen(socket: Socket): void {
    const fail = (error: Error): void => {
      this.#failure ??= error;
      this.#wake?.();
    };
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      this.#text += text;
      this.#wake?.();
    });
    socket.on("error", fail);
    socket.on("close", () => fail(new Error("the mail server closed the connection")));
  }
}

/** Hands mails to a sendmail command. */
export function sendmailRunner(path = "/usr/sbin/sendmail"): RunSendmail {
  return ({ from, to, message }) =>
    new Promise((resolve, reject) => {
      const timeout = AbortSignal.timeout(limits.noticeTimeout);
      const child = spawn(path, ["-i", "-f", from, "--", ...to], {
        stdio: ["pipe", "ignore", "pipe"],
        signal: timeout,
      });
      let complaint = "";
      child.stderr.setEncoding("utf8");
      child.stderr.on("data", (text: string) => {
        if (complaint.length < longestLine) complaint += text;
      });
      child.on("error", (error) => reject(new Error(`${path}: ${error.message}`)));
      child.on("close", (code) => {
        if (code === 0) resolve();
        else reject(new Error(`${path} ends with ${code ?? "a signal"}: ${complaint.trim()}`));
      });
      // A command that ends early says so by its code.
      child.stdin.on("error", () => {});
      child.stdin.end(message.replaceAll("\r\n", "\n"));
    });
}

/** Sends requests to webhooks. */
export const sendWebhook: SendHttp = async ({ method, url, headers, body }) => {
  const signal = AbortSignal.timeout(limits.noticeTimeout);
  const send = httpTransport();
  try {
    const { status, body: answer } = await send({
      method,
      url,
      headers,
      signal,
      ...(body === undefined ? {} : { body }),
    });
    // What it says is not of interest, but has to be taken.
    for await (const _text of answer) if (signal.aborted) break;
    return status;
  } catch (error) {
    throw new Error(`the webhook cannot be reached: ${asError(error).message}`, { cause: error });
  }
};
