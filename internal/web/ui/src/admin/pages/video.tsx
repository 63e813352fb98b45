import { useSignal } from "@preact/signals";
import { Button } from "../../components/button";
import { Check, Select, TextField } from "../../components/form";
import { bitrate, number } from "../../lib/format";
import { at } from "../../lib/base";
import { follow } from "../../lib/route";
import { read } from "../api";
import { config, has } from "../config";
import { Form, Setting } from "../form";
import { n, t } from "../i18n";
import { advise, cores, newVariant, sizes, suggested, usualSource, type Advice, type Source } from "../ladder";
import { live } from "../live";
import { problem } from "../problem";
import type { OutputVariant } from "../types";
import { Card, Note, Page, Tag } from "../ui/page";
import { Rows } from "../ui/rows";
import { hintOf, SelectSetting, SettingsForm } from "../ui/settings";

const variants = new Setting<OutputVariant[]>("videoSettings.videoQualityVariants", "video/streamoutputvariants", []);
const latency = new Setting<number>("videoSettings.latencyLevel", "video/streamlatencylevel", 2);
const codec = new Setting<string>("videoCodec", "video/codec", "libx264");
const form = new Form([variants, latency, codec]);

export default function VideoPage() {
  return (
    <Page title={t("videoSettings")} text={t("videoText")}>
      <SettingsForm form={form}>
        <Latency />
        <Ladder />
        {has("transcoder") && <Codec />}
      </SettingsForm>
      <p class="soft">
        {t("servingElsewhere")}{" "}
        <a href={at("admin/config-storage/")} onClick={follow}>
          {t("storage")}
        </a>
      </p>
    </Page>
  );
}

// Seconds of a segment, how many can be gone back to, and the delay of players
// that do not know low latency.
const levels = [
  [1, 25, 5],
  [2, 15, 9],
  [3, 10, 11],
  [4, 8, 15],
  [5, 5, 18],
] as const;

function Latency() {
  const names = [t("latency0"), t("latency1"), t("latency2"), t("latency3"), t("latency4")];
  return (
    <Card title={t("latency")} text={t("latencyText")}>
      <fieldset class="choices" disabled={latency.fixed}>
        <legend class="hidden-text">{t("latency")}</legend>
        {levels.map(([segment, , delay], level) => (
          <label key={level} class="choice">
            <input type="radio" name="latency" checked={latency.value === level} onChange={() => (latency.value = level)} />
            <span class="choice-name">{names[level]}</span>
            <span class="choice-note">{t("latencyNote", { segment, delay })}</span>
          </label>
        ))}
      </fieldset>
      {latency.fixed && <p class="field-hint">{hintOf(latency)}</p>}
      {latency.error.value && <p class="field-error" role="alert">{latency.error.value}</p>}
    </Card>
  );
}

function currentSource(): { source: Source; known: boolean } {
  const d = live.value?.broadcaster?.streamDetails;
  if (!d?.width) return { source: usualSource, known: false };
  return { source: { width: d.width, height: d.height, framerate: d.framerate || 30, bitrate: d.videoBitrate || 6000 }, known: true };
}

const isHardware = (name: string) => name !== "" && name !== "libx264";

function Ladder() {
  const { source, known } = currentSource();
  const hardware = isHardware(codec.value);
  const list = variants.value;
  const busy = list.reduce((sum, v) => sum + cores(v, source, hardware), 0);
  return (
    <Card title={t("ladder")} text={t("ladderText")}>
      {!has("transcoder") && <Note tone="warn">{t("noTranscoder")}</Note>}
      <Rows
        label={t("ladder")}
        rows={list}
        onRows={(rows) => (variants.value = rows)}
        make={() => newVariant(list)}
        add={t("addVariant")}
        name={(v, i) => v.name || t("variantNumber", { n: i + 1 })}
        most={10}
        disabled={variants.fixed}
      >
        {(v, change) => <Variant v={v} change={change} source={source} />}
      </Rows>
      {variants.fixed && <p class="field-hint">{hintOf(variants)}</p>}
      {variants.error.value && <p class="field-error" role="alert">{variants.error.value}</p>}
      <div class="advice" role="status">
        <p>
          {n("cpuEstimate", Math.max(0, Math.round(busy * 10) / 10))}{" "}
          <span class="soft">{known ? t("estimateKnown", { width: String(source.width), height: String(source.height), framerate: number(source.framerate, { maximumFractionDigits: 0 }) }) : t("estimateUnknown")}</span>
        </p>
        {advise(list, source, hardware).map((a, i) => (
          <Note key={i} tone="warn">
            {adviceText(a, list)}
          </Note>
        ))}
      </div>
    </Card>
  );
}

function adviceText(a: Advice, list: OutputVariant[]): string {
  const name = (i: number | undefined) => (i === undefined ? "" : list[i]?.name || t("variantNumber", { n: i + 1 }));
  switch (a.kind) {
    case "twoCopies":
      return t("adviceTwoCopies");
    case "noFallback":
      return t("adviceNoFallback");
    case "tooMuch":
      return t("adviceTooMuch", { name: name(a.variant) });
    case "bigger":
      return t("adviceBigger", { name: name(a.variant) });
    case "starved":
      return t("adviceStarved", { name: name(a.variant) });
    case "alike":
      return t("adviceAlike", { name: name(a.variant), other: name(a.other) });
    case "heavy":
      return t("adviceHeavy");
  }
}

function Variant({ v, change, source }: { v: OutputVariant; change: (v: OutputVariant) => void; source: Source }) {
  const whole = (text: string) => Math.max(0, Math.trunc(Number(text)) || 0);
  const size = v.scaledWidth ? -1 : sizes.includes((v.scaledHeight ?? 0) as (typeof sizes)[number]) ? (v.scaledHeight ?? 0) : -1;
  const resize = (height: number) => {
    const { scaledWidth: _, scaledHeight: __, ...rest } = v;
    if (height < 0) return change({ ...rest, scaledHeight: v.scaledHeight || 600 });
    change({ ...rest, ...(height && { scaledHeight: height }), videoBitrate: suggested(height || source.height, v.framerate) });
  };
  const copyVideo = (copies: boolean) => {
    const { scaledWidth: _, scaledHeight: __, ...rest } = v;
    change(copies ? { ...rest, videoPassthrough: true, videoBitrate: 0, framerate: 0, cpuUsageLevel: 0 } : { ...newVariant([]), name: v.name, audioPassthrough: v.audioPassthrough, audioBitrate: v.audioBitrate });
  };
  return (
    <>
      <div class="field-row">
        <TextField label={t("variantName")} value={v.name} placeholder={v.videoPassthrough ? t("original") : v.scaledHeight ? `${v.scaledHeight}p` : ""} onValue={(name) => change({ ...v, name })} />
        <Select
          label={t("picture")}
          value={v.videoPassthrough ? "copy" : "encode"}
          choices={[
            { value: "copy", label: t("pictureCopy") },
            { value: "encode", label: t("pictureEncode") },
          ]}
          onValue={(k) => copyVideo(k === "copy")}
        />
      </div>
      {!v.videoPassthrough && (
        <>
          <div class="field-row">
            <Select
              label={t("size")}
              value={size}
              choices={[...sizes.map((h) => ({ value: h as number, label: h ? `${h}p` : t("sizeKept") })), { value: -1, label: t("sizeOther") }]}
              onValue={resize}
            />
            {size === -1 && (
              <>
                <TextField type="number" label={t("width")} hint={t("zeroKeeps")} min={0} value={String(v.scaledWidth ?? 0)} onValue={(x) => change({ ...v, scaledWidth: whole(x) })} />
                <TextField type="number" label={t("height")} hint={t("zeroKeeps")} min={0} value={String(v.scaledHeight ?? 0)} onValue={(x) => change({ ...v, scaledHeight: whole(x) })} />
              </>
            )}
            <TextField type="number" label={t("framesMost")} min={1} max={240} value={String(v.framerate || 24)} onValue={(x) => change({ ...v, framerate: whole(x) })} />
          </div>
          <div class="field-row">
            <TextField type="number" label={t("videoKbps")} hint={bitrate(v.videoBitrate * 1000)} min={50} max={100_000} step={50} value={String(v.videoBitrate)} onValue={(x) => change({ ...v, videoBitrate: whole(x) })} />
            <Select
              label={t("cpuLevel")}
              hint={t("cpuLevelHint")}
              value={v.cpuUsageLevel}
              choices={[t("cpu0"), t("cpu1"), t("cpu2"), t("cpu3"), t("cpu4")].map((label, value) => ({ value, label }))}
              onValue={(cpuUsageLevel) => change({ ...v, cpuUsageLevel })}
            />
          </div>
        </>
      )}
      <div class="field-row">
        <Check label={t("audioCopy")} checked={v.audioPassthrough || v.audioBitrate === 0} onChange={(copies) => change({ ...v, audioPassthrough: copies, audioBitrate: copies ? 0 : 128 })} />
        {!(v.audioPassthrough || v.audioBitrate === 0) && (
          <TextField type="number" label={t("audioKbps")} min={8} max={1000} step={8} value={String(v.audioBitrate)} onValue={(x) => change({ ...v, audioBitrate: Math.max(1, whole(x)) })} />
        )}
      </div>
    </>
  );
}

const encoderNames: Record<string, string> = {
  libx264: "x264",
  h264_nvenc: "NVIDIA NVENC",
  h264_vaapi: "VA-API (Intel, AMD)",
  h264_qsv: "Intel Quick Sync Video",
  h264_videotoolbox: "Apple VideoToolbox",
  h264_v4l2m2m: "Video4Linux",
  h264_omx: "OpenMAX",
};

interface EncoderReport {
  name: string;
  works: boolean;
  error: string;
}

function Codec() {
  const supported = config.value!.supportedCodecs;
  const reports = useSignal<EncoderReport[] | null>(null);
  const error = useSignal("");
  const busy = useSignal(false);
  const test = async () => {
    busy.value = true;
    error.value = "";
    try {
      reports.value = await read<EncoderReport[]>("api/admin/video/encoders", {}, { timeout: 150_000 });
    } catch (err) {
      error.value = problem(err);
    }
    busy.value = false;
  };
  return (
    <Card title={t("codec")} text={t("codecText")}>
      <SelectSetting setting={codec} label={t("codecUsed")} hint={t("nextStream")} choices={supported.map((value) => ({ value, label: encoderNames[value] ?? value }))} />
      <div>
        <Button busy={busy.value} onClick={() => void test()}>
          {t("codecTest")}
        </Button>
      </div>
      <div role="status">
        {error.value && <Note tone="bad">{error.value}</Note>}
        {reports.value && (
          <ul class="results" role="list">
            {reports.value.map((r) => (
              <li key={r.name}>
                <span>{encoderNames[r.name] ?? r.name}</span> <Tag tone={r.works ? "good" : "plain"}>{r.works ? t("works") : t("worksNot")}</Tag>
                {r.error && <p class="soft">{r.error}</p>}
              </li>
            ))}
          </ul>
        )}
      </div>
    </Card>
  );
}
