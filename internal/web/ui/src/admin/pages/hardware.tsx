import { number } from "../../lib/format";
import { read } from "../api";
import { has } from "../config";
import { t } from "../i18n";
import { useLoad } from "../poll";
import type { HardwareStats, Point } from "../types";
import { Chart } from "../ui/chart";
import { Card, Load, Note, Page, Tiles } from "../ui/page";

const percent = (value: number) => number(value / 100, { style: "percent", maximumFractionDigits: 0 });

export default function HardwarePage() {
  const stats = useLoad(() => read<HardwareStats>("api/admin/hardwarestats"), { every: 60_000 });
  if (!has("hardware")) {
    return (
      <Page title={t("hardware")}>
        <Note>{t("noHardware")}</Note>
      </Page>
    );
  }
  return (
    <Page title={t("hardware")} text={t("hardwareText")} wide>
      <Load from={stats}>
        {(s) => {
          const all: [string, Point[]][] = [
            [t("cpu"), s.cpu],
            [t("memory"), s.memory],
            [t("disk"), s.disk],
          ];
          return (
            <>
              <Tiles list={all.map(([label, points]) => ({ label, value: points.length ? percent(points.at(-1)!.value) : "–" }))} />
              <div class="charts">
                {all.map(([label, points]) => (
                  <Card key={label} title={label}>
                    <Chart label={label} top={100} format={percent} series={[{ name: label, points, area: true }]} />
                  </Card>
                ))}
              </div>
            </>
          );
        }}
      </Load>
    </Page>
  );
}
