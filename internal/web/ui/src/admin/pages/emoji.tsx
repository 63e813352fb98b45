import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { IconButton } from "../../components/button";
import { Smile, Trash, Upload } from "../../components/icons";
import type { Emoji } from "../../lib/types";
import { read, send } from "../api";
import { dataURL } from "../file";
import { n, t } from "../i18n";
import { act, useLoad } from "../poll";
import { problem } from "../problem";
import { confirm } from "../ui/confirm";
import { Card, Empty, Load, Note, Page } from "../ui/page";

/** nameOf makes the name of an emoji of that of a file. */
function nameOf(file: string): string {
  return file
    .replace(/\.[^.]*$/, "")
    .replace(/[^\w-]+/g, "_")
    .slice(0, 64);
}

export default function EmojiPage() {
  const list = useLoad(() => read<Emoji[]>("api/emoji"));
  const failures = useSignal<string[]>([]);
  const busy = useSignal(false);
  const id = useId();

  const upload = async (input: HTMLInputElement) => {
    const files = [...(input.files ?? [])];
    input.value = "";
    busy.value = true;
    failures.value = [];
    for (const file of files) {
      try {
        await send("api/admin/emoji/upload", { name: nameOf(file.name), data: await dataURL(file) });
      } catch (err) {
        failures.value = [...failures.value, `${file.name}: ${problem(err)}`];
      }
    }
    busy.value = false;
    void list.reload();
  };
  const remove = async (e: Emoji) => {
    const yes = await confirm({ title: t("deleteEmoji"), text: t("deleteEmojiText", { name: e.name }), action: t("delete"), danger: true });
    if (yes && (await act(() => send("api/admin/emoji/delete", { name: e.url.split("/").at(-1) }), t("deleted")))) void list.reload();
  };
  return (
    <Page
      title={t("emoji")}
      text={t("emojiText")}
      actions={
        <>
          <input id={id} type="file" class="hidden-text" multiple accept="image/png,image/gif,image/jpeg,image/webp,image/svg+xml" disabled={busy.value} aria-label={t("addEmoji")} onChange={(event) => void upload(event.currentTarget)} />
          <label class={`button primary ${busy.value ? "busy" : ""}`} for={id}>
            <Upload />
            <span class="button-text">{t("addEmoji")}</span>
          </label>
        </>
      }
    >
      {failures.value.map((f) => (
        <Note key={f} tone="bad">
          {f}
        </Note>
      ))}
      <Card>
        <Load from={list}>
          {(all) =>
            all.length === 0 ? (
              <Empty icon={Smile}>{t("noEmoji")}</Empty>
            ) : (
              <>
                <p class="soft">{n("emojiCount", all.length)}</p>
                <ul class="emoji-list" role="list">
                  {all.map((e) => (
                    <li key={e.url}>
                      <img src={e.url} alt="" width="40" height="40" loading="lazy" />
                      <code>:{e.name}:</code>
                      <IconButton label={t("removeWord", { word: e.name })} icon={Trash} onClick={() => void remove(e)} />
                    </li>
                  ))}
                </ul>
              </>
            )
          }
        </Load>
      </Card>
    </Page>
  );
}
