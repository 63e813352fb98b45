import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Html } from "../components/html";
import { t } from "../i18n/viewer";
import { dateTime, number } from "../lib/format";
import type { UpcomingEvent } from "../lib/types";
import { config, recording, recordingId, status } from "./model";

/** OfflineCover is what is shown in place of the video while there is none; undefined for the usual words. */
export function offlineCover() {
  if (recordingId.value) return recording.value === null ? <p id="cover-title">{t("recordingMissing")}</p> : undefined;
  const event = status.value?.scheduledEvent;
  if (event && config.value?.schedule.showCountdown) return <Countdown event={event} />;
  const message = config.value?.offlineMessage;
  if (!message) return undefined;
  return (
    <>
      <p id="cover-title">{t("offlineTitle")}</p>
      <Html class="offline-message" html={message} />
    </>
  );
}

function Countdown({ event }: { event: UpcomingEvent }) {
  const now = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => (now.value = Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const start = new Date(event.startTime);
  const left = Math.floor((start.getTime() - now.value) / 1000);
  const parts = [
    [Math.floor(left / 86_400), t("days")],
    [Math.floor(left / 3600) % 24, t("hours")],
    [Math.floor(left / 60) % 60, t("minutes")],
    [left % 60, t("seconds")],
  ] as const;
  const first = parts.findIndex(([value]) => value > 0);
  return (
    <div class="countdown">
      <p id="cover-title">{event.name}</p>
      <p id="cover-text">
        <time dateTime={event.startTime}>{dateTime(start)}</time>
      </p>
      {left > 0 ? (
        <div class="countdown-parts" role="timer" aria-label={t("startsIn")}>
          {parts.slice(Math.min(Math.max(0, first), 2)).map(([value, unit]) => (
            <span key={unit}>
              <strong>{number(value, { minimumIntegerDigits: 2 })}</strong>
              {unit}
            </span>
          ))}
        </div>
      ) : (
        <p>{t("startsSoon")}</p>
      )}
    </div>
  );
}
