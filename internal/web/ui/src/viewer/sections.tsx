import { computed, effect, signal, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Avatar } from "../components/avatar";
import { Button } from "../components/button";
import { Html } from "../components/html";
import * as icons from "../components/icons";
import { type Tab, Tabs } from "../components/tabs";
import { common } from "../i18n/common";
import { n, t } from "../i18n/viewer";
import { get } from "../lib/api";
import { at } from "../lib/base";
import { ago, clock, compact, date } from "../lib/format";
import { follow } from "../lib/route";
import type { FederatedServer, Follower, Page, Recording, ScheduledEvent } from "../lib/types";
import { ChatPanel } from "./chat-panel";
import { config, eventId, recordingId, status, wide } from "./model";

const pageSize = 24;
const section = signal("");
/** Whether the chat is a tab, and the open one. */
export const chatTab = signal(false);

// What the address names is what is shown.
effect(() => {
  if (eventId.value) section.value = "schedule";
  else if (recordingId.value) section.value = "recordings";
});

// Streams elsewhere that this one recommends, the live ones first.
const featured = signal<FederatedServer[]>([]);
const federated = computed(() => config.value?.federation.enabled === true);
effect(() => {
  if (!federated.value) return void (featured.value = []);
  get<{ servers: FederatedServer[] }>("api/federation/servers").then(
    ({ servers }) => (featured.value = servers.filter(({ url }) => /^https?:/i.test(url)).sort((a, b) => Number(b.isOnline) - Number(a.isOnline))),
    () => {}, // they are not what anybody came for
  );
});

/** Sections are the tabs below the video. */
export function Sections() {
  const settings = config.value;
  if (!settings) return null;
  const tabs: Tab[] = [];
  if (!wide.value && !settings.chatDisabled && !recordingId.value) tabs.push({ id: "chat", label: t("chat"), content: () => <ChatPanel config={settings} status={status.value} /> });
  tabs.push({ id: "about", label: t("about"), content: () => <About /> });
  if (settings.schedule.enabled || eventId.value) tabs.push({ id: "schedule", label: t("schedule"), content: () => <Schedule /> });
  if (settings.recordings || recordingId.value) tabs.push({ id: "recordings", label: t("recordings"), content: () => <Recordings /> });
  if (settings.federation.enabled && !settings.federation.hideFollowersTab) {
    const count = settings.federation.followerCount;
    tabs.push({ id: "followers", label: t("followers"), count: count ? compact(count) : undefined, content: () => <Followers /> });
  }
  if (featured.value.length > 0) tabs.push({ id: "featured", label: t("featured"), content: () => <Featured /> });
  const current = tabs.some((tab) => tab.id === section.value) ? section.value : tabs[0]!.id;
  chatTab.value = current === "chat";
  return <Tabs class={`sections at-${current}`} label={t("sections")} tabs={tabs} current={current} choose={(id) => (section.value = id)} />;
}

function About() {
  const settings = config.value!;
  const empty = !settings.summary && !settings.extraPageContent && settings.tags.length === 0;
  return (
    <div class="about">
      {settings.summary && <p class="summary">{settings.summary}</p>}
      {settings.tags.length > 0 && (
        <ul class="tags" role="list" aria-label={t("tags")}>
          {settings.tags.map((tag) => (
            <li key={tag}>#{tag}</li>
          ))}
        </ul>
      )}
      <Social />
      {settings.extraPageContent && <Html html={settings.extraPageContent} />}
      {empty && <Empty icon={icons.Info} text={t("aboutEmpty")} />}
    </div>
  );
}

type Platforms = Record<string, { platform: string; icon: string }>;
const platforms = signal<Platforms>({});

function Social() {
  const handles = (config.value?.socialHandles ?? []).filter(({ url }) => /^(https?|xmpp|matrix|mailto):/i.test(url));
  useEffect(() => {
    if (handles.length && Object.keys(platforms.value).length === 0) get<Platforms>("api/socialplatforms").then((p) => (platforms.value = p), () => {});
  }, [handles.length]);
  if (handles.length === 0) return null;
  return (
    <ul class="social" role="list" aria-label={t("social")}>
      {handles.map(({ platform, url }) => {
        const known = platforms.value[platform.toLowerCase()];
        return (
          <li key={url}>
            <a href={url} rel="me noopener noreferrer" target="_blank">
              {known ? <img src={at(`img/platformlogos/${platform.toLowerCase()}.svg`)} alt="" width="20" height="20" /> : <icons.Link />}
              {known?.platform ?? platform}
            </a>
          </li>
        );
      })}
    </ul>
  );
}

function Empty({ icon: Icon, text, children }: { icon: icons.IconType; text: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon />
      <p>{text}</p>
      {children}
    </div>
  );
}

/** usePages loads a list page by page. */
function usePages<T>(path: string) {
  const list = useSignal<T[]>([]);
  const total = useSignal<number | null>(null);
  const failed = useSignal(false);
  const busy = useSignal(false);
  const more = async () => {
    busy.value = true;
    failed.value = false;
    try {
      const page = await get<Page<T>>(path, { offset: list.value.length, limit: pageSize });
      list.value = [...list.value, ...page.results];
      total.value = page.results.length ? page.total : list.value.length;
    } catch {
      failed.value = true;
    } finally {
      busy.value = false;
    }
  };
  useEffect(() => void more(), []);
  return { list, total, failed, busy, more };
}

function Pages<T>({ pages, empty, children }: { pages: ReturnType<typeof usePages<T>>; empty: ComponentChildren; children: (list: T[]) => ComponentChildren }) {
  const { list, total, failed, busy, more } = pages;
  return (
    <>
      {list.value.length > 0 && children(list.value)}
      {total.value === 0 && empty}
      {failed.value && (
        <Empty icon={icons.Warning} text={t("loadFailed")}>
          <Button onClick={() => void more()}>{common.t("tryAgain")}</Button>
        </Empty>
      )}
      {total.value !== null && list.value.length < total.value && !failed.value && (
        <div class="more">
          <Button busy={busy.value} onClick={() => void more()}>
            {t("showMore")}
          </Button>
        </div>
      )}
    </>
  );
}

function Recordings() {
  const pages = usePages<Recording>("api/recordings");
  return (
    <Pages pages={pages} empty={<Empty icon={icons.Film} text={t("recordingsEmpty")} />}>
      {(list) => (
        <ul class="recordings" role="list">
          {list.map((one) => (
            <li key={one.id}>
              <a class="recording-card" href={at(`recordings/${one.id}`)} aria-current={one.id === recordingId.value ? "page" : undefined} onClick={follow}>
                <span class="recording-picture">
                  {one.thumbnail ? <img src={at(one.thumbnail)} alt="" loading="lazy" width="320" height="180" /> : <icons.Film />}
                  <span class="recording-length">{one.state === "live" ? t("recordingLive") : clock(one.duration)}</span>
                </span>
                <span class="recording-title">{one.title || t("untitled")}</span>
                <span class="recording-when">{[one.clipOf && t("clip"), ago(new Date(one.startedAt))].filter(Boolean).join(" · ")}</span>
              </a>
            </li>
          ))}
        </ul>
      )}
    </Pages>
  );
}

function Followers() {
  const pages = usePages<Follower>("api/followers");
  return (
    <Pages pages={pages} empty={<Empty icon={icons.Heart} text={t("followersEmpty")} />}>
      {(list) => (
        <ul class="followers" role="list">
          {list.map((one) => (
            <li key={one.link}>
              <a class="follower" href={/^https?:/i.test(one.link) ? one.link : at("")} rel="noopener noreferrer nofollow ugc" target="_blank">
                <Avatar name={one.name || one.username} of={one.link} />
                <span class="follower-text">
                  <span class="follower-name">{one.name || one.username}</span>
                  <span class="follower-address">{one.username}</span>
                </span>
              </a>
            </li>
          ))}
        </ul>
      )}
    </Pages>
  );
}

function Featured() {
  return (
    <ul class="followers" role="list">
      {featured.value.map((one) => (
        <li key={one.iri}>
          <a class="follower" href={one.url} rel="noopener noreferrer" target="_blank">
            <Avatar name={one.name || new URL(one.url).host} of={one.iri} />
            <span class="follower-text">
              <span class="follower-name">{one.name || new URL(one.url).host}</span>
              <span class="follower-address">{one.isOnline ? [t("badgeLive"), one.streamTitle].filter(Boolean).join(" · ") : new URL(one.url).host}</span>
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}

function Schedule() {
  const events = useSignal<ScheduledEvent[] | null>(null);
  const failed = useSignal(false);
  const load = () => {
    failed.value = false;
    get<ScheduledEvent[]>("api/schedule", { from: new Date(Date.now() - 86_400_000).toISOString() }).then(
      (list) => (events.value = list.filter((e) => Date.parse(e.startTime) + e.durationMinutes * 60_000 > Date.now()).sort((a, b) => Date.parse(a.startTime) - Date.parse(b.startTime))),
      () => (failed.value = true),
    );
  };
  useEffect(load, []);
  if (failed.value) {
    return (
      <Empty icon={icons.Warning} text={t("loadFailed")}>
        <Button onClick={load}>{common.t("tryAgain")}</Button>
      </Empty>
    );
  }
  if (!events.value) return null;
  if (events.value.length === 0) return <Empty icon={icons.Calendar} text={t("scheduleEmpty")} />;
  return (
    <div class="schedule">
      <ol role="list">
        {events.value.slice(0, 60).map((event) => (
          <Event key={event.id} event={event} />
        ))}
      </ol>
      <a class="button small" href={at("api/schedule.ics")} download="schedule.ics">
        <icons.Calendar />
        {t("scheduleSubscribe")}
      </a>
    </div>
  );
}

function Event({ event }: { event: ScheduledEvent }) {
  const start = new Date(event.startTime);
  const named = event.id === eventId.value;
  const row = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (named) row.current?.scrollIntoView({ block: "center" });
  }, [named]);
  const going = Date.now() >= start.getTime();
  return (
    <li ref={row} class={`event ${named ? "named" : ""} ${event.status}`}>
      <time class="event-day" dateTime={event.startTime}>
        <span class="event-month">{date(start, { month: "short" })}</span>
        <span class="event-number">{date(start, { day: "numeric" })}</span>
      </time>
      <div class="event-text">
        <h2>{event.name}</h2>
        <p class="soft">
          {date(start, { weekday: "long", hour: "numeric", minute: "2-digit" })} · {n("scheduleMinutes", event.durationMinutes)}
          {event.status === "cancelled" ? ` · ${t("scheduleCancelled")}` : going ? ` · ${t("scheduleNow")}` : ` · ${ago(start)}`}
        </p>
        {event.description && <p class="event-description">{event.description}</p>}
      </div>
    </li>
  );
}
