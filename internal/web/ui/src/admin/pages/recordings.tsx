import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Button } from "../../components/button";
import { Dialog } from "../../components/dialog";
import { TextField } from "../../components/form";
import { Edit, External, Film, More, Pin, Scissors, Trash } from "../../components/icons";
import { MenuButton } from "../../components/menu";
import { at } from "../../lib/base";
import { bytes, clock, dateTime } from "../../lib/format";
import type { Page as PageOf, Recording } from "../../lib/types";
import { ask, read, send } from "../api";
import { has } from "../config";
import { t } from "../i18n";
import { act, useLoad } from "../poll";
import { confirm } from "../ui/confirm";
import { Card, Empty, Load, Note, Page, Tag, type Tone } from "../ui/page";
import { Pager } from "../ui/pager";
import { Table } from "../ui/table";

const pageSize = 20;
const tones: Record<Recording["state"], Tone> = { live: "live", complete: "plain", interrupted: "warn" };

export default function RecordingsPage() {
  if (!has("recordings")) {
    return (
      <Page title={t("recordings")}>
        <Note>{t("noRecording")}</Note>
      </Page>
    );
  }
  return <Recordings />;
}

function Recordings() {
  const offset = useSignal(0);
  const list = useLoad(() => read<PageOf<Recording>>("api/recordings", { offset: offset.value, limit: pageSize }), { every: 15_000, keys: [offset.value] });
  const renaming = useSignal<Recording | null>(null);
  const clipping = useSignal<Recording | null>(null);
  const change = async (r: Recording, body: object) => {
    if (await act(() => ask("PATCH", `api/admin/recordings/${r.id}`, { body }), t("saved"))) void list.reload();
  };
  const remove = async (r: Recording) => {
    const yes = await confirm({ title: t("deleteRecording"), text: t("deleteRecordingText", { name: r.title || dateTime(new Date(r.startedAt)) }), action: t("delete"), danger: true });
    if (yes && (await act(() => ask("DELETE", `api/admin/recordings/${r.id}`), t("deleted")))) void list.reload();
  };
  const states = { live: t("recordingNow"), complete: t("recorded"), interrupted: t("interrupted") };
  return (
    <Page title={t("recordings")} text={t("recordingsText")} wide>
      <Card>
        <Load from={list}>
          {({ total, results }) =>
            total === 0 ? (
              <Empty icon={Film}>{t("noRecordings")}</Empty>
            ) : (
              <>
                <Table
                  label={t("recordings")}
                  rows={results}
                  id={(r) => r.id}
                  columns={[
                    {
                      head: t("recording"),
                      cell: (r) => (
                        <a class="recording" href={at(`recordings/${r.id}`)}>
                          {r.thumbnail ? <img src={at(r.thumbnail)} alt="" width="96" height="54" loading="lazy" /> : <span class="no-thumbnail" />}
                          <span>{r.title || t("untitled")}</span>
                        </a>
                      ),
                    },
                    { head: t("started"), cell: (r) => dateTime(new Date(r.startedAt)) },
                    {
                      head: t("state"),
                      cell: (r) => (
                        <span class="tags">
                          <Tag tone={tones[r.state]}>{r.clipOf ? t("clip") : states[r.state]}</Tag>
                          {r.pinned && <Tag tone="good">{t("kept")}</Tag>}
                          {r.lost > 0 && <Tag tone="warn">{t("lost", { time: clock(r.lost) })}</Tag>}
                        </span>
                      ),
                    },
                    { head: t("length"), number: true, cell: (r) => clock(r.duration) },
                    { head: t("space"), number: true, cell: (r) => bytes(r.bytes) },
                  ]}
                  actionsLabel={t("actionsLabel")}
                  actions={(r) => (
                    <MenuButton
                      label={t("moreAbout", { name: r.title || t("untitled") })}
                      icon={More}
                      groups={[
                        {
                          items: [
                            { label: t("watch"), icon: External, select: () => void (location.href = at(`recordings/${r.id}`)) },
                            { label: t("rename"), icon: Edit, select: () => (renaming.value = r) },
                            { label: r.pinned ? t("keepNot") : t("keep"), icon: Pin, select: () => void change(r, { pinned: !r.pinned }) },
                            { label: t("makeClip"), icon: Scissors, disabled: r.duration < 1, select: () => (clipping.value = r) },
                            { label: t("delete"), icon: Trash, danger: true, disabled: r.state === "live", select: () => void remove(r) },
                          ],
                        },
                      ]}
                    />
                  )}
                />
                <Pager total={total} offset={offset.value} size={pageSize} go={(o) => (offset.value = o)} />
              </>
            )
          }
        </Load>
      </Card>
      {renaming.value && (
        <Rename
          recording={renaming.value}
          onClose={() => (renaming.value = null)}
          save={(title) => {
            const r = renaming.value!;
            renaming.value = null;
            void change(r, { title });
          }}
        />
      )}
      {clipping.value && (
        <Clip
          recording={clipping.value}
          onClose={() => {
            clipping.value = null;
            void list.reload();
          }}
        />
      )}
    </Page>
  );
}

function Rename({ recording, onClose, save }: { recording: Recording; onClose: () => void; save: (title: string) => void }) {
  const title = useSignal(recording.title);
  const submit = (event: Event) => {
    event.preventDefault();
    save(title.value);
  };
  return (
    <Dialog title={t("rename")} size="small" onClose={onClose}>
      <form class="settings-fields" onSubmit={submit}>
        <TextField label={t("name")} value={title.value} maxLength={200} autoFocus onValue={(v) => (title.value = v)} />
        <div>
          <Button submit kind="primary">
            {t("saveChanges")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** seconds reads a time such as "1:02:03", "62:03" or "62.5"; NaN if it is none. */
export function seconds(text: string): number {
  const parts = text.trim().split(":");
  if (parts.length > 3 || parts.some((p) => !/^\d+(\.\d+)?$/.test(p))) return NaN;
  return parts.reduce((sum, p) => sum * 60 + Number(p), 0);
}

// Clip cuts a part out. The player beside it says where it is.
function Clip({ recording, onClose }: { recording: Recording; onClose: () => void }) {
  const start = useSignal("0:00");
  const end = useSignal(clock(Math.min(recording.duration, 60)));
  const title = useSignal(recording.title);
  const position = useSignal(0);
  const busy = useSignal(false);
  const frame = useRef<HTMLIFrameElement>(null);

  useEffect(() => {
    const listen = (event: MessageEvent) => {
      const data = event.data as { owncast?: number; state?: { position?: number } } | null;
      if (event.source === frame.current?.contentWindow && data?.owncast === 1 && data.state) position.value = data.state.position ?? 0;
    };
    window.addEventListener("message", listen);
    return () => window.removeEventListener("message", listen);
  }, []);

  const [from, to] = [seconds(start.value), seconds(end.value)];
  const wrong = Number.isNaN(from) || Number.isNaN(to) ? t("clipTimeWrong") : to <= from ? t("clipEmpty") : "";
  const submit = async (event: Event) => {
    event.preventDefault();
    if (wrong) return;
    busy.value = true;
    if (await act(() => send("api/admin/clips", { recording: recording.id, start: from, end: to, title: title.value }), t("clipMade"))) onClose();
    busy.value = false;
  };
  return (
    <Dialog title={t("makeClip")} size="large" onClose={onClose}>
      <div class="preview">
        <iframe
          ref={frame}
          src={at(`embed/video?recording=${encodeURIComponent(recording.id)}&autoplay=0`)}
          title={recording.title || t("untitled")}
          allow="fullscreen"
          onLoad={() => frame.current?.contentWindow?.postMessage({ owncast: 1, command: "subscribe" }, location.origin)}
        />
      </div>
      <form class="settings-fields" onSubmit={submit}>
        <div class="field-row">
          <div class="stack">
            <TextField label={t("clipStart")} value={start.value} inputMode="numeric" onValue={(v) => (start.value = v)} />
            <Button small onClick={() => (start.value = clock(position.value))}>
              {t("clipHere", { time: clock(position.value) })}
            </Button>
          </div>
          <div class="stack">
            <TextField label={t("clipEnd")} value={end.value} inputMode="numeric" error={wrong} onValue={(v) => (end.value = v)} />
            <Button small onClick={() => (end.value = clock(position.value))}>
              {t("clipHere", { time: clock(position.value) })}
            </Button>
          </div>
        </div>
        <TextField label={t("name")} value={title.value} maxLength={200} onValue={(v) => (title.value = v)} />
        <div>
          <Button submit kind="primary" icon={Scissors} busy={busy.value} disabled={wrong !== ""}>
            {t("makeClip")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
