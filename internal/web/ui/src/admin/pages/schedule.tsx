import { useSignal } from "@preact/signals";
import { Button } from "../../components/button";
import { Calendar, More, Plus } from "../../components/icons";
import { MenuButton } from "../../components/menu";
import { at } from "../../lib/base";
import { date, number } from "../../lib/format";
import type { ScheduledEvent } from "../../lib/types";
import { read, send } from "../api";
import { config } from "../config";
import { Form, Setting } from "../form";
import { t } from "../i18n";
import { act, useLoad } from "../poll";
import { here, parse, weekdayName, weekdays } from "../recurrence";
import type { AdminSchedule, Series } from "../types";
import { confirm } from "../ui/confirm";
import { EventEditor, type Edited } from "../ui/event-editor";
import { Card, Empty, Load, Note, Page, Tag } from "../ui/page";
import { AreaSetting, SelectSetting, SettingsForm, SwitchSetting } from "../ui/settings";
import { Table } from "../ui/table";

const enabled = new Setting<boolean>("schedule.enabled", "schedule/enabled", false);
const countdown = new Setting<boolean>("schedule.showCountdown", "schedule/showcountdown", false);
const chatOpen = new Setting<number>("schedule.chatOpenMinutesBefore", "schedule/chatopenminutes", 0);
const message = new Setting<string>("schedule.reminderMessage", "schedule/remindermessage", "");
const first = new Setting<number>("schedule.firstReminderMinutes", "schedule/firstreminderminutes", 0);
const second = new Setting<number>("schedule.secondReminderMinutes", "schedule/secondreminderminutes", 0);
const form = new Form([enabled, countdown, chatOpen, message, first, second]);

/** describe says a recurrence in words, as far as that is simple. */
function describe(s: Series): string {
  const rule = parse(s.recurrence, s.timezone || here());
  if (!rule) return s.recurrence;
  const words = {
    DAILY: rule.interval > 1 ? t("everyDays", { n: rule.interval }) : t("daily"),
    WEEKLY: rule.interval > 1 ? t("everyWeeks", { n: rule.interval }) : t("weekly"),
    MONTHLY: rule.interval > 1 ? t("everyMonths", { n: rule.interval }) : t("monthly"),
  }[rule.every];
  const days = rule.every === "WEEKLY" ? rule.days.map((d) => weekdayName(weekdays.indexOf(d))).join(", ") : "";
  return [words, days, rule.start.slice(11), rule.zone].filter(Boolean).join(", ");
}

export default function SchedulePage() {
  const schedule = useLoad(() => read<AdminSchedule>("api/admin/schedule"), { every: 60_000 });
  const edited = useSignal<Edited | null>(null);
  const remove = async (id: string, name: string, cancel: boolean) => {
    const yes = await confirm({
      title: cancel ? t("cancelEvent") : t("deleteEvent"),
      text: cancel ? t("cancelEventText", { name }) : t("deleteEventText", { name }),
      action: cancel ? t("cancelEvent") : t("delete"),
      danger: true,
    });
    if (yes && (await act(() => send("api/admin/schedule/event/delete", { id, cancel }), t("saved")))) void schedule.reload();
  };
  return (
    <Page
      title={t("schedule")}
      text={t("scheduleText")}
      wide
      actions={
        <Button kind="primary" icon={Plus} onClick={() => (edited.value = {})}>
          {t("newEvent")}
        </Button>
      }
    >
      {!config.value!.schedule.enabled && <Note tone="warn">{t("scheduleOff")}</Note>}
      <Load from={schedule}>
        {({ events, series }) => (
          <>
            <Card title={t("nextStreams")} actions={<a href={at("api/schedule.ics")}>{t("calendarFile")}</a>}>
              <Events list={events} edit={(event) => (edited.value = { event })} remove={remove} />
            </Card>
            {series.length > 0 && (
              <Card title={t("series")}>
                <Table
                  label={t("series")}
                  rows={series}
                  id={(s) => s.id}
                  columns={[
                    { head: t("name"), cell: (s) => s.name },
                    { head: t("repeats"), cell: (s) => describe(s) },
                    { head: t("length"), number: true, cell: (s) => t("minutes", { minutes: number(s.durationMinutes) }) },
                    { head: t("state"), cell: (s) => (s.active ? <Tag tone="good">{t("active")}</Tag> : <Tag>{t("over")}</Tag>) },
                  ]}
                  actionsLabel={t("actionsLabel")}
                  actions={(s) => (
                    <MenuButton
                      label={t("moreAbout", { name: s.name })}
                      icon={More}
                      groups={[
                        {
                          items: [
                            { label: t("edit"), select: () => (edited.value = { series: s }) },
                            { label: t("delete"), danger: true, select: () => void remove(s.id, s.name, false) },
                          ],
                        },
                      ]}
                    />
                  )}
                />
              </Card>
            )}
          </>
        )}
      </Load>
      <Settings />
      {edited.value && (
        <EventEditor
          edited={edited.value}
          onClose={() => (edited.value = null)}
          saved={() => {
            edited.value = null;
            void schedule.reload();
          }}
        />
      )}
    </Page>
  );
}

interface EventsProps {
  list: ScheduledEvent[];
  edit: (event: ScheduledEvent) => void;
  remove: (id: string, name: string, cancel: boolean) => void;
}

function Events({ list, edit, remove }: EventsProps) {
  const past = useSignal(false);
  const now = Date.now();
  const ends = (e: ScheduledEvent) => Date.parse(e.startTime) + e.durationMinutes * 60_000;
  const shown = list.filter((e) => past.value || ends(e) > now).sort((a, b) => a.startTime.localeCompare(b.startTime));
  return (
    <>
      {shown.length === 0 ? (
        <Empty icon={Calendar}>{t("noEvents")}</Empty>
      ) : (
        <Table
          label={t("nextStreams")}
          rows={shown}
          id={(e) => e.id}
          columns={[
            { head: t("begins"), cell: (e) => date(new Date(e.startTime), { weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "short" }) },
            { head: t("name"), cell: (e) => e.name },
            { head: t("length"), number: true, cell: (e) => t("minutes", { minutes: number(e.durationMinutes) }) },
            {
              head: t("state"),
              cell: (e) => (
                <span class="tags">
                  {e.status === "cancelled" ? <Tag tone="bad">{t("cancelled")}</Tag> : <Tag tone="good">{ends(e) > now ? t("planned") : t("over")}</Tag>}
                  {e.seriesId && <Tag>{t("ofSeries")}</Tag>}
                </span>
              ),
            },
          ]}
          actionsLabel={t("actionsLabel")}
          actions={(e) => (
            <MenuButton
              label={t("moreAbout", { name: e.name })}
              icon={More}
              groups={[
                {
                  items: [
                    { label: t("edit"), disabled: e.status === "cancelled", select: () => edit(e) },
                    { label: t("cancelEvent"), disabled: e.status === "cancelled", select: () => remove(e.id, e.name, true) },
                    { label: t("delete"), danger: true, select: () => remove(e.id, e.name, false) },
                  ],
                },
              ]}
            />
          )}
        />
      )}
      <div>
        <Button small aria-pressed={past.value} onClick={() => (past.value = !past.value)}>
          {past.value ? t("hidePast") : t("showPast")}
        </Button>
      </div>
    </>
  );
}

function Settings() {
  const before = (values: number[]) =>
    values.map((value) => ({ value, label: value === 0 ? t("notAtAll") : value < 120 ? t("minutes", { minutes: number(value) }) : t("hours", { hours: number(value / 60) }) }));
  return (
    <SettingsForm form={form}>
      <Card title={t("scheduleSettings")}>
        <SwitchSetting setting={enabled} label={t("scheduleEnabled")} hint={t("scheduleEnabledHint")} />
        <SwitchSetting setting={countdown} label={t("countdown")} hint={t("countdownHint")} />
        <div class="field-row">
          <SelectSetting setting={chatOpen} label={t("chatOpens")} choices={before([0, 5, 10, 30, 60])} />
          <SelectSetting setting={first} label={t("firstReminder")} choices={before([0, 15, 30, 60, 120, 1440])} />
          <SelectSetting setting={second} label={t("secondReminder")} choices={before([0, 15, 30, 60, 120, 1440])} />
        </div>
        <AreaSetting setting={message} label={t("reminderMessage")} hint={t("reminderMessageHint")} rows={2} maxLength={2000} />
      </Card>
    </SettingsForm>
  );
}
