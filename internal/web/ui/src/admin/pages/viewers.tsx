import { useSignal } from "@preact/signals";
import { Select } from "../../components/form";
import { ago, bitrate, bytes, number } from "../../lib/format";
import { agent } from "../agent";
import { read } from "../api";
import { has } from "../config";
import { country, place } from "../country";
import { t } from "../i18n";
import { live } from "../live";
import { useLoad } from "../poll";
import type { PlaybackClient, Point, Viewer } from "../types";
import { Chart } from "../ui/chart";
import { Card, Empty, Load, Note, Page, Tag, Tiles } from "../ui/page";
import { Table } from "../ui/table";

const hour = 3600;

export default function ViewersPage() {
  const now = live.value;
  const online = now?.phase !== "offline";
  return (
    <Page title={t("viewers")} wide>
      <Tiles
        list={[
          { label: t("viewersNow"), value: number(now?.viewerCount ?? 0) },
          { label: t("peakSession"), value: number(now?.sessionPeakViewerCount ?? 0) },
          { label: t("peakOverall"), value: number(now?.overallPeakViewerCount ?? 0) },
        ]}
      />
      <History />
      {online ? <Present /> : <Empty>{t("viewersOffline")}</Empty>}
    </Page>
  );
}

function History() {
  const began = live.value?.broadcaster ? Math.floor(Date.parse(live.value.broadcaster.time) / 1000) : 0;
  const range = useSignal(24 * hour);
  const points = useLoad(
    () => read<Point[]>("api/admin/viewersOverTime", { windowStart: range.value ? Math.floor(Date.now() / 1000) - range.value : began }),
    { every: 60_000, keys: [range.value] },
  );
  return (
    <Card
      title={t("viewersOverTime")}
      actions={
        <Select
          label={t("range")}
          value={range.value}
          choices={[
            ...(began ? [{ value: 0, label: t("thisStream") }] : []),
            { value: 24 * hour, label: t("lastDay") },
            { value: 7 * 24 * hour, label: t("lastWeek") },
            { value: 30 * 24 * hour, label: t("lastMonth") },
            { value: 90 * 24 * hour, label: t("lastQuarter") },
          ]}
          onValue={(v) => (range.value = v)}
        />
      }
    >
      <Load from={points}>{(list) => <Chart label={t("viewersOverTime")} series={[{ name: t("viewers"), points: list, area: true }]} />}</Load>
    </Card>
  );
}

function Present() {
  const viewers = useLoad(() => read<Viewer[]>("api/admin/viewers"), { every: 10_000 });
  const clients = useLoad(() => read<PlaybackClient[]>("api/admin/viewers/playback"), { every: 10_000 });
  return (
    <>
      <Card title={t("countries")}>
        {!has("geo") && <Note>{t("noGeo")}</Note>}
        {has("geo") && <Load from={viewers}>{(list) => <Countries viewers={list} />}</Load>}
      </Card>
      <Card title={t("viewersNow")}>
        <Load from={viewers}>
          {(list) =>
            list.length === 0 ? (
              <Empty>{t("nobody")}</Empty>
            ) : (
              <Table
                label={t("viewersNow")}
                rows={[...list].sort((a, b) => a.firstSeen.localeCompare(b.firstSeen))}
                id={(v) => v.clientID}
                columns={[
                  { head: t("place"), cell: (v) => place(v.geo) },
                  { head: t("address"), cell: (v) => v.ipAddress },
                  { head: t("program"), cell: (v) => <span title={v.userAgent}>{agent(v.userAgent) || "–"}</span> },
                  { head: t("came"), cell: (v) => ago(new Date(v.firstSeen)) },
                  { head: t("traffic"), number: true, cell: (v) => bytes(v.bytesSent) },
                ]}
              />
            )
          }
        </Load>
      </Card>
      <Card title={t("clients")} text={t("clientsText")}>
        <Load from={clients}>{(list) => (list.length === 0 ? <Empty>{t("nobody")}</Empty> : <Clients clients={list} />)}</Load>
      </Card>
    </>
  );
}

function Countries({ viewers }: { viewers: Viewer[] }) {
  const counts = new Map<string, number>();
  for (const v of viewers) counts.set(v.geo?.countryCode ?? "", (counts.get(v.geo?.countryCode ?? "") ?? 0) + 1);
  const list = [...counts].sort((a, b) => b[1] - a[1]);
  const most = list[0]?.[1] ?? 1;
  if (list.length === 0) return <Empty>{t("nobody")}</Empty>;
  return (
    <ul class="bars" role="list">
      {list.map(([code, count]) => (
        <li key={code}>
          <span class="bar-name">{country(code)}</span>
          <span class="bar" aria-hidden="true">
            <span style={{ inlineSize: `${(100 * count) / most}%` }} />
          </span>
          <span class="bar-value">{number(count)}</span>
        </li>
      ))}
    </ul>
  );
}

function playerState(state: string | undefined): string {
  const words: Record<string, string> = { p: t("statePlaying"), a: t("statePaused"), w: t("stateWaiting"), k: t("stateSeeking"), s: t("stateStarting"), r: t("stateWaiting"), e: t("stateEnded"), f: t("stateFailed") };
  return (state && words[state]) || "–";
}

function Clients({ clients }: { clients: PlaybackClient[] }) {
  const kbps = (value: number | null | undefined) => (value ? bitrate(value * 1000) : "–");
  const seconds = (value: number | null | undefined) => (value === null || value === undefined ? "–" : `${number(value, { maximumFractionDigits: 1 })} s`);
  return (
    <Table
      label={t("clients")}
      rows={[...clients].sort((a, b) => a.firstSeen.localeCompare(b.firstSeen))}
      id={(c) => c.clientID}
      columns={[
        { head: t("program"), cell: (c) => <span title={c.userAgent}>{agent(c.userAgent) || "–"}</span> },
        { head: t("address"), cell: (c) => c.ipAddress },
        { head: t("state"), cell: (c) => (c.playback?.measurementStatus ? <Tag>{t("unmeasurable")}</Tag> : playerState(c.playback?.playerState)) },
        { head: t("delay"), number: true, cell: (c) => seconds(c.playback?.latencySeconds) },
        { head: t("quality"), number: true, cell: (c) => kbps(c.playback?.bitrateKbps) },
        { head: t("bandwidth"), number: true, cell: (c) => kbps(c.playback?.bandwidthKbps) },
        { head: t("errors"), number: true, cell: (c) => number(c.playback?.errorCount ?? 0) },
      ]}
    />
  );
}
