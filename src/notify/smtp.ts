// SPDX-License-Identifier: Apache-2.0
// Handing a mail to a server: SMTP (RFC 5321) with STARTTLS (RFC 3207) and AUTH PLAIN or LOGIN (RFC 4954). A password is only
// sent where nobody can listen.

import { Buffer } from "node:buffer";

/** Port: a connection to a mail server, line by line. Every call rejects when the connection breaks or takes too long. */
export interface MailConnection {
  /** The next line without its end. */
  readLine(): Promise<string>;
  write(text: string): Promise<void>;
  /** From here on encrypted; the certificate must be the server's. */
  startTls(): Promise<void>;
  /** Idempotent. */
  close(): void;
}

/** How a mail server is reached. */
export interface MailServer {
  readonly host: string;
  readonly port: number;
  /** Encrypted from the beginning; from STARTTLS on; not at all. */
  readonly mode: "tls" | "starttls" | "plain";
}

/** Port: connects to a mail server. */
export type ConnectMail = (server: MailServer) => Promise<MailConnection>;

/** What is handed over. */
export interface Envelope {
  /** Name of this host, for the greeting. */
  readonly host: string;
  readonly from: string;
  readonly to: readonly string[];
  /** Lines end with CR LF. */
  readonly message: string;
  readonly login: { readonly user: string; readonly password: string } | undefined;
  readonly server: MailServer;
  /** True when the way to the server does not leave this machine: passwords may go over it as they are. */
  readonly isLocal: boolean;
}

/** Lines of one answer that are read. */
const answerLines = 100;

interface Reply {
  readonly code: number;
  readonly lines: readonly string[];
}

/** Hands a mail over; throws an Error that says what the server answered. The connection is used up. */
export async function sendMail(connection: MailConnection, envelope: Envelope): Promise<void> {
  const { server, from, to, message, login } = envelope;
  await expect(connection, "the greeting", 220);
  let offers = await hello(connection, envelope);
  if (server.mode === "starttls") {
    if (!offers.has("STARTTLS")) throw new Error("the mail server does not offer STARTTLS");
    await command(connection, "STARTTLS", { expected: 220 });
    await connection.startTls();
    offers = await hello(connection, envelope);
  }
  if (login !== undefined) await logIn(connection, envelope, login, offers);
  await command(connection, `MAIL FROM:<${from}>`, { expected: 250 });
  for (const address of to) await command(connection, `RCPT TO:<${address}>`, { expected: 250, other: 251 });
  await command(connection, "DATA", { expected: 354 });
  // A line that begins with a dot gets another one (RFC 5321, section 4.5.2).
  const body = message.replaceAll(/^\./gm, "..");
  await connection.write(`${body}${body.endsWith("\r\n") ? "" : "\r\n"}.\r\n`);
  await expect(connection, "the mail", 250);
  await connection.write("QUIT\r\n");
}

/** What the server offers, by keyword. */
async function hello(connection: MailConnection, { host }: Envelope): Promise<ReadonlyMap<string, string>> {
  const { lines } = await command(connection, `EHLO ${host}`, { expected: 250 });
  return new Map(
    lines.slice(1).map((line) => {
      const [keyword = "", ...parameters] = line.split(" ");
      return [keyword.toUpperCase(), parameters.join(" ").toUpperCase()] as const;
    }),
  );
}

async function logIn(
  connection: MailConnection,
  { server, isLocal }: Envelope,
  { user, password }: { readonly user: string; readonly password: string },
  offers: ReadonlyMap<string, string>,
): Promise<void> {
  if (server.mode === "plain" && !isLocal) throw new Error("a password is not sent without encryption");
  const mechanisms = (offers.get("AUTH") ?? "").split(" ");
  const base64 = (text: string): string => Buffer.from(text, "utf8").toString("base64");
  // What is sent is not part of any message: it is secret.
  if (mechanisms.includes("PLAIN")) {
    await secret(connection, `AUTH PLAIN ${base64(`\0${user}\0${password}`)}`, 235);
  } else if (mechanisms.includes("LOGIN")) {
    await command(connection, "AUTH LOGIN", { expected: 334 });
    await secret(connection, base64(user), 334);
    await secret(connection, base64(password), 235);
  } else throw new Error("the mail server offers neither AUTH PLAIN nor AUTH LOGIN");
}

async function command(
  connection: MailConnection,
  text: string,
  codes: { readonly expected: number; readonly other?: number },
): Promise<Reply> {
  await connection.write(`${text}\r\n`);
  return expect(connection, text, codes.expected, codes.other);
}

async function secret(connection: MailConnection, text: string, expected: number): Promise<void> {
  await connection.write(`${text}\r\n`);
  await expect(connection, "the user and the password", expected);
}

/** The answer to `what`, which must have one of the codes. */
async function expect(connection: MailConnection, what: string, expected: number, other = expected): Promise<Reply> {
  const lines: string[] = [];
  let code = 0;
  for (let isLast = false; !isLast;) {
    const match = /^(\d{3})(?:([ -])(.*))?$/.exec(await connection.readLine());
    if (match === null || lines.length >= answerLines)
      throw new Error(`the mail server does not answer ${what} in SMTP`);
    code = Number(match[1]);
    lines.push(match[3] ?? "");
    isLast = match[2] !== "-";
  }
  if (code === expected || code === other) return { code, lines };
  throw new Error(`the mail server answers ${what} with ${code} ${lines.join(" ")}`);
}
