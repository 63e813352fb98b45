import { IconButton } from "../../components/button";
import { ChevronLeft, ChevronRight } from "../../components/icons";
import { t } from "../i18n";

interface PagerProps {
  total: number;
  offset: number;
  size: number;
  go: (offset: number) => void;
}

/** Pager shows which part of a list is shown, and leads to the others. */
export function Pager({ total, offset, size, go }: PagerProps) {
  if (total <= size && offset === 0) return null;
  return (
    <nav class="pager" aria-label={t("pages")}>
      <IconButton label={t("previousPage")} icon={ChevronLeft} disabled={offset === 0} onClick={() => go(Math.max(0, offset - size))} />
      <span>{t("pageOf", { from: Math.min(offset + 1, total), to: Math.min(offset + size, total), total })}</span>
      <IconButton label={t("nextPage")} icon={ChevronRight} disabled={offset + size >= total} onClick={() => go(offset + size)} />
    </nav>
  );
}
