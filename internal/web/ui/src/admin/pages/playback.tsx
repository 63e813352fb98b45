import { bitrate, number } from "../../lib/format";
import { read } from "../api";
import { t } from "../i18n";
import { live } from "../live";
import { useLoad } from "../poll";
import type { VideoMetrics } from "../types";
import { Chart } from "../ui/chart";
import { Card, Load, Note, Page } from "../ui/page";

const seconds = (value: number) => `${number(value, { maximumFractionDigits: 1 })} s`;
const kbps = (value: number) => bitrate(value * 1000);

export default function PlaybackPage() {
  const metrics = useLoad(() => read<VideoMetrics>("api/admin/metrics/video"), { every: 30_000 });
  const health = live.value?.health;
  return (
    <Page title={t("playback")} text={t("playbackText")} wide>
      {health ? (
        <Note tone={health.healthy ? "good" : "warn"}>
          <p>
            {t("playsWell", { percent: health.healthPercentage })} {health.message}
          </p>
          <p class="soft">{t("represents", { percent: health.representation })}</p>
        </Note>
      ) : (
        <Note>{t("noReports")}</Note>
      )}
      <Load from={metrics}>
        {(m) => (
          <div class="charts">
            <Card title={t("delay")} text={t("delayText", { seconds: m.segmentLength })}>
              <Chart
                label={t("delay")}
                format={seconds}
                series={[
                  { name: t("lowest"), points: m.lowestLatency },
                  { name: t("middle"), points: m.medianLatency },
                  { name: t("highest"), points: m.highestLatency },
                ]}
              />
            </Card>
            <Card title={t("bandwidth")} text={t("bandwidthText")}>
              <Chart
                label={t("bandwidth")}
                format={kbps}
                marks={m.availableBitrates.map((value) => ({ name: kbps(value), value }))}
                series={[
                  { name: t("lowest"), points: m.minPlayerBitrate },
                  { name: t("middle"), points: m.medianPlayerBitrate },
                  { name: t("highest"), points: m.maxPlayerBitrate },
                ]}
              />
            </Card>
            <Card title={t("errors")} text={t("errorsText")}>
              <Chart
                label={t("errors")}
                series={[
                  { name: t("errors"), points: m.errors },
                  { name: t("qualityChanges"), points: m.qualityVariantChanges },
                ]}
              />
            </Card>
            <Card title={t("downloads")} text={t("downloadsText", { seconds: m.segmentLength })}>
              <Chart
                label={t("downloads")}
                format={seconds}
                marks={[{ name: t("segment"), value: m.segmentLength }]}
                series={[
                  { name: t("lowest"), points: m.minimumSegmentDownloadDuration },
                  { name: t("middle"), points: m.medianSegmentDownloadDuration },
                  { name: t("highest"), points: m.maximumSegmentDownloadDuration },
                ]}
              />
            </Card>
          </div>
        )}
      </Load>
    </Page>
  );
}
