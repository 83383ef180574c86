// SPDX-License-Identifier: Apache-2.0
// One connection of a target, from the first byte to the last. RFC 7143 section 8.1 (connection states) in short:
//
//   state    | reads              | becomes
//   login    | login requests     | opening when the login is complete; closed when refused or too slow
//   opening  | nothing            | full when the predecessor's tasks are quiet; closed when there is no room
//   full     | everything         | leaving at logout; closed when lost, dropped or silent
//   leaving  | drops everything   | closed when tasks are quiet and the answer is sent
//   closed   | drops everything   | (end)
//
// It decides about these states and about time; login and session decide about PDUs.

import { asError, Bug, type ByteStream, type Clock, type Endpoint, type Instant, type Log } from "#base/index.ts";
import { limits, type Random, type StreamReceiver, type Timer } from "#base/index.ts";
import { loginStatus, opcodes, type LoginStatusName } from "./codes.ts";
import { CommandWindow } from "./command-window.ts";
import type { HeldCommand } from "./held-command.ts";
import { LoginRequest, LoginResponse } from "./pdu-layouts.ts";
import { dropSink, gatherSink, PduReader, type PduHandler, type PduHeader, type PduSink } from "./pdu-reader.ts";
import { PduSender } from "./pdu-sender.ts";
import type { Nexus } from "./scsi-task.ts";
import { serialNumber, type SerialNumber } from "./serial-number.ts";
import type { SessionDescription } from "./session-description.ts";
import type { LiveSession, SessionRegistry } from "./session-registry.ts";
import { defaultTargetSettings, type TargetSettings } from "./settings.ts";
import type { TargetDirectory } from "./target-directory.ts";
import { TargetLogin, type LoginAnswer, type LoginResult } from "./target-login.ts";
import { defaultFirstStatSn, TargetOutput } from "./target-output.ts";
import { TargetSession, type SessionConnection } from "./target-session.ts";
import { TaskSet } from "./task-set.ts";
import { encodeText } from "./text.ts";
import { TextExchange } from "./text-exchange.ts";

/** What a connection needs. */
export interface TargetConnectionOptions {
  readonly stream: ByteStream;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly directory: TargetDirectory;
  readonly registry: SessionRegistry;
  /** Differences from `defaultTargetSettings`. */
  readonly settings?: Partial<TargetSettings>;
  /** The StatSN of the first response. */
  readonly firstStatSn?: SerialNumber;
  /** The connection is over and none of its tasks is running any more. */
  readonly ended?: () => void;
}

type State = "login" | "opening" | "full" | "leaving" | "closed";

/** Data of one login request: RFC 7143 section 13.12, the default that holds during login. */
const loginSegmentMax = 8192;

/** One connection. */
export class TargetConnection implements StreamReceiver, PduHandler, LiveSession, SessionConnection {
  readonly log: Log;
  readonly #options: TargetConnectionOptions;
  readonly #settings: TargetSettings;
  readonly #reader: PduReader;
  readonly #output: TargetOutput;
  readonly #login: TargetLogin;
  #state: State = "login";
  #result: LoginResult | undefined;
  #session: TargetSession | undefined;
  #tasks: TaskSet | undefined;
  #timer: Timer | undefined;
  #since: Instant;
  #bytesAtPing = -1;
  #isPinged = false;
  #hasNumbers = false;
  #ending: Promise<void> | undefined;

  constructor(options: TargetConnectionOptions) {
    this.#options = options;
    this.#settings = { ...defaultTargetSettings, ...options.settings };
    const { local, remote } = options.stream;
    this.log = options.log.child({ remote: `${remote.host}:${remote.port}` });
    this.#reader = new PduReader(this);
    this.#output = new TargetOutput({
      sender: new PduSender(options.stream, this.#settings.sendQueue),
      reader: this.#reader,
      window: new CommandWindow<HeldCommand>(serialNumber(0)),
      firstStatSn: options.firstStatSn ?? defaultFirstStatSn,
    });
    this.#login = new TargetLogin({
      directory: options.directory,
      sessions: options.registry,
      settings: this.#settings,
      random: options.random,
      access: { local, remote },
    });
    this.#since = options.clock.now();
    this.#timer = options.clock.setTimer(this.#settings.loginTimeout, () => this.drop("it did not log in in time"));
  }

  // ---- StreamReceiver

  want(): Uint8Array {
    return this.#reader.want();
  }

  received(count: number): void {
    try {
      this.#reader.received(count);
    } catch (error) {
      this.log.error("a connection was dropped because of a bug", {}, error);
      this.drop("of a bug");
    }
  }

  closed(reason: Error | undefined): void {
    if (this.#state === "full") this.log.info("the connection was lost", { reason: reason?.message ?? "closed" });
    void this.#end("lost");
  }

  // ---- PduHandler

  headerReceived(header: PduHeader): PduSink {
    if (this.#state === "full" && this.#session !== undefined) return this.#session.headerReceived(header);
    if (this.#state === "login") return this.#loginHeader(header);
    return dropSink(this.#reader);
  }

  headerDigestFailed(): void {
    this.drop("the digest of a header is wrong");
  }

  #loginHeader(header: PduHeader): PduSink {
    if (header.opcode !== opcodes.loginRequest.code) {
      this.drop(`a PDU with opcode ${header.opcode} came before the login was complete`);
      return dropSink(this.#reader);
    }
    if (header.dataLength > loginSegmentMax) {
      this.drop(`a login request of ${header.dataLength} bytes`);
      return dropSink(this.#reader);
    }
    const request = LoginRequest.decode(header.bytes.slice());
    this.#startNumbers(request);
    return gatherSink(header.dataLength, (data) => this.#loginRequest(request, data));
  }

  #startNumbers(request: LoginRequest): void {
    if (this.#hasNumbers) return;
    this.#hasNumbers = true;
    this.#output.startWindow(new CommandWindow<HeldCommand>(serialNumber(request.cmdSn)));
  }

  #loginRequest(request: LoginRequest, data: Uint8Array): void {
    const step = this.#login.receive(request, data);
    switch (step.kind) {
      case "answer":
        return this.#answerLogin(request, { answer: step.answer, tsih: request.tsih });
      case "refuse":
        return this.#refuseLogin(request, step.status, step.reason);
      case "complete":
        this.#state = "opening";
        this.#options.stream.pause();
        this.#open(request, step.answer, step.result).catch((thrown: unknown) => {
          this.log.error("a session could not be opened", {}, asError(thrown));
          this.drop("a session could not be opened");
        });
    }
  }

  #answerLogin(request: LoginRequest, what: { readonly answer: LoginAnswer; readonly tsih: number }): void {
    const { transit, currentStage, nextStage, pairs } = what.answer;
    const { isid, initiatorTaskTag } = request;
    const fields = { transit, currentStage, nextStage, isid, tsih: what.tsih, initiatorTaskTag };
    this.#output.sender.send(LoginResponse.encode({ ...fields, ...this.#output.status() }), encodeText(pairs));
  }

  #refuseLogin(request: LoginRequest, status: LoginStatusName, reason: string): void {
    const { code, text } = loginStatus[status];
    const target = this.#result?.targetName ?? "";
    this.log.warn("a login was refused", { initiator: this.#login.who, target, status: text, reason });
    const { currentStage, isid, tsih, initiatorTaskTag } = request;
    const fields = { currentStage, isid, tsih, initiatorTaskTag, status: code };
    this.#output.sender.send(LoginResponse.encode({ ...fields, ...this.#output.status() }));
    this.#reader.stop();
    this.#options.stream.close();
    this.#state = "leaving";
    this.#setTimer(limits.logoutLinger, () => this.#options.stream.destroy());
  }

  /** The login is complete: the predecessor ends first, then the session begins, then the initiator is told. */
  async #open(request: LoginRequest, answer: LoginAnswer, result: LoginResult): Promise<void> {
    const { registry } = this.#options;
    const { grant, targetName } = result;
    // Discovery sessions of one initiator may run side by side; they own nothing that could be reinstated.
    if (targetName !== undefined) await registry.endPredecessor(result);
    if (this.#state !== "opening") return;
    if (grant !== undefined && targetName !== undefined && registry.countOf(targetName) >= grant.sessionsMax) {
      return this.#refuseLogin(request, "outOfResources", "the target has as many sessions as it may");
    }
    this.#result = result;
    const tsih = registry.add(this, result.tsih);
    this.#begin(result);
    this.#answerLogin(request, { answer, tsih });
    const { headerDigest, dataDigest } = result.negotiation.parameters;
    const digests = { header: headerDigest === "CRC32C", data: dataDigest === "CRC32C" };
    this.#reader.setDigests(digests);
    this.#output.sender.setDigests(digests);
    this.#state = "full";
    this.log.info("an initiator logged in", {
      initiator: result.initiatorName,
      target: targetName ?? "(discovery)",
      authentication: result.authentication,
    });
    this.#watch();
    this.#options.stream.resume();
  }

  #begin(result: LoginResult): void {
    const parameters = result.negotiation.parameters;
    const { local, remote } = this.#options.stream;
    const { grant, targetName, initiatorName, isid } = result;
    const settings = this.#settings;
    if (grant !== undefined && targetName !== undefined) {
      const nexus: Nexus = {
        initiatorName,
        isid,
        targetName,
        portalGroupTag: grant.portalGroupTag,
        id: this.#options.registry.newNexusId(),
        remoteAddress: remote.host,
      };
      this.#tasks = new TaskSet({
        device: grant.device,
        nexus,
        output: this.#output,
        parameters,
        settings,
        log: this.log,
        badDigest: (header) => this.#session?.rejectDigest(header),
        placeChanged: () => {
          if (this.#reader.isRoomStale) this.#options.stream.renewRoom();
        },
      });
      grant.device.nexusOpened(nexus);
    }
    this.#session = new TargetSession({
      output: this.#output,
      tasks: this.#tasks,
      text: this.#textExchange(targetName, { initiatorName, local, remote }, parameters.peerReceiveSegment),
      connection: this,
      maxReceiveSegment: settings.maxReceiveSegment,
    });
  }

  #textExchange(
    targetName: string | undefined,
    access: { readonly initiatorName: string; readonly local: Endpoint; readonly remote: Endpoint },
    agreed: number,
  ): TextExchange {
    const { directory } = this.#options;
    const tasks = this.#tasks;
    let segment = agreed;
    return new TextExchange({
      targetName,
      get peerReceiveSegment() {
        return segment;
      },
      list: () => directory.list(access),
      setPeerReceiveSegment: (size) => {
        segment = size;
        tasks?.setPeerReceiveSegment(size);
      },
    });
  }

  // ---- SessionConnection

  drop(reason: string): void {
    if (this.#state === "closed") return;
    this.log.warn("a connection was dropped", { initiator: this.#login.who, reason });
    this.#options.stream.destroy();
    void this.#end("lost");
  }

  logOut(answer: () => void): void {
    this.#state = "leaving";
    const ended = this.#endTasks("logout");
    ended.then(
      () => {
        answer();
        this.log.info("an initiator logged out", { initiator: this.#login.who });
        this.#options.stream.close();
        this.#setTimer(limits.logoutLinger, () => this.#options.stream.destroy());
      },
      (thrown: unknown) => {
        this.log.error("a session did not end well", {}, asError(thrown));
        this.drop("a session did not end well");
      },
    );
  }

  coldReset(): void {
    const target = this.#result?.targetName;
    const dropped = this.#options.registry.drop((session) => session.targetName === target, "the target was reset");
    dropped.catch((thrown: unknown) => this.log.error("sessions did not end well", {}, asError(thrown)));
  }

  // ---- LiveSession

  get identity(): LoginResult {
    if (this.#result === undefined) throw new Bug("a session that is logged in");
    return this.#result;
  }

  get cid(): number {
    return this.identity.cid;
  }

  end(reason: string): Promise<void> {
    this.drop(reason);
    return this.#end("lost");
  }

  describe(): Omit<SessionDescription, "id" | "tsih"> {
    const result = this.identity;
    const { headerDigest, dataDigest } = result.negotiation.parameters;
    return {
      type: result.targetName === undefined ? "discovery" : "normal",
      initiatorName: result.initiatorName,
      initiatorAlias: result.initiatorAlias,
      isid: result.isid,
      targetName: result.targetName,
      portalGroupTag: result.grant?.portalGroupTag,
      portal: this.#options.stream.local,
      remote: this.#options.stream.remote,
      authentication: result.authentication,
      headerDigest: headerDigest === "CRC32C",
      dataDigest: dataDigest === "CRC32C",
      negotiated: result.negotiation.negotiated,
      since: this.#since,
      bytesReceived: this.#reader.bytesReceived,
      bytesSent: this.#output.sender.bytesSent,
      commands: this.#tasks?.commandCount ?? 0,
      outstanding: this.#tasks?.outstanding ?? 0,
    };
  }

  // ---- The end

  /** Asks the initiator to leave; who is not logged in yet is dropped. */
  askToLeave(seconds: number): void {
    if (this.#state === "full") this.#session?.requestLogout(seconds);
    else this.drop("the portal closes");
  }

  #setTimer(after: Parameters<Clock["setTimer"]>[0], callback: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.setTimer(after, callback);
  }

  /** Pings an initiator that was silent, and drops it when it stays silent. */
  #watch(): void {
    if (this.#state !== "full") return;
    const { pingAfter, pingTimeout } = this.#settings;
    const isSilent = this.#reader.bytesReceived === this.#bytesAtPing;
    if (isSilent && this.#isPinged) return this.drop("it does not answer a ping");
    this.#bytesAtPing = this.#reader.bytesReceived;
    this.#isPinged = isSilent;
    if (isSilent) this.#session?.ping();
    this.#setTimer(isSilent ? pingTimeout : pingAfter, () => this.#watch());
  }

  /** Once per connection; tasks are ended once per session. */
  #end(how: "lost"): Promise<void> {
    if (this.#ending !== undefined) return this.#ending;
    this.#state = "closed";
    this.#timer?.cancel();
    this.#reader.stop();
    this.#ending = this.#endTasks(how)
      .catch((thrown: unknown) => this.log.error("a session did not end well", {}, asError(thrown)))
      .then(() => this.#options.ended?.());
    return this.#ending;
  }

  async #endTasks(how: "logout" | "lost"): Promise<void> {
    try {
      await this.#tasks?.close(how);
    } finally {
      this.#options.registry.remove(this);
    }
  }
}
