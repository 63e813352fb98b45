/** Everything the page says, in one place. Functions are strings with a hole. */
export const strings = {
  defaultName: "Live stream",
  loading: "Connecting…",

  badgeLive: "Live",
  badgeOffline: "Offline",
  badgeReconnecting: "Reconnecting",
  badgeError: "Interrupted",
  badgeLoading: "Connecting",

  offlineTitle: "Offline for now",
  offlineText: "Stay on this page: it starts to play by itself as soon as the stream begins.",
  lastLive: (ago: string) => `Last live ${ago}`,
  liveSince: (ago: string) => `Started ${ago}`,
  viewers: (n: number) => `${n.toLocaleString("en")} ${n === 1 ? "viewer" : "viewers"}`,
  justNow: "just now",

  reconnectingTitle: "Hold on",
  reconnectingText: "The broadcaster lost the connection. The stream goes on as soon as it is back.",

  serverTitle: "Connection lost",
  serverText: "The server does not answer. Trying again…",
  playbackTitle: "The stream does not play",
  playbackText: "There is something wrong on the way here. Trying again…",
  formatTitle: "No way to play this here",
  formatText: "This browser does not know the format of the stream. Another one may, or a video player.",
  unsupportedTitle: "No way to play this here",
  unsupportedText: "This browser cannot play live streams. A video player can: open the stream's address in it.",
  tryAgain: "Try again now",

  audioOnly: "Sound only",

  announceLive: "The stream is live.",
  announceOffline: "The stream is offline.",
  announceReconnecting: "The broadcaster lost the connection. Waiting.",

  player: "Video player",
  controls: "Player controls",
  video: "Live video",
  play: "Play",
  pause: "Pause",
  mute: "Mute",
  unmute: "Unmute",
  unmutePrompt: "Turn on sound",
  volume: "Volume",
  volumePercent: (percent: number) => `${percent} percent`,
  goLive: "Go live",
  delay: (seconds: string) => `${seconds} s behind`,
  delayHint: "How far the picture is behind the broadcast",
  fullscreen: "Full screen",
  exitFullscreen: "Leave full screen",
  pictureInPicture: "Picture in picture",
  exitPictureInPicture: "Leave picture in picture",

  openElsewhere: "Open in a video player",
  licenses: "Licenses",
  noscriptText: "The player needs JavaScript. Without it, open the stream's address in a video player:",
} as const;
