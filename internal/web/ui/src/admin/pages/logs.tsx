import { useSignal } from "@preact/signals";
import { Button } from "../../components/button";
import { Select, Switch, TextField } from "../../components/form";
import { Download } from "../../components/icons";
import { date, dateTime } from "../../lib/format";
import { read } from "../api";
import { saveFile } from "../file";
import { t } from "../i18n";
import { useLoad } from "../poll";
import type { LogEntry } from "../types";
import { Card, Empty, Load, Page, Tag, type Tone } from "../ui/page";

const tones: Record<LogEntry["level"], Tone> = { debug: "plain", info: "plain", warning: "warn", error: "bad" };

export default function LogsPage() {
  const least = useSignal<"all" | "warnings">("all");
  const words = useSignal("");
  const follows = useSignal(true);
  const entries = useLoad(() => read<LogEntry[]>(least.value === "all" ? "api/admin/logs" : "api/admin/logs/warnings"), {
    every: follows.value ? 3000 : 0,
    keys: [least.value, follows.value],
  });
  const shown = (list: LogEntry[]) => {
    const wanted = words.value.trim().toLowerCase();
    return [...list].reverse().filter((e) => !wanted || e.message.toLowerCase().includes(wanted));
  };
  const levels = { debug: t("levelDebug"), info: t("levelInfo"), warning: t("levelWarning"), error: t("levelError") };
  return (
    <Page title={t("logs")} text={t("logsText")} wide>
      <Card class="filters">
        <Select
          label={t("level")}
          value={least.value}
          choices={[
            { value: "all", label: t("levelAll") },
            { value: "warnings", label: t("levelWarnings") },
          ]}
          onValue={(v) => (least.value = v)}
        />
        <TextField label={t("search")} type="search" value={words.value} onValue={(v) => (words.value = v)} />
        <Switch label={t("followLogs")} checked={follows.value} onChange={(v) => (follows.value = v)} />
        <Button icon={Download} disabled={!entries.data.value?.length} onClick={() => save(entries.data.value ?? [])}>
          {t("download")}
        </Button>
      </Card>
      <Load from={entries}>
        {(list) =>
          shown(list).length === 0 ? (
            <Empty>{t("noLogs")}</Empty>
          ) : (
            <ol class="log card" role="list" reversed>
              {shown(list).map((e) => (
                <li key={e.time + e.message}>
                  <time class="soft" dateTime={e.time} title={dateTime(new Date(e.time))}>
                    {date(new Date(e.time), { dateStyle: "short", timeStyle: "medium" })}
                  </time>
                  <Tag tone={tones[e.level]}>{levels[e.level]}</Tag>
                  <span class="log-text">{e.message}</span>
                </li>
              ))}
            </ol>
          )
        }
      </Load>
    </Page>
  );
}

function save(list: LogEntry[]): void {
  saveFile("owncast.log", list.map((e) => `${e.time} ${e.level} ${e.message}\n`).join(""));
}
