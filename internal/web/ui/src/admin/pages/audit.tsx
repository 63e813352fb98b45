import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { Button } from "../../components/button";
import { TextField } from "../../components/form";
import { dateTime } from "../../lib/format";
import { read } from "../api";
import { t } from "../i18n";
import { useLoad } from "../poll";
import type { Audit } from "../types";
import { Card, Empty, Load, Page } from "../ui/page";
import { Table } from "../ui/table";

const size = 50;

export default function AuditPage() {
  const actor = useSignal("");
  // Where each page begins that was seen; the last is the one that is shown.
  const starts = useSignal<number[]>([0]);
  const before = starts.value.at(-1)!;
  const list = useLoad(
    () => read<Audit>("api/admin/audit", { limit: size, before: before || undefined, actor: actor.value.trim() || undefined }),
    { keys: [before, actor.value] },
  );
  return (
    <Page title={t("audit")} text={t("auditText")} wide>
      <Card>
        <div class="narrow">
          <TextField
            label={t("auditActor")}
            type="search"
            value={actor.value}
            onValue={(v) => {
              actor.value = v;
              starts.value = [0];
            }}
          />
        </div>
        <Load from={list}>
          {({ results, next }) => (
            <>
              {results.length === 0 ? (
                <Empty>{t("noAudit")}</Empty>
              ) : (
                <Table
                  label={t("audit")}
                  rows={results}
                  id={(r) => r.id}
                  columns={[
                    { head: t("time"), cell: (r) => dateTime(new Date(r.time)), class: "short" },
                    { head: t("who"), cell: (r) => r.actor || r.actorId },
                    { head: t("what"), cell: (r) => <code>{breakable(r.action)}</code> },
                    { head: t("about"), cell: (r) => (r.action.endsWith(r.target) ? "" : r.target) },
                    { head: t("outcome"), cell: (r) => r.detail, class: "short" },
                  ]}
                />
              )}
              <div class="buttons">
                {starts.value.length > 1 && <Button small onClick={() => (starts.value = starts.value.slice(0, -1))}>{t("newer")}</Button>}
                {next !== null && <Button small onClick={() => (starts.value = [...starts.value, next])}>{t("older")}</Button>}
              </div>
            </>
          )}
        </Load>
      </Card>
    </Page>
  );
}

/** breakable is the path of a request, which may go on in another line after each slash. */
function breakable(action: string): ComponentChildren {
  return action.split(/(?<=\/)/).map((part) => [part, <wbr />]);
}
