const browsers: [string, RegExp][] = [
  ["Edge", /\bEdg(?:e|A|iOS)?\/(\d+)/],
  ["Opera", /\b(?:OPR|Opera)\/(\d+)/],
  ["Samsung Internet", /\bSamsungBrowser\/(\d+)/],
  ["Vivaldi", /\bVivaldi\/(\d+)/],
  ["Firefox", /\b(?:Firefox|FxiOS)\/(\d+)/],
  ["Chrome", /\b(?:HeadlessChrome|Chrome|CriOS)\/(\d+)/],
  ["Safari", /\bVersion\/(\d+)[\d.]* (?:Mobile\/\w+ )?Safari/],
  ["VLC", /\bVLC\/(\d+)/i],
  ["mpv", /\bmpv[ /](\d+)?/i],
  ["ffmpeg", /\bLavf\/(\d+)/],
  ["AVFoundation", /AppleCoreMedia|AVFoundation/],
  ["Kodi", /\bKodi\/(\d+)/],
  ["OBS", /\bobs[ -/]/i],
];

const systems: [string, RegExp][] = [
  ["Android", /Android/],
  ["iOS", /iPhone|iPad|iPod/],
  ["macOS", /Mac OS X|Macintosh/],
  ["Windows", /Windows/],
  ["ChromeOS", /CrOS/],
  ["Linux", /Linux|X11/],
];

/** agent says in few words what a User-Agent is, or returns it as it is. */
export function agent(userAgent: string): string {
  let name = "";
  for (const [browser, pattern] of browsers) {
    const found = pattern.exec(userAgent);
    if (!found) continue;
    name = found[1] ? `${browser} ${found[1]}` : browser;
    break;
  }
  if (!name) return userAgent;
  const system = systems.find(([, pattern]) => pattern.test(userAgent))?.[0];
  return system ? `${name}, ${system}` : name;
}
