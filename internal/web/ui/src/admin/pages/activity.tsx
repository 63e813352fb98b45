import { useSignal } from "@preact/signals";
import { dateTime, ago, number } from "../../lib/format";
import type { Page as PageOf } from "../../lib/types";
import { read } from "../api";
import { t } from "../i18n";
import { useLoad } from "../poll";
import type { FederatedAction, FederationDeliveries } from "../types";
import { Card, Empty, Load, Page, Tag, Tiles } from "../ui/page";
import { Pager } from "../ui/pager";
import { Table } from "../ui/table";

const pageSize = 50;

export default function ActivityPage() {
  const offset = useSignal(0);
  const list = useLoad(() => read<PageOf<FederatedAction>>("api/admin/federation/actions", { offset: offset.value, limit: pageSize }), { keys: [offset.value], every: 30_000 });
  const deliveries = useLoad(() => read<FederationDeliveries>("api/admin/federation/deliveries"), { every: 15_000 });
  const kinds: Record<string, string> = {
    FEDIVERSE_ENGAGEMENT_FOLLOW: t("kindFollow"),
    FEDIVERSE_ENGAGEMENT_LIKE: t("kindLike"),
    FEDIVERSE_ENGAGEMENT_REPOST: t("kindRepost"),
  };
  return (
    <Page title={t("activity")} text={t("activityText")} wide>
      <Load from={deliveries}>
        {(d) => (
          <>
            <Tiles
              list={[
                { label: t("deliveriesWaiting"), value: number(d.waiting) },
                { label: t("deliveriesDone"), value: number(d.delivered) },
                { label: t("deliveriesGivenUp"), value: number(d.givenUp) },
              ]}
            />
            {d.failing.length > 0 && (
              <Card title={t("failingHosts")}>
                <Table
                  label={t("failingHosts")}
                  rows={d.failing}
                  id={(f) => f.host}
                  columns={[
                    { head: t("serverName"), cell: (f) => f.host },
                    { head: t("bannedSince"), cell: (f) => ago(new Date(f.since)) },
                    { head: t("tries"), number: true, cell: (f) => number(f.failures) },
                    { head: t("nextTry"), cell: (f) => (f.suspended ? <Tag tone="bad">{t("suspended")}</Tag> : ago(new Date(f.nextTry))) },
                    { head: t("error"), cell: (f) => f.lastError },
                  ]}
                />
              </Card>
            )}
          </>
        )}
      </Load>
      <Card title={t("whatOthersDid")}>
        <Load from={list}>
          {({ total, results }) =>
            results.length === 0 ? (
              <Empty>{t("noActivity")}</Empty>
            ) : (
              <>
                <Table
                  label={t("whatOthersDid")}
                  rows={results}
                  id={(a) => a.iri + a.timestamp}
                  columns={[
                    { head: t("time"), cell: (a) => dateTime(new Date(a.timestamp)) },
                    { head: t("what"), cell: (a) => kinds[a.type] ?? a.type },
                    { head: t("who"), cell: (a) => <a href={a.actorIRI} target="_blank" rel="noopener noreferrer nofollow">{a.actorIRI}</a> },
                  ]}
                />
                <Pager total={total} offset={offset.value} size={pageSize} go={(o) => (offset.value = o)} />
              </>
            )
          }
        </Load>
      </Card>
    </Page>
  );
}
