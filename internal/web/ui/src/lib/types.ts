// What the API answers, as far as the application uses it. The names are
// those of internal/httpapi/openapi.yaml, which scripts/check-api.mjs compares
// these with; a field that is not in the document yet is marked there.

export type Phase = "offline" | "live" | "reconnecting";

export interface Status {
  serverTime: string;
  lastConnectTime: string | null;
  lastDisconnectTime: string | null;
  versionNumber: string;
  streamTitle: string;
  viewerCount?: number;
  online: boolean;
  name: string;
  phase: Phase;
  /** The next one, while there is no stream. */
  scheduledEvent?: UpcomingEvent;
}

export interface UpcomingEvent {
  id: string;
  name: string;
  startTime: string;
  chatOpen: boolean;
  description: string;
  durationMinutes: number;
}

export type Autoplay = "off" | "always" | "sound-only";

export interface WebConfig {
  name: string;
  summary: string;
  streamTitle?: string;
  offlineMessage: string;
  extraPageContent: string;
  logo: string;
  version: string;
  tags: string[];
  socialHandles: SocialHandle[];
  externalActions: ExternalAction[];
  nsfw: boolean;
  autoplay: Autoplay;
  customStyles: string;
  appearanceVariables: Record<string, string>;
  hideViewerCount: boolean;
  socketHostOverride?: string;
  maxSocketPayloadSize: number;
  chatDisabled: boolean;
  chatRequireAuthentication: boolean;
  chatSpamProtectionDisabled: boolean;
  /** Seconds between two messages of one user; 0 for none. */
  chatSlowMode: number;
  notifications: { browser: { enabled: boolean; publicKey?: string } };
  federation: { enabled: boolean; account?: string; followerCount?: number; hideFollowersTab?: boolean };
  authentication: { indieAuthEnabled: boolean; siteUsers?: boolean };
  schedule: Schedule;
  recordings: boolean;
}

export interface Schedule {
  enabled: boolean;
  showCountdown: boolean;
  chatOpenMinutesBefore: number;
}

export interface SocialHandle {
  platform: string;
  url: string;
  icon?: string;
}

export interface ExternalAction {
  url?: string;
  html?: string;
  title?: string;
  description?: string;
  icon?: string;
  color?: string;
  openExternally?: boolean;
}

export interface VideoVariant {
  index: number;
  name: string;
}

export interface Recording {
  id: string;
  session: string;
  clipOf?: string;
  title: string;
  startedAt: string;
  duration: number;
  lost: number;
  bytes: number;
  state: "live" | "complete" | "interrupted";
  segments: number;
  discontinuities: number;
  pinned: boolean;
  url: string;
  thumbnail: string | null;
}

export interface Page<T> {
  total: number;
  results: T[];
}

export interface Follower {
  link: string;
  name: string;
  username: string;
  image: string;
  timestamp: string;
  disabledAt: string | null;
}

export interface ScheduledEvent {
  id: string;
  seriesId?: string;
  name: string;
  description: string;
  reminderMessage?: string;
  startTime: string;
  durationMinutes: number;
  timezone: string;
  status: "scheduled" | "cancelled";
}

export interface Emoji {
  name: string;
  url: string;
}

export interface ChatUser {
  id: string;
  displayName: string;
  displayColor: number;
  createdAt: string;
  previousNames: string[];
  isBot: boolean;
  authenticated: boolean;
  scopes?: string[];
  nameChangedAt?: string;
  disabledAt?: string;
  authProviders?: string[];
}

export interface Registration {
  id: string;
  accessToken: string;
  displayName: string;
}

/** A message that waits for a moderator. */
export interface HeldMessage {
  id: string;
  timestamp: string;
  user: ChatUser;
  body: string;
  /** Why; empty for one from before the server started. */
  reason: string;
}

/** A stream elsewhere that this one recommends. */
export interface FederatedServer {
  iri: string;
  url: string;
  name: string;
  isOnline: boolean;
  streamTitle: string;
}
