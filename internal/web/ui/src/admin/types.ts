// What the API tells administrators, as far as their pages use it. The names
// are those of internal/httpapi/openapi.yaml.
import type { Autoplay, ChatUser, ExternalAction, Phase, ScheduledEvent, SocialHandle } from "../lib/types";

/** Who is signed in. */
export interface Session {
  id: string;
  displayName: string;
  role: "viewer" | "moderator" | "admin";
}

/** What a server has beside what every server has. */
export interface Parts {
  chat: boolean;
  federation: boolean;
  push: boolean;
  schedule: boolean;
  s3: boolean;
  recordings: boolean;
  transcoder: boolean;
  hardware: boolean;
  geo: boolean;
  prometheus: boolean;
  backup: boolean;
  password: boolean;
  viewerLinks: boolean;
}

export interface OutputVariant {
  name: string;
  videoPassthrough: boolean;
  audioPassthrough: boolean;
  videoBitrate: number;
  audioBitrate: number;
  scaledWidth?: number;
  scaledHeight?: number;
  framerate: number;
  cpuUsageLevel: number;
}

export interface StreamKey {
  key: string;
  comment?: string;
}

export interface S3 {
  enabled: boolean;
  endpoint?: string;
  accessKey?: string;
  secret?: string;
  bucket?: string;
  region?: string;
  acl?: string;
  pathPrefix?: string;
  forcePathStyle?: boolean;
}

export interface Discord {
  enabled: boolean;
  webhook?: string;
  goLiveMessage?: string;
}

export interface BrowserPush {
  enabled: boolean;
  goLiveMessage?: string;
}

/** When and how it is told that the stream has begun. */
export interface GoLive {
  message: string;
  delaySeconds: number;
  throttleSeconds: number;
}

export interface ServerConfig {
  configured: boolean;
  parts: Parts;
  readOnly: string[];
  instanceDetails: {
    name: string;
    summary: string;
    streamTitle: string;
    welcomeMessage: string;
    offlineMessage: string;
    extraPageContent: string;
    logo: string;
    version: string;
    tags: string[];
    socialHandles: SocialHandle[];
    nsfw: boolean;
    autoplay: Autoplay;
    customStyles: string;
    customJavascript: string;
    appearanceVariables: Record<string, string>;
  };
  videoSettings: { videoQualityVariants: OutputVariant[]; latencyLevel: number };
  notifications: { discord: Discord; browser: BrowserPush; goLive?: GoLive };
  federation: {
    enabled: boolean;
    username: string;
    isPrivate: boolean;
    goLiveMessage: string;
    showEngagement: boolean;
    enableQuotes: boolean;
    hideFollowersTab: boolean;
    blockedDomains: string[];
  };
  schedule: {
    enabled: boolean;
    reminderMessage: string;
    firstReminderMinutes: number;
    secondReminderMinutes: number;
    showCountdown: boolean;
    chatOpenMinutesBefore: number;
  };
  yp: { enabled: boolean; instanceUrl: string };
  s3: S3;
  externalActions: ExternalAction[];
  streamKeys: StreamKey[];
  supportedCodecs: string[];
  forbiddenUsernames: string[];
  suggestedUsernames: string[];
  chatDisabled: boolean;
  chatJoinMessagesEnabled: boolean;
  chatEstablishedUserMode: boolean;
  chatSpamProtectionEnabled: boolean;
  chatSlurFilterEnabled: boolean;
  chatRequireAuthentication: boolean;
  chatBlockedWords: string[];
  chatBlockedLanguages: string[];
  chatAvailableLanguages: string[];
  chatHoldWords: string[];
  chatHoldLinks: boolean;
  chatHoldFirst: boolean;
  chatSlowMode: number;
  chatHistorySize: number;
  chatRetentionHours: number;
  chatLimits: ChatLimits;
  ffmpegPath: string;
  adminPassword: string;
  socketHostOverride: string;
  webServerIP: string;
  webServerPort: number;
  rtmpServerAddress: string;
  rtmpServerPort: number;
  videoCodec: string;
  videoServingEndpoint: string;
  disableSearchIndexing: boolean;
  streamKeyOverridden: boolean;
  hideViewerCount: boolean;
}

export interface Ingest {
  videoProfile?: string;
  audioProfile?: string;
  sampleRate?: number;
  channels?: number;
  keyframeInterval: number;
  drift: number;
  warnings: { code: string; detail: string }[];
}

/** A step of the ladder as it is made now. */
export interface Rendition {
  name: string;
  running: boolean;
  speed: number;
  lag: number;
  framerate: number;
  bitrate: number;
  restarts: number;
  error: string;
}

export interface AdminStatus {
  broadcaster: {
    time: string;
    remoteAddr: string;
    streamDetails: {
      width: number;
      height: number;
      framerate: number;
      videoBitrate: number;
      audioBitrate: number;
      videoCodec: string;
      audioCodec: string;
      encoder: string;
    };
  } | null;
  currentBroadcast: { outputSettings: OutputVariant[]; latencyLevel: { level: number } } | null;
  health: { healthy: boolean; healthPercentage: number; message: string; representation: number } | null;
  streamTitle: string;
  versionNumber: string;
  viewerCount: number;
  overallPeakViewerCount: number;
  sessionPeakViewerCount: number;
  online: boolean;
  phase: Phase;
  sessionId?: string;
  ingest: Ingest | null;
  renditions: Rendition[];
}

export interface Geo {
  countryCode: string;
  regionName: string;
  timeZone: string;
}

export interface Viewer {
  firstSeen: string;
  lastSeen: string;
  geo: Geo | null;
  userAgent: string;
  ipAddress: string;
  clientID: string;
  bytesSent: number;
}

export interface PlaybackClient {
  clientID: string;
  viewerID: string;
  firstSeen: string;
  geo: Geo | null;
  userAgent: string;
  ipAddress: string;
  playback: {
    source: "client" | "server";
    lastUpdate: string;
    playerState?: string;
    measurementStatus?: string;
    bandwidthKbps: number | null;
    latencySeconds: number | null;
    downloadSeconds: number | null;
    bitrateKbps: number | null;
    errorCount: number | null;
    qualityVariantChanges: number | null;
  } | null;
}

/** A value at a time. */
export interface Point {
  time: string;
  value: number;
}

export interface HardwareStats {
  cpu: Point[];
  memory: Point[];
  disk: Point[];
}

export interface Problem {
  code: string;
  level: "info" | "degraded" | "failing";
  text: string;
  detail?: string;
  since: string;
}

export interface HealthReport {
  status: "ok" | "degraded" | "failing";
  checkedAt: string;
  problems: Problem[];
}

export interface LogEntry {
  time: string;
  message: string;
  level: "debug" | "info" | "warning" | "error";
}

export interface VideoMetrics {
  errors: Point[];
  qualityVariantChanges: Point[];
  highestLatency: Point[];
  medianLatency: Point[];
  lowestLatency: Point[];
  medianSegmentDownloadDuration: Point[];
  maximumSegmentDownloadDuration: Point[];
  minimumSegmentDownloadDuration: Point[];
  minPlayerBitrate: Point[];
  medianPlayerBitrate: Point[];
  maxPlayerBitrate: Point[];
  availableBitrates: number[];
  segmentLength: number;
  representation: number;
}

/** The answer to an act. */
export interface Result {
  success: boolean;
  message: string;
}

export type Scope = "CAN_SEND_MESSAGES" | "CAN_SEND_SYSTEM_MESSAGES" | "HAS_ADMIN_ACCESS";

/** A program that may use the API. accessToken is the secret when it is made, and the id later. */
export interface Token {
  id: string;
  createdAt: string;
  lastUsedAt: string | null;
  accessToken: string;
  displayName: string;
  scopes: Scope[];
}

export interface Webhook {
  id: number;
  url: string;
  events: string[];
  timestamp: string;
  lastUsed: string | null;
  /** When it is made, and never again. */
  secret?: string;
  signed: boolean;
  lastStatus: number;
  lastError: string;
  waiting: number;
  failures: number;
  failingSince: string | null;
  nextTry: string | null;
  dropped: number;
}

export interface Delivery {
  id: string;
  event: string;
  createdAt: string;
  state: "delivered" | "retrying" | "failed";
  attempts: number;
  lastAttempt: string;
  status: number;
  error: string;
  durationMs: number;
  answer: string;
  payload?: unknown;
}

/** Where the broadcast is sent on to. */
export interface Output {
  id: string;
  name: string;
  url: string;
  /** Kept if it is not sent. */
  streamKey?: string;
  enabled: boolean;
}

export interface OutputStatus {
  id: string;
  name: string;
  url: string;
  enabled: boolean;
  state: "disabled" | "idle" | "connecting" | "live" | "waiting";
  since: string;
  retryAt: string | null;
  error: string;
  bytes: number;
  packets: number;
  dropped: number;
  connects: number;
  failures: number;
}

export interface Audit {
  results: { id: number; time: string; actorId: string; actor: string; action: string; target: string; detail: string }[];
  next: number | null;
}

/** A user of the chat, as moderators see one. */
export interface User extends ChatUser {
  disabledReason?: string;
}

export interface ChatMessage {
  id: string;
  timestamp: string;
  body: string;
  user: ChatUser;
  hiddenAt?: string;
}

/** A message that waits for a moderator; its body is text. */
export interface HeldMessage {
  id: string;
  timestamp: string;
  user: ChatUser;
  body: string;
  reason: string;
}

/** A connection of the chat. */
export interface ChatClient {
  id: number;
  connectedAt: string;
  user: ChatUser;
  geo: Geo | null;
  userAgent: string;
  ipAddress: string;
  messageCount: number;
}

export interface UserDetails {
  user: User;
  connectedClients: { connectedAt: string; userAgent: string; geo: string; id: number; messageCount: number }[];
  messages: { timestamp: string; id: string; body: string; hiddenAt?: string }[];
}

/** A ban of an address, or of all that begin alike. */
export interface Ban {
  ipAddress: string;
  notes: string;
  createdAt: string;
}

/** 0 is no limit. */
export interface ChatLimits {
  clients: number;
  clientsPerAddress: number;
  registrationsPerAddress: number;
  messagesPerMinute: number;
  floodTimeout: number;
  framesPerSecond: number;
}

/** A server whose stream is featured here. */
export interface FederatedServer {
  id: number;
  iri: string;
  url: string;
  status: string;
  name: string;
  logoUrl: string;
  isOnline: boolean;
  streamTitle: string;
  lastSeenOnline: string | null;
  addedAt: string;
}

export interface FederatedAction {
  iri: string;
  actorIRI: string;
  type: string;
  timestamp: string;
}

/** How posts get to other servers. */
export interface FederationDeliveries {
  waiting: number;
  hosts: number;
  delivered: number;
  givenUp: number;
  failing: { host: string; since: string; failures: number; nextTry: string; lastError: string; suspended: boolean }[];
}

export interface Series {
  id: string;
  name: string;
  description: string;
  reminderMessage: string;
  recurrence: string;
  durationMinutes: number;
  timezone: string;
  active: boolean;
}

export interface AdminSchedule {
  series: Series[];
  events: ScheduledEvent[];
}

/** What came of telling something on a channel. */
export interface Told {
  kind: "stream-started" | "event-reminder" | "test";
  at: string;
  success: boolean;
  error: string;
  attempts: number;
  retrying: boolean;
}

export interface Channels {
  channels: { name: string; enabled: boolean; last: Told | null }[];
  stream: { state: "none" | "waiting" | "interrupted" | "announced" | "throttled"; at: string | null };
}
