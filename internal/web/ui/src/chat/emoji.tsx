import { signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n/viewer";
import { get } from "../lib/api";
import { base } from "../lib/base";
import { recall, remember } from "../lib/store";
import type { Emoji } from "../lib/types";

const custom = signal<Emoji[] | null>(null);

const groups: [key: "emojiFaces" | "emojiHands" | "emojiHearts" | "emojiNature" | "emojiFood" | "emojiThings", emoji: string][] = [
  ["emojiFaces", "😀 😃 😄 😁 😆 😅 🤣 😂 🙂 🙃 😉 😊 😇 🥰 😍 🤩 😘 😋 😛 😜 🤪 🤑 🤗 🤭 🤫 🤔 🤐 🤨 😐 😑 😶 😏 😒 🙄 😬 😌 😔 😪 😴 😷 🤒 🤕 🤢 🤮 🤧 🥵 🥶 🥴 😵 🤯 🤠 🥳 😎 🤓 🧐 😕 😟 🙁 😮 😯 😲 😳 🥺 😦 😨 😰 😥 😢 😭 😱 😖 😣 😞 😓 😩 😫 🥱 😤 😡 🤬 😈 💀 💩 🤡 👻 👽 🤖 😺 😹 😻 🙀"],
  ["emojiHands", "👋 🤚 ✋ 🖖 👌 🤏 ✌️ 🤞 🤟 🤘 🤙 👈 👉 👆 👇 ☝️ 👍 👎 ✊ 👊 🤛 🤜 👏 🙌 👐 🤲 🤝 🙏 ✍️ 💪 👀 🧠 🫶 🙇 🤷 🤦 🙋 💃 🕺"],
  ["emojiHearts", "❤️ 🧡 💛 💚 💙 💜 🖤 🤍 🤎 💔 💕 💞 💓 💗 💖 💘 💝 💯 💢 💥 💫 💦 💨 ✨ ⭐ 🌟 🔥 🎉 🎊 ✅ ❌ ❓ ❗ 💤 🎵 🎶"],
  ["emojiNature", "🐶 🐱 🐭 🐹 🐰 🦊 🐻 🐼 🐨 🐯 🦁 🐮 🐷 🐸 🐵 🐔 🐧 🐦 🦆 🦉 🐺 🦄 🐝 🦋 🐌 🐞 🐢 🐍 🐙 🦀 🐠 🐬 🐳 🦈 🌵 🌲 🌴 🌱 🍀 🍁 🌹 🌻 🌈 ☀️ 🌙 ⚡ ❄️ 🌊"],
  ["emojiFood", "🍏 🍊 🍋 🍌 🍉 🍇 🍓 🍒 🍑 🥝 🍅 🥑 🌽 🥕 🍞 🥐 🥨 🧀 🥚 🍳 🥓 🍔 🍟 🍕 🌭 🌮 🍣 🍜 🍝 🍦 🍩 🍪 🎂 🍫 🍿 ☕ 🍵 🥤 🍺 🍷 🥂"],
  ["emojiThings", "⚽ 🏀 🎾 🏆 🥇 🎮 🎲 🎯 🎸 🎹 🥁 🎤 🎧 🎬 🎨 📷 🎥 📺 💻 📱 💡 🔋 🔧 🚀 🚲 🚗 ✈️ ⛵ 🏠 ⏰ 📚 ✏️ 📌 🔑 🎁 💎 🏳️‍🌈 🏴‍☠️"],
];

const mostRecent = 16;

function recent(): string[] {
  const kept = recall("emoji");
  return Array.isArray(kept) ? kept.filter((e): e is string => typeof e === "string").slice(0, mostRecent) : [];
}

/** EmojiPicker offers the channel's own emoji and those of Unicode. */
export function EmojiPicker({ insert, close }: { insert: (text: string) => void; close: () => void }) {
  const search = useSignal("");
  const used = useSignal(recent());
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (custom.value === null) get<Emoji[]>("api/emoji").then((list) => (custom.value = list), () => (custom.value = []));
    // Not on a phone, where that would bring up the keyboard.
    if (matchMedia("(hover: hover)").matches) box.current?.querySelector<HTMLElement>("input, .emoji-groups")?.focus();
  }, []);

  const pick = (text: string) => {
    used.value = [text, ...used.value.filter((e) => e !== text)].slice(0, mostRecent);
    remember("emoji", used.value);
    insert(text);
  };
  const wanted = search.value.trim().toLowerCase();
  const own = (custom.value ?? []).filter((e) => e.name.toLowerCase().includes(wanted));
  const byCode = new Map((custom.value ?? []).map((e) => [`:${e.name}:`, e]));

  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      return close();
    }
    const buttons = [...box.current!.querySelectorAll<HTMLButtonElement>(".emoji-grid button")];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const grid = box.current!.querySelector(".emoji-grid");
    const columns = grid ? getComputedStyle(grid).gridTemplateColumns.split(" ").length : 1;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
    if (step === undefined || (at < 0 && event.key !== "ArrowDown")) return;
    event.preventDefault();
    buttons[Math.min(buttons.length - 1, Math.max(0, at < 0 ? 0 : at + step))]?.focus();
  };
  const show = (text: string) => {
    const emoji = byCode.get(text);
    if (text.startsWith(":") && !emoji) return null;
    return (
      <button key={text} type="button" tabIndex={-1} title={emoji ? text : undefined} aria-label={emoji ? emoji.name : text} onClick={() => pick(text)}>
        {emoji ? <img src={new URL(emoji.url, base).href} alt="" loading="lazy" width="24" height="24" /> : text}
      </button>
    );
  };

  return (
    <div ref={box} class="emoji-picker" role="dialog" aria-label={t("emoji")} onKeyDown={onKey} data-own-keys>
      {custom.value !== null && custom.value.length > 0 && (
        <input class="input" type="search" placeholder={t("emojiSearch")} aria-label={t("emojiSearch")} value={search.value} onInput={(e) => (search.value = e.currentTarget.value)} />
      )}
      <div class="emoji-groups" tabIndex={0} role="group" aria-label={t("emoji")}>
        {!wanted && used.value.length > 0 && (
          <section>
            <h3>{t("emojiRecent")}</h3>
            <div class="emoji-grid">{used.value.map(show)}</div>
          </section>
        )}
        {own.length > 0 && (
          <section>
            <h3>{t("emojiCustom")}</h3>
            <div class="emoji-grid">{own.map((e) => show(`:${e.name}:`))}</div>
          </section>
        )}
        {!wanted &&
          groups.map(([key, list]) => (
            <section key={key}>
              <h3>{t(key)}</h3>
              <div class="emoji-grid">{list.split(" ").map(show)}</div>
            </section>
          ))}
        {wanted && own.length === 0 && <p class="soft">{t("emojiNone")}</p>}
      </div>
    </div>
  );
}
