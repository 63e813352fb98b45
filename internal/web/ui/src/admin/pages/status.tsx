import { useSignal } from "@preact/signals";
import { Button } from "../../components/button";
import { Check, Play, Stop } from "../../components/icons";
import { at } from "../../lib/base";
import { ago, bitrate, dateTime, number } from "../../lib/format";
import { follow } from "../../lib/route";
import { read, send } from "../api";
import { Form, Setting } from "../form";
import { n, t } from "../i18n";
import { live, look } from "../live";
import { act, useLoad } from "../poll";
import type { AdminStatus, HealthReport, Ingest, LogEntry } from "../types";
import { confirm } from "../ui/confirm";
import { Card, Empty, Facts, Load, Note, Page, Tag, Tiles } from "../ui/page";
import { SettingsForm, TextSetting } from "../ui/settings";
import { Table } from "../ui/table";

const title = new Setting<string>("instanceDetails.streamTitle", "streamtitle", "");
const form = new Form([title]);

export default function StatusPage() {
  const health = useLoad(() => read<HealthReport>("api/admin/health"), { every: 10_000 });
  const warnings = useLoad(() => read<LogEntry[]>("api/admin/logs/warnings"), { every: 30_000 });
  const now = live.value;
  if (!now) return <Page title={t("status")}>{null}</Page>;
  return (
    <Page title={t("status")} wide actions={now.broadcaster && <Disconnect />}>
      <Problems report={health.data.value} />
      <Tiles list={tiles(now)} />
      <div class="columns">
        <div class="column">
          <Card>
            <SettingsForm form={form}>
              <TextSetting setting={title} label={t("streamTitle")} hint={t("streamTitleHint")} maxLength={300} />
            </SettingsForm>
          </Card>
          <Preview status={now} />
        </div>
        <div class="column">
          {now.broadcaster ? <Inbound status={now} /> : <NoStream />}
          {now.renditions.length > 0 && <Renditions status={now} />}
          <Card title={t("lastWarnings")} actions={<a href={at("admin/logs/")} onClick={follow}>{t("allLogs")}</a>}>
            <Load from={warnings}>
              {(list) =>
                list.length ? (
                  <ol class="log short" role="list">
                    {list.slice(-5).reverse().map((entry, i) => (
                      <li key={i}>
                        <time class="soft" dateTime={entry.time}>{ago(new Date(entry.time))}</time> <span>{entry.message}</span>
                      </li>
                    ))}
                  </ol>
                ) : (
                  <Empty icon={Check}>{t("noWarnings")}</Empty>
                )
              }
            </Load>
          </Card>
        </div>
      </div>
    </Page>
  );
}

function tiles(now: AdminStatus) {
  const since = now.broadcaster ? ago(new Date(now.broadcaster.time)) : "";
  return [
    { label: t("stream"), value: { live: t("live"), offline: t("offline"), reconnecting: t("reconnecting") }[now.phase], note: since },
    { label: t("viewers"), value: number(now.viewerCount) },
    { label: t("peakSession"), value: number(now.sessionPeakViewerCount) },
    { label: t("peakOverall"), value: number(now.overallPeakViewerCount) },
  ];
}

function Problems({ report }: { report: HealthReport | undefined }) {
  if (!report) return null;
  return (
    <div class="stack" aria-live="polite" aria-label={t("problems")} role="region">
      {report.problems.map((p) => (
        <Note key={p.code + p.text} tone={{ info: "plain", degraded: "warn", failing: "bad" }[p.level] as "plain" | "warn" | "bad"}>
          <p>{p.text}</p>
          <p class="soft">{[p.detail, ago(new Date(p.since))].filter(Boolean).join(" · ")}</p>
        </Note>
      ))}
    </div>
  );
}

function Disconnect() {
  const disconnect = async () => {
    const yes = await confirm({ title: t("disconnect"), text: t("disconnectText"), action: t("disconnect"), danger: true });
    if (!yes) return;
    await act(() => send("api/admin/disconnect"), t("disconnected"));
    void look();
  };
  return (
    <Button id="disconnect" kind="danger" icon={Stop} onClick={() => void disconnect()}>
      {t("disconnect")}
    </Button>
  );
}

// Preview is a picture until somebody wants to see more: a player is a viewer.
function Preview({ status }: { status: AdminStatus }) {
  const playing = useSignal(false);
  const online = status.phase !== "offline";
  return (
    <Card
      title={t("preview")}
      actions={
        online && (
          <Button small icon={playing.value ? Stop : Play} onClick={() => (playing.value = !playing.value)}>
            {playing.value ? t("previewStop") : t("previewPlay")}
          </Button>
        )
      }
    >
      <div class="preview">
        {online && playing.value ? (
          <iframe src={at("embed/video?autoplay=1&muted=1")} title={t("preview")} allow="autoplay; fullscreen; picture-in-picture" />
        ) : (
          <Thumbnail online={online} />
        )}
      </div>
    </Card>
  );
}

function Thumbnail({ online }: { online: boolean }) {
  const turn = live.value?.broadcaster?.time ?? "";
  if (!online) return <p class="soft">{t("previewOffline")}</p>;
  return <img src={at(`thumbnail.jpg?${Math.floor(Date.now() / 20_000)}${encodeURIComponent(turn)}`)} alt={t("thumbnail")} />;
}

function NoStream() {
  return (
    <Card title={t("inbound")}>
      <Empty>
        {t("noStream")}{" "}
        <a href={at("admin/setup/")} onClick={follow}>
          {t("howToStream")}
        </a>
      </Empty>
    </Card>
  );
}

/** warningText says what is wrong with a broadcast, and what to do about it. */
export function warningText(code: string, detail: string): string {
  const texts: Record<string, string> = {
    "keyframe-interval": t("warnKeyframes"),
    "av-drift": t("warnDrift"),
    timestamps: t("warnTimestamps"),
    "no-audio": t("warnNoAudio"),
    "no-video": t("warnNoVideo"),
    slow: t("warnSlow"),
    codec: t("warnCodec"),
  };
  return texts[code] ?? detail;
}

function Inbound({ status }: { status: AdminStatus }) {
  const b = status.broadcaster!;
  const d = b.streamDetails;
  const ingest = status.ingest as Ingest;
  return (
    <Card title={t("inbound")}>
      {ingest.warnings.map((w) => (
        <Note key={w.code} tone="warn">
          <p>{warningText(w.code, w.detail)}</p>
          <p class="soft">{w.detail}</p>
        </Note>
      ))}
      <Facts
        list={[
          [t("from"), b.remoteAddr],
          [t("started"), dateTime(new Date(b.time))],
          [t("encoder"), d.encoder],
          [t("video"), d.width ? [d.videoCodec, ingest.videoProfile, `${d.width} × ${d.height}`].filter(Boolean).join(", ") : d.videoCodec],
          [t("framerate"), d.framerate ? `${number(d.framerate, { maximumFractionDigits: 2 })}/s` : ""],
          [t("videoBitrate"), d.videoBitrate ? bitrate(d.videoBitrate * 1000) : ""],
          [t("audio"), [d.audioCodec, ingest.sampleRate ? `${number(ingest.sampleRate / 1000)} kHz` : "", ingest.channels ? n("channels", ingest.channels) : ""].filter(Boolean).join(", ")],
          [t("audioBitrate"), d.audioBitrate ? bitrate(d.audioBitrate * 1000) : ""],
          [t("keyframes"), ingest.keyframeInterval ? t("everySeconds", { seconds: number(ingest.keyframeInterval, { maximumFractionDigits: 1 }) }) : ""],
          [t("latencyLevel"), status.currentBroadcast ? number(status.currentBroadcast.latencyLevel.level) : ""],
        ]}
      />
      {status.health && (
        <Note tone={status.health.healthy ? "good" : "warn"}>
          <p>
            {t("playsWell", { percent: status.health.healthPercentage })} {status.health.message}
          </p>
        </Note>
      )}
    </Card>
  );
}

function Renditions({ status }: { status: AdminStatus }) {
  return (
    <Card title={t("renditions")} text={t("renditionsText")}>
      <Table
        label={t("renditions")}
        rows={status.renditions}
        id={(_, i) => i}
        columns={[
          { head: t("name"), cell: (r) => r.name || "–" },
          { head: t("state"), cell: (r) => <Tag tone={r.running ? "good" : "bad"}>{r.running ? t("running") : t("notRunning")}</Tag> },
          { head: t("speed"), number: true, cell: (r) => (r.speed ? `${number(r.speed, { maximumFractionDigits: 2 })}×` : "–") },
          { head: t("framerate"), number: true, cell: (r) => (r.framerate ? number(r.framerate, { maximumFractionDigits: 1 }) : "–") },
          { head: t("bitrate"), number: true, cell: (r) => (r.bitrate ? bitrate(r.bitrate * 1000) : "–") },
          { head: t("restarts"), number: true, cell: (r) => number(r.restarts) },
        ]}
      />
      {status.renditions.map((r, i) => r.error && <Note key={i} tone="warn">{`${r.name || i + 1}: ${r.error}`}</Note>)}
    </Card>
  );
}
