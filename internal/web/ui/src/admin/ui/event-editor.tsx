import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../../components/button";
import { Dialog } from "../../components/dialog";
import { Check, Select, TextArea, TextField } from "../../components/form";
import { date } from "../../lib/format";
import type { ScheduledEvent } from "../../lib/types";
import { send } from "../api";
import { t } from "../i18n";
import { problem } from "../problem";
import { build, here, local, moment, parse, weekdayName, weekdays, zones, type Rule } from "../recurrence";
import type { Series } from "../types";
import { Note } from "./page";

/** What is edited: an event or a series that there is, or a new one. */
export interface Edited {
  event?: ScheduledEvent;
  series?: Series;
}

// The next full hour tomorrow, which is rarely right but shows what is meant.
function tomorrow(zone: string): string {
  return `${local(new Date(Date.now() + 86_400_000), zone).slice(0, 13)}:00`;
}

function ruleOf({ event, series }: Edited): Rule | null {
  const zone = event?.timezone || series?.timezone || here();
  if (series) return parse(series.recurrence, zone);
  return { start: event ? local(new Date(event.startTime), zone) : tomorrow(zone), zone, every: "WEEKLY", interval: 1, days: [], monthly: "day", count: 0, until: "" };
}

/** EventEditor makes or changes an event, or a series of them. */
export function EventEditor({ edited, onClose, saved }: { edited: Edited; onClose: () => void; saved: () => void }) {
  const old = edited.event ?? edited.series;
  const name = useSignal(old?.name ?? "");
  const description = useSignal(old?.description ?? "");
  const reminder = useSignal(old?.reminderMessage ?? "");
  const minutes = useSignal(String(old?.durationMinutes ?? 60));
  const repeats = useSignal(Boolean(edited.series));
  const simple = ruleOf(edited);
  const rule = useSignal<Rule>(simple ?? ruleOf({})!);
  const raw = useSignal<string | null>(simple ? null : (edited.series?.recurrence ?? ""));
  const error = useSignal("");
  const busy = useSignal(false);

  const recurrence = raw.value ?? build(rule.value);
  const set = (change: Partial<Rule>) => (rule.value = { ...rule.value, ...change });

  const submit = async (event: Event) => {
    event.preventDefault();
    busy.value = true;
    error.value = "";
    try {
      await send("api/admin/schedule/event", {
        ...(old && { id: old.id }),
        name: name.value,
        description: description.value,
        reminderMessage: reminder.value,
        durationMinutes: Math.trunc(Number(minutes.value)) || 0,
        ...(repeats.value ? { recurrence } : { start: moment(rule.value.start, rule.value.zone).toISOString() }),
        ...(!old && { timezone: rule.value.zone }),
      });
      saved();
    } catch (err) {
      error.value = problem(err);
    }
    busy.value = false;
  };

  return (
    <Dialog title={old ? old.name : t("newEvent")} size="large" onClose={onClose}>
      <form class="settings-fields" onSubmit={submit}>
        <TextField label={t("name")} required maxLength={200} value={name.value} onValue={(v) => (name.value = v)} />
        <TextArea label={t("description")} rows={3} value={description.value} onValue={(v) => (description.value = v)} />
        {!old && (
          <Select
            label={t("howOften")}
            value={repeats.value ? "series" : "once"}
            choices={[
              { value: "once", label: t("once") },
              { value: "series", label: t("repeatedly") },
            ]}
            onValue={(v) => (repeats.value = v === "series")}
          />
        )}
        {raw.value === null && (
          <div class="field-row">
            <TextField type="datetime-local" label={repeats.value ? t("firstTime") : t("begins")} required value={rule.value.start} onValue={(start) => start && set({ start })} />
            <Select label={t("timeZone")} value={rule.value.zone} disabled={Boolean(old)} choices={zones().map((value) => ({ value, label: value }))} onValue={(zone) => set({ zone })} />
            <TextField type="number" label={t("durationMinutes")} min={1} max={10_080} required value={minutes.value} onValue={(v) => (minutes.value = v)} />
          </div>
        )}
        {repeats.value && raw.value === null && <Repeat rule={rule.value} set={set} />}
        {repeats.value && (
          <>
            <Check label={t("ownRule")} hint={t("ownRuleHint")} checked={raw.value !== null} disabled={!simple} onChange={(on) => (raw.value = on ? build(rule.value) : null)} />
            {raw.value !== null && <TextArea label={t("rule")} code rows={4} value={raw.value} onValue={(v) => (raw.value = v)} />}
            {raw.value !== null && <TextField type="number" label={t("durationMinutes")} min={1} max={10_080} required value={minutes.value} onValue={(v) => (minutes.value = v)} />}
            <Occurrences recurrence={recurrence} zone={rule.value.zone} />
          </>
        )}
        <TextArea label={t("reminderMessage")} hint={t("ownReminderHint")} rows={2} maxLength={2000} value={reminder.value} onValue={(v) => (reminder.value = v)} />
        {error.value && <Note tone="bad">{error.value}</Note>}
        <div>
          <Button submit kind="primary" busy={busy.value}>
            {t("saveChanges")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Repeat({ rule, set }: { rule: Rule; set: (change: Partial<Rule>) => void }) {
  const ends = rule.count > 0 ? "count" : rule.until ? "until" : "never";
  return (
    <>
      <div class="field-row">
        <Select
          label={t("every")}
          value={rule.every}
          choices={[
            { value: "DAILY", label: t("days") },
            { value: "WEEKLY", label: t("weeks") },
            { value: "MONTHLY", label: t("months") },
          ]}
          onValue={(every) => set({ every })}
        />
        <TextField type="number" label={t("interval")} min={1} max={100} value={String(rule.interval)} onValue={(v) => set({ interval: Math.max(1, Math.trunc(Number(v)) || 1) })} />
        {rule.every === "MONTHLY" && (
          <Select
            label={t("monthlyBy")}
            value={rule.monthly}
            choices={[
              { value: "day", label: t("monthlyByDay") },
              { value: "weekday", label: t("monthlyByWeekday") },
            ]}
            onValue={(monthly) => set({ monthly })}
          />
        )}
      </div>
      {rule.every === "WEEKLY" && (
        <fieldset class="checks inline">
          <legend>{t("onDays")}</legend>
          {weekdays.map((d, i) => (
            <Check key={d} label={weekdayName(i)} checked={rule.days.includes(d)} onChange={(on) => set({ days: on ? [...rule.days, d] : rule.days.filter((x) => x !== d) })} />
          ))}
        </fieldset>
      )}
      <div class="field-row">
        <Select
          label={t("ends")}
          value={ends}
          choices={[
            { value: "never", label: t("endsNever") },
            { value: "count", label: t("endsCount") },
            { value: "until", label: t("endsUntil") },
          ]}
          onValue={(v) => set({ count: v === "count" ? 10 : 0, until: v === "until" ? rule.start.slice(0, 10) : "" })}
        />
        {ends === "count" && <TextField type="number" label={t("times")} min={1} max={1000} value={String(rule.count)} onValue={(v) => set({ count: Math.max(1, Math.trunc(Number(v)) || 1) })} />}
        {ends === "until" && <TextField type="date" label={t("lastDate")} value={rule.until} onValue={(until) => until && set({ until })} />}
      </div>
    </>
  );
}

// Occurrences are what the server makes of a recurrence.
function Occurrences({ recurrence, zone }: { recurrence: string; zone: string }) {
  const list = useSignal<string[]>([]);
  const error = useSignal("");
  useEffect(() => {
    let late = false;
    const timer = setTimeout(() => {
      send<{ occurrences: string[] }>("api/admin/schedule/preview", { recurrence, timezone: zone }).then(
        (answer) => {
          if (late) return;
          list.value = answer.occurrences;
          error.value = "";
        },
        (err: unknown) => {
          if (!late) error.value = problem(err);
        },
      );
    }, 400);
    return () => {
      late = true;
      clearTimeout(timer);
    };
  }, [recurrence, zone]);
  return (
    <div role="status">
      {error.value ? (
        <Note tone="warn">{error.value}</Note>
      ) : (
        list.value.length > 0 && (
          <Note>
            <p>{t("nextTimes")}</p>
            <ul class="plain-list">
              {list.value.map((time) => (
                <li key={time}>{date(new Date(time), { weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "numeric", minute: "2-digit", timeZone: zone, timeZoneName: "short" })}</li>
              ))}
            </ul>
          </Note>
        )
      )}
    </div>
  );
}
