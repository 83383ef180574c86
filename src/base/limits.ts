// SPDX-License-Identifier: Apache-2.0
// Every limit of the house, each with its reason. A loop, queue, buffer, retry or timeout elsewhere takes its bound
// from here. Sizes are bytes unless the name says otherwise; times are Durations.

import { days, hours, milliseconds, minutes, seconds } from "./time.ts";

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;
const TiB = 1024 * GiB;

/** The limits of the house. */
export const limits = {
  /** Largest logical block: what READ BLOCK LIMITS of LTO drives announces, 8 MiB. */
  blockSizeMax: 8 * MiB,
  /** Largest block as it is stored: encrypted blocks have a header and key-associated data. */
  storedBlockMax: 8 * MiB + 512,
  /** Bytes of one READ or WRITE in fixed mode, which may be many blocks: as much as Linux sends over iSCSI at once. */
  fixedTransferMax: 32 * MiB,
  /** Data of fixed-mode writes that wait in one drive; above this the drive answers TASK SET FULL. */
  fixedWritesWaiting: 64 * MiB,
  /** Smallest cartridge: room for trials and tests. */
  cartridgeSizeMin: 16 * MiB,
  /** Largest cartridge. */
  cartridgeSizeMax: 64 * TiB,
  /** Cartridges that one create call makes. */
  cartridgesPerCreate: 1500,
  /** The bucket's times may be so much ahead of ours before a check-up says so: NTP keeps machines far closer. */
  clockApart: minutes(5),
  /** Findings that one check-up keeps: more than anybody reads, less than memory minds. */
  findings: 10_000,
  /** How often a gateway looks whether a scrub is due. */
  scrubLook: hours(1),
  /** Findings that the report of a scrub keeps: it is written after every segment. */
  scrubFindings: 200,
  /** Stretches of lost objects that a cartridge tells apart: its head is written with every change. */
  lostRanges: 64,
  /**
   * A local segment that only this machine has is taken for damaged for good when it still cannot be read after so long: a cable that is put
   * back, or a disk that is attached again, must not have cost anything.
   */
  damageConfirm: minutes(10),
  /** Elements of one library: element addresses are 16 bits wide. */
  elementsMax: 65_000,
  /** Drives of one library. */
  drivesMax: 64,

  /** Longest name of a member of a pxar archive, in bytes: what Proxmox accepts. */
  pxarName: 4096,
  /** Longest path in a pxar archive, as the target of a link: PATH_MAX of Linux. */
  pxarPath: 4096,
  /** Directories inside of each other in a pxar archive. */
  pxarDepth: 4096,
  /** One attribute of a member: Linux has extended attributes of 64 KiB, and their names. */
  pxarAttribute: 64 * KiB + 512,
  /** Attributes of one member: as many as a long access control list has entries. */
  pxarAttributes: 16_384,
  /** The prelude of a pxar archive: patterns of names. */
  pxarPrelude: 1 * MiB,
  /** A goodbye table that is held in memory: 2.7 million members of one directory. */
  pxarTable: 64 * MiB,
  /** A directory's block of a catalog that is held in memory. */
  catalogBlock: 256 * MiB,
  /** The JSON of a label file: what Proxmox accepts. */
  labelHeader: 64 * KiB,
  /** The JSON of any other tape file: a store's name and a snapshot's path fit many times. */
  archiveHeader: 1 * MiB,
  /** One chunk or blob of a datastore, encoded: Proxmox encodes at most 128 MiB, and some bytes of header. */
  dataBlob: 128 * MiB + 64,
  /** A chunk archive is closed by the chunk that makes it longer than this, as Proxmox does. */
  chunkArchive: 4 * GiB,
  /** Files of one snapshot: disks of a machine, archives of a host, and what is written beside them. */
  snapshotFiles: 4096,
  /** Pause before the manager looks again for a cartridge that a person has to bring. */
  cartridgeRetry: seconds(5),
  /** Backup jobs that are kept: all are looked at once a minute. */
  backupJobs: 1000,
  /** Times in a row that a scheduled run is taken up again after the process ended under it. */
  jobResumes: 3,
  /** A person who was asked for a cartridge is reminded after this time, then after twice as long, and so on … */
  requestReminder: hours(1),
  /** … but at least so often. */
  requestReminderMax: days(1),
  /** Longest cleaning of a drive. */
  driveCleaning: minutes(15),
  /** Labels that are printed at a time: about a hundred sheets. */
  labelsPrinted: 5000,
  /** Notices that wait for one target; the oldest are dropped. */
  noticesWaiting: 100,
  /** Times that a notice is tried before it is given up, and the pause between them. */
  noticeAttempts: 3,
  noticeRetry: minutes(2),
  /** Longest wait for an answer of a mail server or a webhook. */
  noticeTimeout: seconds(60),
  /** Bytes on tape after which a job commits: what a job that is interrupted writes again, at most. */
  commitAfter: 128 * GiB,
  /** What a plan counts for bringing a cartridge into a drive and winding it: LTO drives take about a minute, robots half of one. */
  cartridgeLoad: seconds(90),
  /** Longest time that the manager waits for a drive or a changer to become ready. */
  driveReady: minutes(10),
  /** Unit attentions in a row that a device may have for the manager. */
  unitAttentions: 16,
  /** Cartridges of one media set: far beyond what anybody would restore in one go. */
  cartridgesPerSet: 65_536,
  /** Entries of an index that are in memory at a time: 40 KiB. */
  indexPageEntries: 1024,
  /** Levels of namespaces in a datastore: what Proxmox allows. */
  namespaceDepth: 7,
  /** Small files of a datastore that are read whole: manifests, owners, notes. */
  storeFile: 64 * MiB,
  /** Largest chunk that our own snapshots are cut into: four times the average, as Proxmox's client cuts. */
  dynamicChunk: 16 * MiB,
  /** Chunks of an archive kept decoded while it is browsed. */
  decodedChunks: 4,
  /** Memory that opening a protected key may take: what Proxmox allows. */
  keyScryptMemory: 1025 * MiB,
  /** Rounds that opening a protected key may take; Proxmox makes 65,535. */
  pbkdf2Rounds: 10_000_000,
  /** Text of a key, on paper or not: a few hundred characters of JSON, and a subject. */
  keyText: 64 * KiB,
  /** Blocks of one tape file: their numbers have 32 bits. */
  streamBlocks: 2 ** 32,

  /** Commands that one session may have outstanding: the largest window granted. */
  commandWindow: 128,
  /** Largest data segment that we accept in one PDU. */
  receiveSegmentMax: 1 * MiB,
  /** Largest unsolicited burst that we accept. */
  firstBurst: 1 * MiB,
  /** Largest solicited burst: what Linux initiators offer. */
  maxBurst: 16_776_192,
  /** R2Ts that may be open for one task. */
  outstandingR2t: 16,
  /** Login PDUs carry at most this much text in total. */
  loginText: 64 * KiB,
  /** A text request (SendTargets) carries at most this much. */
  textRequest: 64 * KiB,
  /** A connection that has not logged in by then is dropped. */
  loginTimeout: seconds(20),
  /** An idle connection is pinged after this time … */
  pingAfter: seconds(30),
  /** … and dropped when the answer does not come in this one. */
  pingTimeout: seconds(30),
  /** Connections of one portal. */
  connectionsPerPortal: 256,
  /** Sessions of one target. */
  sessionsPerTarget: 16,
  /** Commands that wait at one logical unit, of all its sessions; the next one gets TASK SET FULL. */
  tasksPerUnit: 512,
  /** Initiator ports registered for persistent reservations of one unit: twice the hosts of a large SAN. */
  registrationsPerUnit: 128,
  /** Initiators remembered per unit after their session ended: told about power on and nexus loss. */
  initiatorsRemembered: 1024,
  /** Responses waiting for a slow reader; above this the connection stops reading. */
  sendQueue: 32 * MiB,
  /** Requests of one login; the longest exchange that makes sense (mutual CHAP, split keys) takes a third of it. */
  loginRequests: 32,
  /** Commands, data included, that wait for a hole in the command numbers to close. */
  heldCommandBytes: 8 * MiB,
  /** Data-out of commands for which a unit named no place: parameter lists. More is received and dropped. */
  parameterData: 256 * KiB,
  /** Commands outside of the window's count (immediate ones) that one session may have outstanding. */
  immediateCommands: 16,
  /** Broken PDUs that one connection may send before it is dropped. */
  protocolErrors: 16,
  /** A logged-out connection is closed by us when the initiator has not done so by then. */
  logoutLinger: seconds(5),
  /** WRITE BUFFER, data mode: enough to test a path with. */
  dataBuffer: 64 * KiB,
  /** WRITE BUFFER, echo mode, per nexus: SPC-4 allows up to 4096 bytes. */
  echoBuffer: 4 * KiB,
  /** Attributes that hosts write on the chip of one cartridge: what LTO drives leave to them, twice. */
  hostMemory: 8 * KiB,
  /** Headers and views given to the network in one call. */
  sendParts: 64,
  /** Largest answer that our initiator takes for a text request. */
  textResponse: 16 * MiB,
  /** A command of our initiator that has no timeout of its own is aborted after this time. */
  commandTimeout: minutes(15),
  /** The answer to a task management request must be there by then, or the session is dropped. */
  managementTimeout: seconds(30),

  /** The write ring of a loaded drive; several of the largest blocks fit. */
  ringSize: 16 * MiB,
  /** Read-ahead of a loaded drive. */
  readAheadSize: 8 * MiB,
  /** One disk read of the data path, and of everything that reads files in pieces. */
  transferSize: 1 * MiB,
  /** One disk write of a drive. Twice as large costs a third less processor time per byte; beyond, nothing is won. */
  writeSize: 2 * MiB,
  /** Disk writes in flight per drive. */
  writesInFlight: 2,
  /** Disk reads in flight per drive. */
  readsInFlight: 3,
  /** A segment is sealed when the next record would make it longer than this. */
  segmentSize: 64 * MiB,
  /** Unwritten data of an idle drive goes to disk after this time. */
  idleFlush: milliseconds(100),
  /** Attempts of one object store request before the segment waits for the next round. */
  uploadAttempts: 5,
  /** First pause between attempts; doubles each time. */
  uploadBackoff: milliseconds(500),
  /** Longest pause between attempts. */
  uploadBackoffMax: minutes(1),
  /** Age at which a sealed segment of a loaded cartridge is uploaded: most trials and aborted jobs are overwritten by then. */
  uploadDelay: minutes(1),
  /** Uploads at the same time. */
  uploadsInFlight: 2,
  /**
   * How long a drive's command, or a move, waits for room in the upload buffer or on the disk before it is answered BUSY: two of
   * these waits in a row stay well below the 30 s after which the most impatient hosts give a command up.
   */
  pressureWait: seconds(8),
  /**
   * How long a drive answers BUSY before it says that it waits for an operator: Linux repeats a tape command that is
   * answered BUSY for 15 minutes, and then tells its user nothing that would help.
   */
  pressureMax: minutes(10),
  /** Smallest bandwidth limits, in bits per second: those of AWS Storage Gateway. */
  bandwidthUpMin: 51_200,
  bandwidthDownMin: 102_400,
  /** Intervals of a weekly schedule: as many as AWS Storage Gateway has. */
  bandwidthIntervals: 20,
  /** A schedule is looked at when a minute begins. */
  bandwidthLook: minutes(1),
  /** How often the store is looked at for alarms. */
  alarmEvery: seconds(5),
  /** Uploads that fail are a warning when data has waited for so long. */
  uploadLagAlarm: minutes(15),
  /** Pause before something that found no room on the disk is tried again. */
  diskFullPause: milliseconds(500),
  /** Free bytes of the local disk at which drives stop writing: rings, journals and open segments still find a place. */
  diskReserve: 512 * MiB,
  /** One fact of a ledger: facts are small by design. */
  ledgerFact: 1 * MiB,
  /** One write of a ledger; more facts wait for the next. */
  ledgerBatch: 4 * MiB,
  /** Facts of a cartridge's journal before it is folded into the directory: 16 GiB of tape. */
  journalFacts: 256,
  /** Directory pages kept in memory per open cartridge: 256 KiB. */
  directoryPages: 64,
  /** Segment footers kept in memory per loaded cartridge: 256 KiB. */
  footersKept: 64,
  /** Segment files that a loaded cartridge keeps open for reading. */
  segmentFilesOpen: 4,
  /** Segments remembered as read before, to decide on the page cache: 1 TiB of them. */
  segmentsSeen: 16_384,
  /** One range read from the object store. */
  fetchSize: 4 * MiB,
  /** Ranges read from the object store ahead of time at once, per cartridge: 16 MiB of memory until they are on the disk. */
  fetchesInFlight: 4,
  /** Segments fetched behind the one that is read forward: one would be too few where they are short. 128 MiB of disk. */
  segmentsFetchedAhead: 2,
  /** Requests without data (class changes, thaws, deletes) in flight at the same time. */
  objectRequestsInFlight: 8,
  /** How long a store that did not answer is asked after the other copies: an outage lasts longer, an error does not. */
  copyRest: minutes(1),
  /** Objects remembered as bad in one of the stores that have them: a cartridge's worth, many times over. */
  badCopiesRemembered: 100_000,
  /** Cartridges that are mirrored to other stores at the same time; the others wait. */
  mirrorTasks: 2,
  /** Attempts to mirror a cartridge while it is archived; then it goes on to its class, and the copy comes later. */
  mirrorAttempts: 3,
  /** What was counted for the bill is written so long after it changed: a crash takes no more. */
  costsEvery: minutes(1),
  /** Writes of the counts before their ledger is made anew: half a MiB. */
  costsHistory: 200,
  /** Keys asked for in one list request: what S3 gives. */
  listObjects: 1000,
  /** Things that a command asks the API for at once: some 700 KiB, and a pause of a few milliseconds for the server. */
  listPage: 1000,
  /** Threads that compress and encrypt: more than an object store takes in on a 10 Gbit/s line. */
  threads: 4,
  /** Jobs given to one thread: it works on one and finds the next without waiting for the event loop. */
  jobsPerThread: 2,
  /** Threads without work end after this time and give back their memory. */
  threadIdle: seconds(10),
  /** Source bytes of one frame of a sealed object: one ranged GET reads it, and two per upload fit the memory. */
  frameSize: 1 * MiB,
  /** Largest small object that is sealed or opened in memory: a part of a snapshot with room to grow. */
  sealedBytesMax: 64 * MiB,
  /** Keys kept that were made from a passphrase: one per salt, each costs scrypt to make again. */
  passphraseKeys: 64,
  /** Memory that scrypt may be asked for by what lies in a bucket: more would let it exhaust the machine. */
  scryptMemory: 256 * MiB,
  /** Data keys kept in memory: as many as cartridges are worked on at the same time, many times over. */
  dataKeysKept: 4096,
  /** Keys are tried so often: an operator has the rest of the day before the next backups. */
  keyCheckEvery: minutes(60),
  /** A request to a key provider that has no answer by then is given up, and may be made again. */
  keyRequestTimeout: seconds(20),
  /** A wrapped data key: one of KMS is below 1 KiB, and an ASCII form of it a few times that. */
  wrappedKeySize: 16 * KiB,
  /** Frames of one upload that are sealed at the same time or wait to be written: one is worked on, one is next. */
  framesInFlight: 2,
  /** Frames tried before compression is judged not to pay: 8 MiB, a tenth of a second. */
  compressionSample: 8,
  /** Frames left alone then, twice as many each time one more try does not pay … */
  compressionPause: 16,
  /** … up to 1 GiB of data that may become compressible without anybody noticing. */
  compressionPauseMax: 1024,
  /** A compressed frame is kept when it saves one part in so many; less is not worth decompressing. */
  compressionGain: 16,
  /** Parts of an upload to S3: one is 0.005 USD per thousand, and what a broken connection costs to send again. */
  s3PartSize: 16 * MiB,
  /** Smallest part but the last that S3 takes. */
  s3PartSizeMin: 5 * MiB,
  /** Largest object that S3 copies in one request, and the parts in which it copies larger ones. */
  s3CopyMax: 5 * GiB,
  s3CopyPart: 1 * GiB,
  /** Parts of one upload on their way at the same time: one is sent while the next is read. */
  s3PartsInFlight: 2,
  /** Pages of a thousand unfinished uploads, parts or versions that are looked through. */
  s3UploadPages: 100,
  /** An upload that is unfinished for so long is aborted at the next start: nobody goes on with it, and it is paid for. */
  s3UploadAge: days(7),
  /** Connections to one S3 server. */
  s3Connections: 50,
  /** A connection to an S3 server stands by then. */
  s3ConnectTimeout: seconds(10),
  /** An S3 server that says nothing for this long is given up. */
  s3Timeout: minutes(1),
  /** How far the clock of locks follows the system's clock over a restart: a longer pause makes locks longer. */
  lockClockJump: days(7),
  /** The time that locks have seen is written down this often. */
  lockClockNote: hours(1),
  /** Entries of the directory in one object: 64 KiB of them, 64 GiB of tape. What is left over is in the manifest itself. */
  manifestEntries: 1024,
  /** A cartridge that is written gets a recovery point at least after so many segments … */
  pointSegments: 16,
  /** … or, when something was uploaded, after this time. */
  pointEvery: minutes(5),
  /** How long facts wait before they go to the bucket together: the robot's moves of a moment share one request. */
  logDelay: seconds(2),
  /** Longest wait for the bucket when the gateway stops; what it was not told is told at the next start. */
  logClose: seconds(5),
  /** A writer makes sure that it is still the gateway when it last did so longer ago than this. */
  fenceConfirm: seconds(15),
  /**
   * How often a gateway that changes nothing looks whether it was taken over: what hosts write in between is lost with it. A HEAD
   * request each, some ten cents a month.
   */
  fenceWatch: seconds(10),
  /** So long without an answer of the bucket, and an alarm says that somebody else may be the gateway by now. */
  fenceSilence: minutes(5),
  /** Facts that the log in the bucket may have more than twice its snapshot before it gets a new one. */
  logHistory: 4096,
  /** Facts in one part of a snapshot: 2 MiB or less. */
  snapshotFacts: 4096,
  /** Largest entry of the log, and largest manifest, that is read. */
  logEntry: 64 * MiB,
  /** A gateway that said nothing for so long is taken for dead. */
  statusExpires: minutes(15),
  /** The bucket is told at least so often that the gateway is alive and what waits for upload … */
  statusEvery: minutes(5),
  /** … and at most so often when that changes. */
  statusDelay: seconds(30),
  /** Memory kept for blocks that arrive while the write ring is full, per drive. */
  sparePlaces: 2 * MiB,
  /** Files of dead segments kept for new ones: 1 GiB, what a drive writes in a second or less. */
  spareSegments: 16,
  /** Write rings kept for the next drive that starts writing. */
  ringsKept: 2,

  /** Tasks kept for people to look at. */
  tasksKept: 1000,
  /** Log lines kept per task. */
  taskLogLines: 500,
  /** Body of an API request. */
  apiBody: 1 * MiB,
  /** Progress is shown at most this often. */
  progressEvery: milliseconds(500),
  /** Head start of waiting hosts before the API is loaded, which keeps a starting process busy. */
  apiStartDelay: milliseconds(50),
  /** Longest wait for an orderly stop. */
  stopTimeout: seconds(20),
  /** Archive and retrieve tasks that work at the same time; the others wait. */
  shelfTasks: 4,
  /** Pause before work on the shelf looks again: for a free mail slot, or for an object store that is down. */
  shelfRetry: seconds(5),
  /** Facts that the gateway's ledger may have more than four times its snapshot before it is written anew. */
  ledgerHistory: 4096,
  /** Time that initiators have to log out when the gateway stops. */
  logoutGrace: seconds(3),
  /** Initiators per target that a restart tells of itself; the longest forgotten are dropped. */
  presentInitiators: 256,
  /** Event streams at the same time. */
  eventStreams: 64,
  /** API tokens of one instance: they are listed as a whole. */
  apiTokens: 1000,
  /** Events that wait for one slow reader of a stream; the oldest are dropped. */
  eventsQueued: 1000,
  /** Segments of a loaded cartridge whose thaw is remembered: 1 TiB of them. */
  thawsRemembered: 16_384,
  /** Bytes that are thawed ahead of what is read, and the most that may be asked for. */
  thawAhead: 256 * MiB,
  thawAheadMax: 1 * TiB,
  /** Stretches of one cartridge that were retrieved apart: they are a fact of the ledger. */
  retrievedRanges: 4096,
  /** Rules of automatic creation of one library: each is looked at after every move out of a mail slot. */
  creationRules: 100,
  /** Cartridges that one rule keeps available. */
  creationMinimum: 1000,
  /** Longest retention of a shelf pool: 100 years. */
  retentionMax: days(36_500),
  /** Longest time in which a deletion can be taken back: ten years. */
  deleteDelayMax: days(3650),
  /** Longest time between two runs that locks count: a system clock that moved further has leapt. */
  clockLeap: days(7),
  /** How far the system's clock may be from the one that locks go by before somebody is told. */
  clockTolerance: minutes(5),
} as const;
